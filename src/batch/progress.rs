//! What a person at a terminal sees while a run goes on: rate, time left, failures so far. Nothing moves when stderr is
//! no terminal or with `--quiet`.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new(total: u64, quiet: bool) -> Self {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8))
        };
        // `wide_bar` adapts to narrow terminals; per_sec and eta are smoothed by indicatif.
        let style = ProgressStyle::with_template("{pos}/{len} [{wide_bar}] {per_sec}, {eta} left{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.set_style(style);
        Self { bar }
    }

    /// One photo is through; `failed` so far.
    pub fn step(&self, failed: u64) {
        self.bar.inc(1);
        if failed > 0 {
            self.bar.set_message(format!(", {failed} failed"));
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
