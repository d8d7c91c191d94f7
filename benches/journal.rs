//! The rate of `logKeystroke` with the journal and with a table in SQLite.
//!
//! `cargo bench --bench journal` (`-- 2 1` for one round of 2 s instead of three of 5 s) appends keystrokes from
//! 32 concurrent callers, with the journal and with SQLite in turn: over HTTP and GraphQL
//! (`support/baseline.rs`, with `wrk`), and within this process. Each is measured with a sync every second and with
//! a sync before each reply. Nothing is flushed, and SQLite only inserts (`support/sqlite_buffer.rs`), so its
//! rates are upper bounds. `docs/decisions/keystroke-journal.md` has the results.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/appending.rs"]
mod appending;
#[path = "support/baseline.rs"]
mod baseline;
#[path = "support/load.rs"]
#[expect(dead_code, reason = "no bodies are posted in turn here")]
mod load;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "CPU time is not measured here")]
mod process;
#[path = "support/sqlite_buffer.rs"]
mod sqlite_buffer;
#[path = "support/typing.rs"]
mod typing;
#[path = "support/wrk.rs"]
mod wrk;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use load::Load;
use process::{Running, free_address, is_installed, wait_for};
use quarry::keystroke::KeystrokeBuffer;
use quarry::store::Store;
use sqlite_buffer::SqliteBuffer;
use wrk::Script;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
const SECONDS: u64 = 5;
const CALLERS: usize = 32;
const PEOPLE: usize = 2_000;
const STORES: [&str; 2] = ["journal", "SQLite"];
const SYNC_INTERVALS: [Duration; 2] = [Duration::from_secs(1), Duration::ZERO];
const LOG: &str = "mutation Log($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--serve") {
        let [store, sync, address, folder] = &arguments[at + 1..at + 5] else { panic!("four arguments") };
        let sync = Duration::from_secs(sync.parse().unwrap());
        let open = async |folder: &Path| open(store, &folder.join("keystrokes"), sync).await;
        baseline::serve(address.parse().unwrap(), Path::new(folder), open);
        return;
    }
    if !is_installed("wrk") {
        println!("wrk is missing: install it (Debian's package wrk)");
        return;
    }
    let mut numbers = arguments.iter().skip(1).filter_map(|argument| argument.parse().ok());
    let seconds = numbers.next().unwrap_or(SECONDS);
    let rounds = numbers.next().map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap());
    println!(
        "keystrokes a second, {CALLERS} callers, {seconds} s, median of {rounds} rounds (p50 / p99 in ms)\n"
    );
    println!("{:<12} {:<10} {:>28} {:>28} {:>8}", "", "sync", STORES[0], STORES[1], "ratio");
    for (way, measure) in [("over HTTP", over_http as Measure), ("in process", in_process)] {
        for sync in SYNC_INTERVALS {
            let mut loads = [Vec::new(), Vec::new()];
            for round in 0..rounds {
                for (store, loads) in STORES.into_iter().zip(&mut loads) {
                    loads.push(measure(store, sync, seconds, &format!("r{round}")));
                }
            }
            let [journal, sqlite] = loads.map(median);
            let cell = |load: Load| format!("{:.0} ({:.2} / {:.2})", load.a_second, load.p50_ms, load.p99_ms);
            let ratio = journal.a_second / sqlite.a_second;
            let interval = if sync.is_zero() { "each call" } else { "1 s" };
            println!("{way:<12} {interval:<10} {:>28} {:>28} {ratio:>8.2}", cell(journal), cell(sqlite));
        }
    }
}

type Measure = fn(&str, Duration, u64, &str) -> Load;

async fn open(store: &str, folder: &Path, sync: Duration) -> Arc<dyn KeystrokeBuffer> {
    if store == STORES[0] { appending::journal(folder, sync) } else { SqliteBuffer::open(folder, sync).await }
}

fn over_http(store: &str, sync: Duration, seconds: u64, prefix: &str) -> Load {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let url = format!("sqlite://{}/data/quarry.db", folder.path().display());
        let store = Store::connect(&url, 1).await.unwrap();
        store.migrate_up(None).await.unwrap();
        store.close().await.unwrap();
    });
    let address = free_address();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--serve", store, &sync.as_secs().to_string(), &address.to_string()]).arg(folder.path());
    let _server = Running::start(&mut command);
    wait_for(address);
    let script = Script::write(folder.path());
    script.run(&format!("http://{address}/graphql"), CALLERS, seconds, prefix, PEOPLE, LOG)
}

fn in_process(store: &str, sync: Duration, seconds: u64, prefix: &str) -> Load {
    let folder = tempfile::tempdir().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let buffer = open(store, folder.path(), sync).await;
        let (load, failed) = appending::append(buffer, CALLERS, PEOPLE, seconds, prefix).await;
        assert_eq!(failed, 0);
        load
    })
}

fn median(mut loads: Vec<Load>) -> Load {
    assert!(loads.iter().all(|load| load.requests > 0.0), "a round without keystrokes");
    loads.sort_by(|a, b| a.a_second.total_cmp(&b.a_second));
    loads[loads.len() / 2]
}
