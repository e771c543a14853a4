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

/// Takes every item through `work` on `jobs` workers, each with an engine of its own. Items are handed out in their order, and
/// one at a time: `next` of the iterator may read a file. The first error stops the run.
///
/// The answers are those of the first items, in order; all but after a signal.
pub fn run_all<I, T: Send, E>(
    items: impl Iterator<Item = I> + Send,
    jobs: usize,
    stop: &Stop,
    open: &(dyn Fn() -> Result<E, UsageError> + Sync),
    work: impl Fn(I, &mut E) -> Result<T, RunError> + Sync,
) -> Result<Vec<T>, RunError> {
    let jobs = items.size_hint().1.map_or(jobs, |items| jobs.min(items));
    let items = Mutex::new(items.enumerate());
    let failed = AtomicBool::new(false);
    let next = || match stop.signal().is_some() || failed.load(Ordering::Relaxed) {
        true => None,
        false => items.lock().unwrap_or_else(PoisonError::into_inner).next(),
    };
    let until_done = || -> Result<Vec<(usize, T)>, RunError> {
        let mut engine = None;
        let mut answers = Vec::new();
        while let Some((place, item)) = next() {
            let engine = match &mut engine {
                Some(engine) => engine,
                empty => empty.insert(open().map_err(|e| RunError(e.to_string()))?),
            };
            answers.push((place, work(item, engine)?));
        }
        Ok(answers)
    };
    let worker = |_: rayon::BroadcastContext| until_done().inspect_err(|_| failed.store(true, Ordering::Relaxed));
    let mut answers = Vec::new();
    for of_worker in pool(jobs)?.broadcast(worker) {
        answers.extend(of_worker?);
    }
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

/// A plain ordered map on all cores, for work that needs no model.
pub fn parallel_map<'a, I: Sync, T: Send>(
    items: &'a [I],
    jobs: usize,
    work: impl Fn(&'a I) -> T + Sync + Send,
) -> Result<Vec<T>, RunError> {
    Ok(pool(jobs.min(items.len()))?.install(|| items.par_iter().with_max_len(1).map(work).collect()))
}
