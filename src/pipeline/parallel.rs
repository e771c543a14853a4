//! The parallel loop of commands that look at many files and keep little of each.

use rayon::prelude::*;

use crate::error::RunError;

/// Applies `work` to every item on `jobs` threads; the answers are in the order of the items, whatever `jobs`.
/// At most `jobs` items are worked on at a time, so memory grows with `jobs` and with what the answers keep.
pub fn parallel_map<T, R>(items: &[T], jobs: usize, work: impl Fn(&T) -> R + Sync + Send) -> Result<Vec<R>, RunError>
where
    T: Sync,
    R: Send,
{
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|e| RunError(format!("cannot start {jobs} threads: {e}")))?;
    Ok(pool.install(|| items.par_iter().with_max_len(1).map(work).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_items() {
        let items: Vec<u64> = (0..500).collect();
        for jobs in [1, 3] {
            let doubled = parallel_map(&items, jobs, |i| i * 2).unwrap();
            assert_eq!(doubled, items.iter().map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}
