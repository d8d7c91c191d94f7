//! The memory of open runs, and the latency of calls with many of them.
//!
//! `cargo bench --bench buffers` opens 1,000, 10,000 and 100,000 runs of 14 keystrokes (`-- 1000000` adds a
//! million) in the embedded buffer with its journal, and in Redis with an append-only file that is synced every
//! second. At each size it prints:
//! - the memory of this process or of Redis since the start, also relative to the bytes of ids and texts;
//! - the latency of appending one keystroke to a random run, of claiming with nothing due, of claiming 500
//!   due runs, and of acknowledging them. In brackets: relative to 1,000 runs.
//!
//! Without `redis-server`, only the embedded buffer is measured.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/process.rs"]
#[expect(dead_code, reason = "no HTTP and no CPU time here")]
mod process;
#[path = "support/redis.rs"]
#[expect(dead_code, reason = "its CPU time is not measured here")]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use process::is_installed;
use quarry::domain::{InputId, Keystroke, SessionId};
use quarry::keystroke::{
    AppendOutcome, BufferLimits, ClaimScope, FlushCounts, KeystrokeBuffer, LocalBuffer, RedisBuffer,
    Settlement,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redis_server::OwnRedis;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const LARGEST: usize = 100_000;
/// The text of each run.
const TEXT: &str = "business data ";
/// The keystrokes per call that fills the buffer.
const BATCH: usize = 100;
/// The timed single appends.
const APPENDS: usize = 5_000;
const IDLE_CLAIMS: usize = 100;
/// The runs of a flush, and the number of timed flushes.
const DUE: usize = 500;
const FLUSHES: usize = 9;
/// The minimum number of runs whose memory is measurable.
const WEIGHED: usize = 10_000;

fn main() {
    let largest = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(LARGEST);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let buffer = LocalBuffer::open(folder.path(), limits(), Duration::from_secs(1)).unwrap();
        let buffer = Arc::new(buffer);
        let syncing = buffer.clone();
        let worker = tokio::spawn(async move {
            loop {
                tokio::time::sleep(syncing.sync_every()).await;
                syncing.sync().await.unwrap();
            }
        });
        measure("embedded", &*buffer, largest, resident).await;
        worker.abort();
        drop(buffer);
        if !is_installed("redis-server") {
            println!("redis-server is missing: skipping Redis (Debian's package redis-server)");
            return;
        }
        let redis = OwnRedis::start();
        let buffer = RedisBuffer::open(&redis.url(), "bench", limits()).unwrap();
        measure("Redis", &buffer, largest, || used_memory(&redis)).await;
    });
}

/// Limits that are never reached. Flood counts last for an hour: in Redis, they are part of a user's memory.
fn limits() -> BufferLimits {
    let hour = Duration::from_secs(3_600);
    BufferLimits {
        window: hour,
        run_age: 2 * hour,
        keystrokes: u64::MAX >> 8,
        bytes: u64::MAX >> 8,
        flood_keystrokes: u32::MAX,
        flood_period: hour,
        ..BufferLimits::default()
    }
}

async fn measure(name: &str, buffer: &dyn KeystrokeBuffer, largest: usize, memory: impl Fn() -> u64) {
    println!(
        "{name:<9} {:>10} {:>14} {:>8} {:>20} {:>9} {:>18} {:>18} {:>18}",
        "filled by",
        "MiB / 100,000",
        "of text",
        "append p50 µs",
        "p99 µs",
        "none due µs",
        "claim 500 ms",
        "ack 500 ms"
    );
    let mut random = StdRng::seed_from_u64(1);
    let before = memory();
    let (mut open, mut first) = (0, None);
    for size in SIZES.into_iter().filter(|size| *size <= largest) {
        let added = (size - open) * TEXT.len();
        let started = Instant::now();
        fill(buffer, "open", open..size, false).await;
        let rate = added as f64 / started.elapsed().as_secs_f64();
        open = size;
        let weight = memory().saturating_sub(before) as f64;
        let (p50, p99) = append_one_by_one(buffer, size, &mut random).await;
        let idle = claim_nothing(buffer).await;
        let (claim, ack) = flush(buffer, size).await;

        let now = [p50, idle, claim, ack];
        let base = *first.get_or_insert(now);
        let cell = |at: usize, unit: f64| format!("{:.1} ({:.2})", now[at] * unit, now[at] / base[at]);
        let (mib, of_text) = if size < WEIGHED {
            ("-".to_owned(), "-".to_owned())
        } else {
            let mib = weight / size as f64 * 100_000.0 / f64::from(1 << 20);
            (format!("{mib:.1}"), format!("{:.1}", weight / bytes(size)))
        };
        println!(
            "{size:<9} {rate:>8.0}/s {mib:>14} {of_text:>8} {:>20} {:>9.1} {:>18} {:>18} {:>18}",
            cell(0, 1e6),
            p99 * 1e6,
            cell(1, 1e6),
            cell(2, 1e3),
            cell(3, 1e3)
        );
    }
    println!();
}

/// Types the text into new runs, each letter into all runs.
async fn fill(buffer: &dyn KeystrokeBuffer, kind: &str, runs: std::ops::Range<usize>, submitted: bool) {
    for typed in 1..=TEXT.len() {
        let mut next = runs.clone().peekable();
        while next.peek().is_some() {
            let batch: Vec<Keystroke> = next
                .by_ref()
                .take(BATCH)
                .map(|run| keystroke(kind, run, typed, submitted && typed == TEXT.len()))
                .collect();
            let became = buffer.append(&batch).await.unwrap();
            assert!(became.iter().all(|became| *became == AppendOutcome::Accepted));
        }
    }
}

fn keystroke(kind: &str, run: usize, typed: usize, submitted: bool) -> Keystroke {
    Keystroke {
        session: SessionId::parse(&session(kind, run)).unwrap(),
        user: None,
        input: InputId::default(),
        text: TEXT[..typed.min(TEXT.len())].to_owned(),
        sequence: Some(i64::try_from(typed).unwrap()),
        submitted,
        result_count: None,
        composing: false,
        context: Default::default(),
    }
}

/// A session id with the length of a UUID.
fn session(kind: &str, run: usize) -> String {
    format!("{kind}-{run:0>width$}", width = 35 - kind.len())
}

/// The bytes of runs: each session id once, and the texts.
fn bytes(runs: usize) -> f64 {
    (runs * (36 + (1..=TEXT.len()).sum::<usize>())) as f64
}

async fn append_one_by_one(buffer: &dyn KeystrokeBuffer, size: usize, random: &mut StdRng) -> (f64, f64) {
    let mut times = Vec::with_capacity(APPENDS);
    for number in 0..APPENDS {
        let next = [keystroke("open", random.random_range(0..size), TEXT.len() + 1 + number, false)];
        let began = Instant::now();
        let became = buffer.append(&next).await.unwrap();
        times.push(began.elapsed().as_secs_f64());
        assert_eq!(became, [AppendOutcome::Accepted]);
    }
    times.sort_by(f64::total_cmp);
    (times[APPENDS / 2], times[APPENDS * 99 / 100])
}

async fn claim_nothing(buffer: &dyn KeystrokeBuffer) -> f64 {
    let mut times = Vec::new();
    for _ in 0..IDLE_CLAIMS {
        let began = Instant::now();
        let claimed = buffer.claim(ClaimScope::Due, DUE).await.unwrap();
        times.push(began.elapsed().as_secs_f64());
        assert!(claimed.is_empty());
    }
    median(times)
}

async fn flush(buffer: &dyn KeystrokeBuffer, size: usize) -> (f64, f64) {
    let (mut claims, mut acks) = (Vec::new(), Vec::new());
    for flush in 0..FLUSHES {
        fill(buffer, &format!("due{size}"), flush * DUE..(flush + 1) * DUE, true).await;
        let began = Instant::now();
        let claimed = buffer.claim(ClaimScope::Due, DUE).await.unwrap();
        claims.push(began.elapsed().as_secs_f64());
        assert_eq!(claimed.len(), DUE);
        assert!(claimed.iter().all(|run| run.keystrokes.len() == TEXT.len()));
        let settled: Vec<_> = claimed.iter().map(|run| Settlement::of(run, None)).collect();
        let began = Instant::now();
        buffer.ack(&settled, FlushCounts { searches: DUE as u64, ..FlushCounts::default() }).await.unwrap();
        acks.push(began.elapsed().as_secs_f64());
    }
    (median(claims), median(acks))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The memory of Redis.
fn used_memory(redis: &OwnRedis) -> u64 {
    let info: String = redis::cmd("INFO").arg("memory").query(&mut redis.connect()).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    line.trim().parse().unwrap()
}

/// The resident memory of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
