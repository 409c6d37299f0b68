//! Many seeds on several processors, with results that do not depend on how many.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many runs at a time when nobody says.
#[must_use]
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs every seed; the results come in the order of the seeds. `done` is told of each, in any order.
pub fn all<T: Send>(
    seeds: Range<u64>,
    jobs: usize,
    run: impl Fn(u64) -> T + Sync,
    done: impl Fn(&T) + Sync,
) -> Vec<T> {
    let results = Mutex::new(BTreeMap::new());
    work(&seeds, jobs, &AtomicU64::new(u64::MAX), |seed| {
        let result = run(seed);
        done(&result);
        results
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(seed, result);
    });
    results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .into_values()
        .collect()
}

/// Runs seeds until one has a result; the lowest such seed and its result, whatever the number of jobs.
pub fn first<T: Send>(
    seeds: Range<u64>,
    jobs: usize,
    run: impl Fn(u64) -> Option<T> + Sync,
) -> Option<(u64, T)> {
    let found: Mutex<Option<(u64, T)>> = Mutex::new(None);
    let lowest = AtomicU64::new(u64::MAX);
    work(&seeds, jobs, &lowest, |seed| {
        let Some(result) = run(seed) else { return };
        let mut found = found
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if found.as_ref().is_none_or(|(other, _)| seed < *other) {
            *found = Some((seed, result));
            lowest.fetch_min(seed, Ordering::Relaxed);
        }
    });
    found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Seeds are handed out in their order, and none above `limit`: so every seed below one that is handed out is run.
fn work(seeds: &Range<u64>, jobs: usize, limit: &AtomicU64, run: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(seeds.start);
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || seed > limit.load(Ordering::Relaxed) {
                return;
            }
            run(seed);
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.max(1) {
            scope.spawn(worker);
        }
        worker();
    });
}

#[cfg(test)]
mod tests {
    use super::{all, first};

    #[test]
    fn the_results_do_not_depend_on_the_number_of_jobs() {
        for jobs in [1, 2, 7] {
            assert_eq!(
                all(5..100, jobs, |seed| seed * 2, |_| ()),
                (5..100).map(|seed| seed * 2).collect::<Vec<_>>()
            );
            assert_eq!(
                first(0..1_000, jobs, |seed| (seed % 97 == 96).then_some(seed)),
                Some((96, 96))
            );
            assert_eq!(first(0..50, jobs, |seed| (seed == 50).then_some(())), None);
        }
    }
}
