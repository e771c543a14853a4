//! In test builds, one chosen call of this room fails or ends the program: `tests/it/faults.rs` tries every call once.
//!
//! `DERM_SEG_FAULT=17:28` gives the 17th call the error number 28, `17+:28` also every call after it, `17:KILL` sends the
//! program that signal. `DERM_SEG_FAULT_LOG=FILE` lists the calls. A release build has none of this.

/// What is about to be done on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
    Sync,
    Rename,
    Remove,
}

#[cfg(not(debug_assertions))]
#[inline]
pub fn before(_call: Call) -> std::io::Result<()> {
    Ok(())
}

#[cfg(debug_assertions)]
pub use armed::before;

#[cfg(debug_assertions)]
mod armed {
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{LazyLock, Mutex, PoisonError};

    use super::Call;

    struct Plan {
        call: usize,
        and_after: bool,
        /// An error number or a signal's name.
        what: String,
    }

    static PLAN: LazyLock<Option<Plan>> = LazyLock::new(|| {
        let text = std::env::var("DERM_SEG_FAULT").ok()?;
        let (call, what) = text.split_once(':')?;
        let call_number = call.trim_end_matches('+').parse().ok()?;
        Some(Plan { call: call_number, and_after: call.ends_with('+'), what: what.to_owned() })
    });
    static LOG: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::var_os("DERM_SEG_FAULT_LOG").map(PathBuf::from));
    static CALLS: AtomicUsize = AtomicUsize::new(0);

    pub fn before(call: Call) -> io::Result<()> {
        let number = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(log) = &*LOG {
            note(log, call)?;
        }
        match &*PLAN {
            Some(plan) if number == plan.call || plan.and_after && number > plan.call => happen(&plan.what),
            _ => Ok(()),
        }
    }

    fn note(log: &PathBuf, call: Call) -> io::Result<()> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(std::fs::File::options().create(true).append(true).open(log)?, "{call:?}")
    }

    fn happen(what: &str) -> io::Result<()> {
        if let Ok(number) = what.parse() {
            return Err(io::Error::from_raw_os_error(number));
        }
        std::process::Command::new("kill").arg(format!("-{what}")).arg(std::process::id().to_string()).status()?;
        // A signal reaches the program a moment after it was sent.
        std::thread::sleep(std::time::Duration::from_millis(20));
        Ok(())
    }
}
