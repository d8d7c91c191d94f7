//! Throughput of `search` over GraphQL and of a cached report, beside a bare axum handler and peers.
//!
//! `cargo bench --bench http` starts the binary on 3,349 generated messages and 20,000 generated sales, and
//! its contenders: a bare axum handler that responds with the bytes of the search, the search behind a
//! minimal handler, the same schema behind async-graphql-axum, and, if `benches/peer/.venv` exists, the
//! FastAPI peer on the same messages. `wrk` sends requests to each in turn, and the medians of the rounds
//! are compared. A search returns the id and text of ten hits for one of eight queries; a report returns
//! the ten best-selling products. If the file of the real messages exists (see `support/corpus.rs`),
//! everything runs once more on those.
//!
//! The row "minimal handler" (`support/baseline.rs`) shows the cost of the HTTP layer: the same API on an
//! index of the same documents, behind a handler that reads a body, runs it and responds. The row
//! "async-graphql-axum" (`docs/decisions/async-graphql-axum.md`) runs in the same process.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/baseline.rs"]
mod baseline;
#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/load.rs"]
#[expect(dead_code, reason = "this benchmark does not count requests")]
mod load;
#[path = "support/messages_server.rs"]
mod messages_server;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "this benchmark does not measure CPU time")]
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use load::{Load, posting_script};
use messages_server::{run, search, settings, upstream};
use process::{Running, free_address, is_installed, wait_for};
use quarry::keystroke::{BufferLimits, KeystrokeBuffer, LocalBuffer};
use quarry::simulator::synthetic;
use serde_json::json;

const ROUNDS: usize = 3;
const SECONDS: u64 = 5;
const CONNECTIONS: usize = 32;
/// Search texts: words and prefixes of words of each corpus, all of them with hits.
type Queries = [&'static str; 8];
const OF_GENERATED: Queries =
    ["london hotel", "niamh", "jürgen", "book a tab", "paris hotel", "restaur", "tickets", "thank you"];
const OF_REAL: Queries =
    ["private jet", "sophia", "müller", "book a tab", "paris hotel", "reserv", "tickets", "thank you"];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--bare") {
        serve_bare(arguments[at + 1].parse().unwrap(), Path::new(&arguments[at + 2]));
        return;
    }
    if let Some(at) = arguments.iter().position(|argument| argument == "--baseline") {
        let buffer = async |folder: &Path| {
            let (folder, limits) = (folder.join("baseline/journal"), BufferLimits::default());
            let buffer = LocalBuffer::open(&folder, limits, Duration::from_secs(1)).unwrap();
            Arc::new(buffer) as Arc<dyn KeystrokeBuffer>
        };
        baseline::serve(arguments[at + 1].parse().unwrap(), Path::new(&arguments[at + 2]), buffer);
        return;
    }
    if !is_installed("wrk") {
        println!("wrk is missing: install it (Debian's package wrk)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let generated = folder.path().join("messages.json");
    let messages: Vec<_> = synthetic::messages(corpus::GENERATED, 1).collect();
    std::fs::write(&generated, serde_json::to_vec(&messages).unwrap()).unwrap();
    measure("generated", &generated, OF_GENERATED);
    if let Some(real) = corpus::real_messages() {
        measure("real", &real, OF_REAL);
    }
}

/// Measures every contender on the messages of a file, and prints their medians.
fn measure(label: &str, messages: &Path, queries: Queries) {
    let folder = tempfile::tempdir().unwrap();
    let quarry = free_address();
    let (_upstream, upstream) = upstream(messages);
    let _quarry = serve(folder.path(), &settings(quarry, upstream));
    wait_for(quarry);
    // The same with a key, and with rate limits above any load.
    let guarded = free_address();
    let guarded_folder = tempfile::tempdir().unwrap();
    let made = run(guarded_folder.path(), &["key", "new", "--scope", "SEARCH"]);
    let (key, table) = made.split_once("\n\n").unwrap();
    let rates = "[rate_limits]\nper_key = 60000000\nper_key_burst = 1000000\nper_address = 60000000\n\
                 per_address_burst = 1000000\n";
    let guarded_settings = format!("{}{rates}{table}", settings(guarded, upstream));
    let _guarded = serve(guarded_folder.path(), &guarded_settings);
    wait_for(guarded);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("http://{quarry}/graphql");
    let payload = runtime.block_on(async {
        let started = Instant::now();
        loop {
            let body = ask(&client, &url, &search(queries[0])).await;
            let guarded = client.post(format!("http://{guarded}/graphql")).bearer_auth(key);
            let guarded = guarded.header("content-type", "application/json").body(search(queries[0]));
            let guarded = guarded.send().await.unwrap().bytes().await.unwrap();
            if guarded == body && body.windows(8).any(|window| window == b"\"text\":\"") {
                return body;
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "no hits: {}",
                String::from_utf8_lossy(&body)
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let payload_file = folder.path().join("payload.json");
    std::fs::write(&payload_file, &payload).unwrap();
    let bare = free_address();
    let _bare = Running::start(
        Command::new(std::env::current_exe().unwrap()).args(["--bare", &bare.to_string()]).arg(&payload_file),
    );
    wait_for(bare);
    let in_process = free_address();
    let _in_process = Running::start(
        Command::new(std::env::current_exe().unwrap())
            .args(["--baseline", &in_process.to_string()])
            .arg(folder.path()),
    );
    wait_for(in_process);
    let [minimal, axum_integration] =
        [baseline::MINIMAL, baseline::ASYNC_GRAPHQL_AXUM].map(|path| format!("http://{in_process}{path}"));
    for url in [&minimal, &axum_integration] {
        let same = runtime.block_on(ask(&client, url, &search(queries[0])));
        assert_eq!(same, payload, "{url} responds with the same bytes");
    }
    let report = runtime.block_on(ask(&client, &url, &report()));
    println!("{} bytes a report", report.len());
    let searches = graphql_script(&folder.path().join("search.lua"), &queries.map(search), "");
    let with_key = graphql_script(&folder.path().join("key.lua"), &queries.map(search), key);
    let reports = graphql_script(&folder.path().join("report.lua"), &[self::report()], "");
    let mut contenders = vec![
        ("bare axum handler", format!("http://{bare}/graphql"), Some(searches.clone())),
        ("minimal handler", minimal, Some(searches.clone())),
        ("async-graphql-axum", axum_integration, Some(searches.clone())),
        ("quarry search", url.clone(), Some(searches)),
        ("quarry search, key, rates", format!("http://{guarded}/graphql"), Some(with_key)),
        ("quarry cached report", url, Some(reports)),
    ];
    let peer = free_address();
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/peer/.venv/bin/python");
    let _peer = python.exists().then(|| {
        Running::start(
            Command::new(&python)
                .args([
                    "-m",
                    "uvicorn",
                    "app:app",
                    "--log-level",
                    "error",
                    "--port",
                    &peer.port().to_string(),
                ])
                .env("MESSAGES", messages)
                .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/peer")),
        )
    });
    if _peer.is_some() {
        wait_for(peer);
        contenders.push((
            "FastAPI, linear scan",
            format!("http://{peer}/search"),
            Some(peer_script(folder.path(), queries)),
        ));
    } else {
        println!("benches/peer/.venv is missing: the FastAPI peer is skipped (see benches/peer/README.md)");
    }
    println!(
        "{label} messages: {} bytes a response, {CONNECTIONS} connections, {SECONDS} s, median of {ROUNDS}",
        payload.len()
    );
    let mut loads: Vec<Vec<Load>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for ((_, url, script), loads) in contenders.iter().zip(&mut loads) {
            loads.push(Load::of(url, CONNECTIONS, SECONDS, script.as_deref(), &[]));
        }
    }
    let medians: Vec<Load> = loads.into_iter().map(Load::median).collect();
    let base = medians[0].a_second;
    for ((name, ..), median) in contenders.iter().zip(&medians) {
        println!(
            "{name:<26} {:>9.0} requests/s  {:>6.3} of bare  p50 {:>8.2} ms p99 {:>8.2} ms",
            median.a_second,
            median.a_second / base,
            median.p50_ms,
            median.p99_ms
        );
    }
}

/// Crawls and seeds into a folder, and starts a server on it.
fn serve(folder: &Path, settings: &str) -> Running {
    std::fs::write(folder.join("quarry.toml"), settings).unwrap();
    run(folder, &["crawl", "messages"]);
    run(folder, &["seed", "--products", "1000", "--sales", "20000", "--seed", "1"]);
    Running::start(Command::new(env!("CARGO_BIN_EXE_quarry")).arg("serve").current_dir(folder))
}

const REPORT: &str = "query Report($c: String!) { reports { category(name: $c) { totalQuantity rows { quantity \
                      document { id title } } } } }";

fn report() -> String {
    json!({ "query": REPORT, "variables": { "c": "electronics" } }).to_string()
}

async fn ask(client: &reqwest::Client, url: &str, body: &str) -> Bytes {
    let request = client.post(url).header("content-type", "application/json").body(body.to_owned());
    request.send().await.unwrap().bytes().await.unwrap()
}

/// A `wrk` script that posts the bodies in turn, with a key unless it is empty.
fn graphql_script(path: &Path, bodies: &[String], key: &str) -> PathBuf {
    let key =
        if key.is_empty() { String::new() } else { format!(", [\"authorization\"] = \"Bearer {key}\"") };
    posting_script(path, "application/json", &key, bodies)
}

fn peer_script(folder: &Path, queries: Queries) -> PathBuf {
    let paths: Vec<String> = queries
        .iter()
        .map(|query| {
            let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
            format!("\"/search?q={encoded}&limit=10\"")
        })
        .collect();
    let path = folder.join("peer.lua");
    let script = format!(
        "local paths = {{ {} }}\nlocal at = 0\nfunction request()\n  at = at % #paths + 1\n  \
         return wrk.format(\"GET\", paths[at])\nend\n",
        paths.join(", ")
    );
    std::fs::write(&path, script).unwrap();
    path
}

/// The fastest possible server: reads the body and responds with the bytes of a file.
fn serve_bare(address: SocketAddr, payload: &Path) {
    let payload = Bytes::from(std::fs::read(payload).unwrap());
    let answer = move |_: Bytes| {
        let payload = payload.clone();
        async move { ([("content-type", "application/json; charset=utf-8")], payload) }
    };
    let routes = Router::new().route("/graphql", post(answer));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        axum::serve(listener, routes).await.unwrap();
    });
}
