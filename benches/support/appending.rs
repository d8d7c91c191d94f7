//! Concurrent appends to a buffer, without a server in between.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use quarry::keystroke::{AppendOutcome, BufferLimits, KeystrokeBuffer, LocalBuffer};

use crate::load::Load;
use crate::typing::People;

/// The limits of a server, except that an unflushed buffer never becomes full.
pub(crate) fn limits() -> BufferLimits {
    BufferLimits {
        keystrokes: u64::MAX >> 8,
        bytes: u64::MAX >> 8,
        flood_keystrokes: u32::MAX,
        ..BufferLimits::default()
    }
}

/// Opens an embedded buffer, and syncs it until the runtime ends.
pub(crate) fn journal(folder: &Path, sync_every: Duration) -> Arc<dyn KeystrokeBuffer> {
    let buffer = Arc::new(LocalBuffer::open(folder, limits(), sync_every).unwrap());
    let syncing = buffer.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(syncing.sync_every().max(Duration::from_secs(1))).await;
            syncing.sync().await.unwrap();
        }
    });
    buffer
}

/// Appends for a time from concurrent callers. Returns their load and the number of failed appends.
pub(crate) async fn append(
    buffer: Arc<dyn KeystrokeBuffer>,
    callers: usize,
    people: usize,
    seconds: u64,
    prefix: &str,
) -> (Load, u64) {
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let buffer = buffer.clone();
        let mut people = People::new(&format!("{prefix}n{caller}"), people / callers);
        tasks.spawn(async move {
            let (mut times, mut failed) = (Histogram::<u64>::new(3).unwrap(), 0);
            while Instant::now() < until {
                let keystroke = people.keystroke();
                let began = Instant::now();
                // Redis may wait for the disk longer than the timeout of an append.
                match buffer.append(&[keystroke]).await {
                    Ok(outcomes) => assert_eq!(outcomes, [AppendOutcome::Accepted]),
                    Err(_) => failed += 1,
                }
                times.record(u64::try_from(began.elapsed().as_nanos()).unwrap()).unwrap();
            }
            (times, failed)
        });
    }
    let (mut times, mut failed) = (Histogram::<u64>::new(3).unwrap(), 0);
    for (caller_times, caller_failed) in tasks.join_all().await {
        times.add(caller_times).unwrap();
        failed += caller_failed;
    }
    let requests = times.len() as f64;
    let ms = |quantile| times.value_at_quantile(quantile) as f64 / 1e6;
    let a_second = (requests - failed as f64) / started.elapsed().as_secs_f64();
    (Load { requests, a_second, p50_ms: ms(0.5), p99_ms: ms(0.99) }, failed)
}
