//! What is seen while a run goes on: rate, time left, failures so far. At a terminal it is a bar, above which log lines are
//! written, never into it; elsewhere a line every half minute. Nothing with `--quiet`.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar on the terminal now, if there is one.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

pub struct Progress {
    bar: ProgressBar,
    /// Where stderr is no terminal.
    lines: Option<Lines>,
}

/// For the log of a batch system.
struct Lines {
    /// None where nobody knows how many will come.
    total: Option<u64>,
    started: Instant,
    /// Photos that are through, and when that was last said.
    state: Mutex<(u64, Instant)>,
}

const EVERY: Duration = Duration::from_secs(30);

impl Lines {
    fn new(total: Option<u64>, now: Instant) -> Self {
        Self { total, started: now, state: Mutex::new((0, now)) }
    }

    /// A line, if it is time for one.
    fn step(&self, failed: u64, now: Instant) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += 1;
        if now.duration_since(state.1) < EVERY {
            return None;
        }
        state.1 = now;
        let done = state.0;
        let took = now.duration_since(self.started).as_secs_f64();
        let rate = done as f64 / took;
        let Some(total) = self.total else {
            return Some(format!("{done} photos, {failed} failed, {rate:.1} a second"));
        };
        let left = HumanDuration(Duration::from_secs_f64(total.saturating_sub(done) as f64 / rate));
        Some(format!("{done} of {total} photos, {failed} failed, {rate:.1} a second, about {left} left"))
    }
}

impl Progress {
    pub fn new(total: impl Into<Option<u64>>, quiet: bool) -> Self {
        let total = total.into();
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8))
        };
        // `wide_bar` adapts to narrow terminals; per_sec and eta are smoothed by indicatif.
        let known = "{pos}/{len} [{wide_bar}] {per_sec}, {eta} left{msg}";
        let style = ProgressStyle::with_template(if total.is_some() { known } else { "{pos} photos, {per_sec}{msg}" })
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.set_style(style);
        *shown() = Some(bar.clone());
        let is_silent = quiet || io::stderr().is_terminal();
        Self { bar, lines: (!is_silent).then(|| Lines::new(total, Instant::now())) }
    }

    /// One photo is through; `failed` so far.
    pub fn step(&self, failed: u64) {
        self.bar.inc(1);
        if failed > 0 {
            self.bar.set_message(format!(", {failed} failed"));
        }
        if let Some(line) = self.lines.as_ref().and_then(|lines| lines.step(failed, Instant::now())) {
            eprintln!("{line}");
        }
    }

    pub fn finish(&self) {
        *shown() = None;
        self.bar.finish_and_clear();
    }
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard error for log lines: the bar goes away while one is written, and comes back below it.
pub fn beside_the_bar() -> impl Write {
    Beside { bar: shown().clone(), out: io::stderr() }
}

struct Beside<W> {
    bar: Option<ProgressBar>,
    out: W,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.out.write_all(line))?,
            None => self.out.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indicatif::TermLike;

    use super::*;

    /// A terminal that remembers what happened to it, in order.
    #[derive(Clone, Debug, Default)]
    struct Terminal(Arc<Mutex<Vec<String>>>);

    impl Terminal {
        fn note(&self, what: &str) -> io::Result<()> {
            self.0.lock().unwrap().push(what.to_owned());
            Ok(())
        }
    }

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.note(line)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.note(text)
        }
        fn clear_line(&self) -> io::Result<()> {
            self.note("CLEAR")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.note(&String::from_utf8_lossy(bytes)).map(|()| bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn where_nothing_can_move_a_line_tells_every_half_minute() {
        let start = Instant::now();
        let lines = Lines::new(Some(1000), start);
        let said: Vec<String> =
            (1..=90).filter_map(|second| lines.step(second / 40, start + Duration::from_secs(second))).collect();
        assert_eq!(said[0], "30 of 1000 photos, 0 failed, 1.0 a second, about 16 minutes left");
        assert_eq!(said[2], "90 of 1000 photos, 2 failed, 1.0 a second, about 15 minutes left");
        assert_eq!(said.len(), 3);
        let stream = Lines::new(None, start);
        assert_eq!(stream.step(1, start + Duration::from_secs(40)).unwrap(), "1 photos, 1 failed, 0.0 a second");
    }

    #[test]
    fn a_log_line_stands_on_a_line_of_its_own() {
        let terminal = Terminal::default();
        let bar = ProgressBar::with_draw_target(Some(3), ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        bar.tick();
        assert!(!terminal.0.lock().unwrap().is_empty(), "the bar was drawn");
        Beside { bar: Some(bar), out: terminal.clone() }.write_all(b"INFO done: a.jpg\n").unwrap();
        let happened = terminal.0.lock().unwrap().clone();
        let line = happened.iter().position(|what| what == "INFO done: a.jpg\n").unwrap();
        let before = happened[..line].iter().rev().find(|what| !what.trim().is_empty()).unwrap();
        assert_eq!(before, "CLEAR", "{happened:?}");
        assert!(happened[line + 1..].iter().any(|what| what.contains("0/3")), "the bar comes back: {happened:?}");
    }
}
