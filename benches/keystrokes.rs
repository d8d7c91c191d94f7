//! The rate of `logKeystroke` over HTTP, and the CPU time of each process.
//!
//! `cargo bench --bench keystrokes` (`-- 2 1` for one round of 2 s instead of three of 10 s) simulates 2,000
//! users with `wrk`, each request by the next of them:
//! - against a bare axum handler that returns the same bytes;
//! - against the release binary with the mutation disabled by `@skip`: HTTP and GraphQL without a buffer;
//! - against the binary with Redis (append-only file, synced every second) and PostgreSQL, and with the embedded
//!   buffer and SQLite, both with concurrent flushing.
//!
//! `redis-benchmark` with the script and arguments of `append`, and the two buffers within this process, run with
//! the same concurrency. All share the machine's cores, so the CPU time of a keystroke until its flush is
//! printed for each process. Requires `wrk` and `redis-server`; without PostgreSQL, both use SQLite.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/appending.rs"]
mod appending;
#[path = "support/load.rs"]
#[expect(dead_code, reason = "no bodies are posted in turn here")]
mod load;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/process.rs"]
mod process;
#[path = "support/redis_benchmark.rs"]
mod redis_benchmark;
#[path = "support/redis.rs"]
mod redis_server;
#[path = "support/typing.rs"]
mod typing;
#[path = "support/wrk.rs"]
mod wrk;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use load::Load;
use postgres::OwnPostgres;
use process::{Running, cpu, cpu_of_family, free_address, is_installed, wait_for};
use quarry::keystroke::{KeystrokeBuffer, RedisBuffer};
use redis_server::OwnRedis;
use serde_json::{Value, json};
use wrk::Script;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
const SECONDS: u64 = 10;
/// Concurrent connections or calls.
const CALLS: usize = 32;
const PEOPLE: usize = 2_000;
/// The calls of `redis-benchmark` per second of the others: it ends after a number, not a time.
const REQUESTS_A_SECOND: u64 = 30_000;
const LOG: &str =
    "mutation Log($input: LogKeystrokeInput!) { __typename logKeystroke(input: $input) { accepted } }";
const SKIP: &str = "mutation Log($input: LogKeystrokeInput!) { __typename logKeystroke(input: $input) @skip(if: true) { accepted } }";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--bare") {
        serve_bare(arguments[at + 1].parse().unwrap(), arguments[at + 2].clone());
        return;
    }
    for (program, package) in [("wrk", "wrk"), ("redis-server", "redis-server")] {
        if !is_installed(program) {
            println!("{program} is missing: install it (Debian's package {package})");
            return;
        }
    }
    let mut numbers = arguments.iter().skip(1).filter_map(|argument| argument.parse().ok());
    let seconds = numbers.next().unwrap_or(SECONDS);
    let rounds = numbers.next().map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut bench = Bench::start(seconds, runtime);

    let mut rows: Vec<(Contender, Vec<Measured>)> =
        Contender::ALL.into_iter().map(|contender| (contender, Vec::new())).collect();
    for round in 0..rounds {
        for (contender, measured) in &mut rows {
            measured.extend(bench.measure(*contender, round));
        }
    }
    println!(
        "{PEOPLE} people, {CALLS} concurrent connections or, {seconds} s, median of {rounds}; Redis flushes into {}\n",
        if bench.postgres.is_some() { "PostgreSQL" } else { "SQLite" }
    );
    let medians: Vec<(Contender, Measured)> =
        rows.into_iter().filter_map(|(contender, measured)| Some((contender, median(measured)?))).collect();
    report(&medians);
}

/// A receiver of keystrokes.
#[derive(Clone, Copy, PartialEq)]
enum Contender {
    Bare,
    Skipped,
    Redis,
    Embedded,
    RedisBenchmark,
    RedisAlone,
    EmbeddedAlone,
}

impl Contender {
    const ALL: [Self; 7] = [
        Self::Bare,
        Self::Skipped,
        Self::Redis,
        Self::Embedded,
        Self::RedisBenchmark,
        Self::RedisAlone,
        Self::EmbeddedAlone,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare axum handler",
            Self::Skipped => "quarry, mutation skipped",
            Self::Redis => "quarry, Redis",
            Self::Embedded => "quarry, embedded",
            Self::RedisBenchmark => "redis-benchmark, the script",
            Self::RedisAlone => "RedisBuffer in process",
            Self::EmbeddedAlone => "LocalBuffer in process",
        }
    }
}

/// The result of a contender.
#[derive(Clone, Copy)]
struct Measured {
    load: Load,
    /// Microseconds of CPU time per keystroke: of the server, Redis, PostgreSQL, and the client.
    cost: [f64; 4],
    /// Keystrokes that were dropped or timed out.
    lost: u64,
}

/// The running processes.
struct Bench {
    seconds: u64,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    script: Script,
    bare: (SocketAddr, Running),
    with_redis: (SocketAddr, Running),
    embedded: (SocketAddr, Running),
    redis: OwnRedis,
    postgres: Option<OwnPostgres>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn start(seconds: u64, runtime: tokio::runtime::Runtime) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = OwnRedis::start();
        let postgres = OwnPostgres::start();
        if postgres.is_none() {
            println!("PostgreSQL is missing: using SQLite (Debian's package postgresql)");
        }
        if !is_installed("redis-benchmark") {
            println!("redis-benchmark is missing: skipping it (Debian's package redis-tools)");
        }
        let mut settings = format!("redis_url = \"{}\"\n", redis.url());
        if let Some(postgres) = &postgres {
            settings += &format!("database_url = \"{}\"\n", postgres.url("postgres"));
        }
        let with_redis = serve(&folder.path().join("redis"), &settings);
        let embedded = serve(&folder.path().join("embedded"), "");
        let client = reqwest::Client::new();
        let answers = [&with_redis, &embedded].map(|(address, _)| {
            runtime.block_on(async {
                let input = json!({ "sessionId": "first", "text": "f", "sequence": 1 });
                let answer = ask(&client, *address, LOG, json!({ "input": input })).await;
                assert_eq!(answer["data"]["logKeystroke"]["accepted"], true, "{answer}");
                answer.to_string()
            })
        });
        let bare = free_address();
        let program = std::env::current_exe().unwrap();
        let running = Running::start(Command::new(program).args(["--bare", &bare.to_string(), &answers[0]]));
        wait_for(bare);
        let script = Script::write(folder.path());
        let bare = (bare, running);
        Self { seconds, runtime, client, script, bare, with_redis, embedded, redis, postgres, folder }
    }

    fn measure(&mut self, contender: Contender, round: usize) -> Option<Measured> {
        let prefix = format!("r{round}c{}", contender as usize);
        let measured = match contender {
            Contender::Bare => self.through_http(&self.bare, &prefix, LOG),
            Contender::Skipped => self.through_http(&self.with_redis, &prefix, SKIP),
            Contender::Redis => self.logged(&self.with_redis, &prefix),
            Contender::Embedded => self.logged(&self.embedded, &prefix),
            Contender::RedisBenchmark if !is_installed("redis-benchmark") => return None,
            Contender::RedisBenchmark => self.redis_benchmark(&prefix),
            Contender::RedisAlone => {
                let buffer = RedisBuffer::open(&self.redis.url(), &prefix, appending::limits()).unwrap();
                self.in_process(Arc::new(buffer), &prefix)
            }
            Contender::EmbeddedAlone => {
                let folder = self.folder.path().join(&prefix);
                let _runtime = self.runtime.enter();
                let buffer = appending::journal(&folder, Duration::from_secs(1));
                self.in_process(buffer, &prefix)
            }
        };
        Some(measured)
    }

    /// CPU seconds so far, of a server, Redis and PostgreSQL.
    fn spent(&self, server: Option<&Running>) -> [f64; 3] {
        [
            server.map_or(0.0, |server| cpu_of_family(server.id())),
            cpu_of_family(self.redis.id()),
            self.postgres.as_ref().map_or(0.0, |postgres| cpu_of_family(postgres.id())),
        ]
    }

    /// Measures requests without a buffer.
    fn through_http(&self, server: &(SocketAddr, Running), prefix: &str, document: &str) -> Measured {
        let (asked, spent) = (cpu("self").ended, self.spent(Some(&server.1)));
        let load = self.load(server.0, prefix, document);
        let now = self.spent(Some(&server.1));
        Measured { load, cost: cost(spent, now, cpu("self").ended - asked, load.requests), lost: 0 }
    }

    /// Measures keystrokes by the server's own count, until they are flushed.
    fn logged(&self, server: &(SocketAddr, Running), prefix: &str) -> Measured {
        let before = self.health(server.0);
        let (asked, spent) = (cpu("self").ended, self.spent(Some(&server.1)));
        let mut load = self.load(server.0, prefix, LOG);
        let started = Instant::now();
        let mut after = self.health(server.0);
        while after.runs > 0 {
            assert!(started.elapsed() < Duration::from_secs(120), "the buffer does not become empty");
            std::thread::sleep(Duration::from_millis(100));
            after = self.health(server.0);
        }
        let now = self.spent(Some(&server.1));
        // wrk does not count its last, unfinished requests.
        let accepted = (after.accepted - before.accepted) as f64;
        load.a_second *= (accepted / load.requests).min(1.0);
        let cost = cost(spent, now, cpu("self").ended - asked, load.requests);
        Measured { load, cost, lost: (load.requests - accepted).max(0.0) as u64 }
    }

    fn load(&self, server: SocketAddr, prefix: &str, document: &str) -> Load {
        let url = format!("http://{server}/graphql");
        self.script.run(&url, CALLS, self.seconds, prefix, PEOPLE, document)
    }

    fn health(&self, address: SocketAddr) -> Health {
        let document = "{ loggingHealth { keystrokesAccepted bufferedSearches } }";
        let answer = self.runtime.block_on(ask(&self.client, address, document, json!({})));
        let health = &answer["data"]["loggingHealth"];
        let number = |field: &str| health[field].as_u64().unwrap_or_else(|| panic!("{answer}"));
        Health { accepted: number("keystrokesAccepted"), runs: number("bufferedSearches") }
    }

    fn redis_benchmark(&self, prefix: &str) -> Measured {
        let (asked, spent) = (cpu("self").ended, self.spent(None));
        let requests = self.seconds * REQUESTS_A_SECOND;
        let load = redis_benchmark::run(&self.redis, CALLS, requests, prefix, PEOPLE);
        let now = self.spent(None);
        Measured { load, cost: cost(spent, now, cpu("self").ended - asked, load.requests), lost: 0 }
    }

    /// Measures a buffer without a server.
    fn in_process(&self, buffer: Arc<dyn KeystrokeBuffer>, prefix: &str) -> Measured {
        let (own, spent) = (cpu("self").own, self.spent(None));
        let call = appending::append(buffer, CALLS, PEOPLE, self.seconds, prefix);
        let (load, lost) = self.runtime.block_on(call);
        let mut cost = cost(spent, self.spent(None), 0.0, load.requests);
        cost[0] = (cpu("self").own - own) / load.requests * 1e6;
        Measured { load, cost, lost }
    }
}

struct Health {
    accepted: u64,
    runs: u64,
}

fn cost(before: [f64; 3], after: [f64; 3], asking: f64, requests: f64) -> [f64; 4] {
    let [server, redis, postgres] = [0, 1, 2].map(|at| (after[at] - before[at]) / requests * 1e6);
    [server, redis, postgres, asking / requests * 1e6]
}

fn median(mut measured: Vec<Measured>) -> Option<Measured> {
    measured.sort_by(|a, b| a.load.a_second.total_cmp(&b.load.a_second));
    measured.get(measured.len() / 2).copied()
}

fn report(rows: &[(Contender, Measured)]) {
    let find = |wanted| rows.iter().find(|(contender, _)| *contender == wanted).map(|(_, row)| row);
    let rate = |contender| find(contender).map(|row| row.load.a_second);
    println!(
        "{:<28} {:>9} {:>8} {:>8} {:>8} {:>8}   CPU time each, µs",
        "", "a second", "of bare", "of r-b", "p50 ms", "p99 ms"
    );
    println!("{:>76} {:>7} {:>10} {:>7}", "server", "Redis", "PostgreSQL", "client");
    for (contender, Measured { load, cost, lost }) in rows {
        let ratio = |base| rate(base).map_or("-".to_owned(), |base| format!("{:.3}", load.a_second / base));
        println!(
            "{:<28} {:>9.0} {:>8} {:>8} {:>8.3} {:>8.3} {:>7.1} {:>7.1} {:>10.1} {:>7.1}{}",
            contender.name(),
            load.a_second,
            ratio(Contender::Bare),
            ratio(Contender::RedisBenchmark),
            load.p50_ms,
            load.p99_ms,
            cost[0],
            cost[1],
            cost[2],
            cost[3],
            if *lost > 0 { format!("  {lost} lost") } else { String::new() }
        );
    }
    let (Some(bare), Some(skipped), Some(whole)) =
        (find(Contender::Bare), find(Contender::Skipped), find(Contender::Redis))
    else {
        return;
    };
    println!("\nCPU time of a keystroke, with Redis:");
    let parts = [
        ("HTTP, as the bare handler", bare.cost[0]),
        ("GraphQL", skipped.cost[0] - bare.cost[0]),
        ("the adapter, and flushing", whole.cost[0] - skipped.cost[0]),
        ("Redis, flushing included", whole.cost[1]),
        ("PostgreSQL", whole.cost[2]),
        ("wrk", whole.cost[3]),
    ];
    let sum: f64 = parts.iter().map(|(_, part)| part).sum();
    for (name, part) in parts {
        println!("{name:<28} {part:>7.1} µs {:>5.1} %", part / sum * 100.0);
    }
}

/// Starts the release binary in a folder.
fn serve(folder: &Path, settings: &str) -> (SocketAddr, Running) {
    let address = free_address();
    std::fs::create_dir(folder).unwrap();
    let settings = format!("listen = \"{address}\"\n{settings}[log]\nlevel = \"warn\"\n");
    std::fs::write(folder.join("quarry.toml"), settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarry"));
    let running = Running::start(command.arg("serve").current_dir(folder));
    wait_for(address);
    (address, running)
}

async fn ask(client: &reqwest::Client, address: SocketAddr, document: &str, variables: Value) -> Value {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let request = client.post(format!("http://{address}/graphql")).header("content-type", "application/json");
    serde_json::from_slice(&request.body(body).send().await.unwrap().bytes().await.unwrap()).unwrap()
}

/// Serves a minimal handler: it reads the body and returns the same bytes.
fn serve_bare(address: SocketAddr, answer: String) {
    let answer = Bytes::from(answer);
    let handler = move |_: Bytes| {
        let answer = answer.clone();
        async move { ([("content-type", "application/json; charset=utf-8")], answer) }
    };
    let routes = Router::new().route("/graphql", post(handler));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        axum::serve(listener, routes).await.unwrap();
    });
}
