//! A bound on the memory of all photos in flight: a worker waits before it decodes a photo that would not fit beside the
//! others. A photo larger than the whole bound is let through alone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// For photos in flight, a job: room for 40 megapixels at twelve bytes each, and the file.
pub const MEMORY_PER_JOB: u64 = 512 << 20;
/// How much a photo needs is known only once its file is in memory. Files larger than this are read one at a time, so that
/// what lies outside the bound is this much a job and one file.
const LARGE_FILE: u64 = 16 << 20;

#[derive(Debug)]
pub struct MemoryGate {
    bound: u64,
    in_use: Mutex<u64>,
    freed: Condvar,
    large_file: Mutex<()>,
}

/// Gives its share back when it goes.
#[derive(Debug)]
pub struct Share<'a> {
    gate: &'a MemoryGate,
    bytes: u64,
}

impl MemoryGate {
    pub fn new(bound: u64) -> Self {
        Self { bound, in_use: Mutex::new(0), freed: Condvar::new(), large_file: Mutex::new(()) }
    }

    /// To be held from before a file is read until it has entered.
    pub fn turn_to_read(&self, bytes: u64) -> Option<MutexGuard<'_, ()>> {
        (bytes > LARGE_FILE).then(|| self.large_file.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn for_jobs(jobs: usize) -> Self {
        Self::new(jobs as u64 * MEMORY_PER_JOB)
    }

    /// Waits until a picture of this size fits, at so many bytes a pixel.
    pub fn enter_picture(&self, (width, height): (u32, u32), bytes_a_pixel: u64) -> Share<'_> {
        self.enter(u64::from(width) * u64::from(height) * bytes_a_pixel)
    }

    /// Waits until `bytes` fit.
    pub fn enter(&self, bytes: u64) -> Share<'_> {
        // A worker that panicked gave its share back all the same, so a poisoned count is right.
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        while *in_use > 0 && in_use.saturating_add(bytes) > self.bound {
            in_use = self.freed.wait(in_use).unwrap_or_else(PoisonError::into_inner);
        }
        *in_use += bytes;
        Share { gate: self, bytes }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.gate.in_use.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn large_files_are_read_one_at_a_time() {
        let gate = MemoryGate::new(1);
        assert!(gate.turn_to_read(LARGE_FILE).is_none());
        let turn = gate.turn_to_read(LARGE_FILE + 1);
        assert!(turn.is_some() && gate.large_file.try_lock().is_err());
        drop(turn);
        assert!(gate.large_file.try_lock().is_ok());
    }

    #[test]
    fn the_bound_holds_and_a_giant_passes_alone() {
        let gate = MemoryGate::new(100);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for size in [30, 30, 30, 30, 60, 250, 90, 10, 10, 250] {
                let (gate, now, most) = (&gate, &now, &most);
                scope.spawn(move || {
                    let share = gate.enter(size);
                    let total = now.fetch_add(size, Ordering::SeqCst) + size;
                    assert!(total <= 100 || total == size, "{total} in flight with a photo of {size}");
                    most.fetch_max(total, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(5));
                    now.fetch_sub(size, Ordering::SeqCst);
                    drop(share);
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 250);
    }
}
