//! The parallel loop. Workers take photos in any order; results do not depend on it and come in the order of the inputs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::{RunError, UsageError};

/// Set by a signal: what is being processed is finished, nothing new is begun.
#[derive(Clone, Debug, Default)]
pub struct Stop(pub Arc<AtomicUsize>);

impl Stop {
    /// Ctrl-C, TERM and HUP finish what is in hand; a second one ends the program at once.
    pub fn on_signals() -> std::io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let stop = Self::default();
        let second = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        let signals = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
        #[cfg(not(unix))]
        let signals = [SIGINT, SIGTERM];
        for signal in signals {
            // In this order: at the first signal the condition is not set yet.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&second))?;
            signal_hook::flag::register(signal, Arc::clone(&second))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&stop.0), signal as usize)?;
        }
        Ok(stop)
    }

    /// The signal's number, if one came.
    pub fn signal(&self) -> Option<i32> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }
}

fn pool(jobs: usize) -> Result<rayon::ThreadPool, RunError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.max(1))
        .thread_name(|i| format!("{WORKER}{i}"))
        .build()
        .map_err(|e| RunError(format!("{jobs} workers could not be started: {e}. Try fewer with --jobs.")))
}

/// A worker's panic becomes a failed record: its message is for the log, not for the terminal.
pub fn quiet_worker_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name().is_some_and(|name| name.starts_with(WORKER)) {
            tracing::debug!("a worker met a fault: {info}");
        } else {
            usual(info);
        }
    }));
}

const WORKER: &str = "worker-";

/// Takes every item through `work` on `jobs` workers, each with an engine of its own. The first error stops the run.
/// None stands for items that were not reached, because of a signal.
pub fn run_all<I: Sync, T: Send, E: Send>(
    items: &[I],
    jobs: usize,
    stop: &Stop,
    open: &(dyn Fn() -> Result<E, UsageError> + Sync),
    work: impl Fn(&I, &mut E) -> Result<T, RunError> + Sync,
) -> Result<Vec<Option<T>>, RunError> {
    let jobs = jobs.min(items.len()).max(1);
    let engines: Vec<Mutex<Option<E>>> = (0..jobs).map(|_| Mutex::new(None)).collect();
    let failed = AtomicBool::new(false);
    let one = |item: &I| -> Result<Option<T>, RunError> {
        if stop.signal().is_some() || failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let worker = rayon::current_thread_index().unwrap_or(0);
        // Only this worker ever locks its engine; a panic in between leaves nothing half-done that the next photo sees.
        let mut slot = engines[worker].lock().unwrap_or_else(PoisonError::into_inner);
        let result = match &mut *slot {
            Some(engine) => work(item, engine),
            empty => match open() {
                Ok(engine) => work(item, empty.insert(engine)),
                Err(e) => Err(RunError(e.to_string())),
            },
        };
        if result.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        result.map(Some)
    };
    pool(jobs)?.install(|| items.par_iter().with_max_len(1).map(one).collect())
}

/// A plain ordered map on all cores, for work that needs no model.
pub fn parallel_map<'a, I: Sync, T: Send>(
    items: &'a [I],
    jobs: usize,
    work: impl Fn(&'a I) -> T + Sync + Send,
) -> Result<Vec<T>, RunError> {
    Ok(pool(jobs.min(items.len()))?.install(|| items.par_iter().with_max_len(1).map(work).collect()))
}
