//! What a person at a terminal sees while a run goes on: rate, time left, failures so far. Nothing moves when stderr is
//! no terminal or with `--quiet`. Log lines are written above the bar, never into it.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar on the terminal now, if there is one.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

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
        *shown() = Some(bar.clone());
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
