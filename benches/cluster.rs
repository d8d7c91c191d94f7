//! A search cluster behind the GraphQL API, beside the same requests sent to it directly, and beside peers.
//!
//! `cargo bench --bench cluster` (`-- 2 1 5000` for one round of 2 s instead of three of 5 s, and 5,000 fed
//! documents instead of 20,000) starts a node of OpenSearch with a heap of 1 GiB, on one shard without replicas.
//! It measures on the messages (see `support/corpus.rs`), with 16 clients:
//! - GraphQL searches without a cache, beside the requests that they sent to the node (`support/recorder.rs`),
//!   the embedded engine, and full text search of PostgreSQL, SQLite and RediSearch (`support/full_text.rs`);
//! - searches of which a half and 90 % are repeated, with a cache in Redis and in the process, beside the
//!   embedded engine (`support/query_stream.rs`);
//! - the feeder on generated documents, beside the same bodies sent to `_bulk` one after the other;
//! - the time from a change to its visibility, beside the same writes sent directly.
//!
//! Everything shares the machine's cores with the clients. Requires `wrk` and the distribution that
//! `tests/services.sh start` unpacks: run it before, then `eval "$(tests/services.sh env)"`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/drafts.rs"]
mod drafts;
#[path = "support/feeding.rs"]
mod feeding;
#[path = "support/full_text.rs"]
mod full_text;
#[path = "support/load.rs"]
mod load;
#[path = "support/messages_server.rs"]
mod messages_server;
#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "CPU time is not measured here")]
mod postgres;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "CPU time is not measured here")]
mod process;
#[path = "support/query_stream.rs"]
mod query_stream;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "support/redis.rs"]
#[expect(dead_code, reason = "CPU time is not measured here")]
mod redis_server;
#[path = "support/search_node.rs"]
mod search_node;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use full_text::{FullTextPostgres, FullTextSqlite, RediSearch};
use load::{Load, posting_script};
use messages_server::{run, search, settings, upstream};
use process::{Running, free_address, is_installed, wait_for};
use quarry::simulator::synthetic;
use query_stream::QueryWords;
use recorder::Recorder;
use redis_server::OwnRedis;
use search_node::OwnNode;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
const SECONDS: u64 = 5;
const CLIENTS: usize = 16;
const FED: usize = 20_000;
const CHANGES: usize = 200;
const PREFIX: &str = "bench-searches";
const SETTINGS_FILE: &str = "quarry.toml";
/// Search texts: words and prefixes of words of each corpus, all of them with hits.
const OF_GENERATED: [&str; 8] =
    ["london hotel", "niamh", "jürgen", "book a tab", "paris hotel", "restaur", "tickets", "thank you"];
const OF_REAL: [&str; 8] =
    ["private jet", "sophia", "müller", "book a tab", "paris hotel", "reserv", "tickets", "thank you"];

/// The extent of the measurements.
#[derive(Clone, Copy)]
struct Extent {
    seconds: u64,
    rounds: usize,
    fed: usize,
}

/// A contender of a load: its name, its URL and the script of requests.
struct Contender {
    name: String,
    url: String,
    script: PathBuf,
    /// The part of a search that a request is.
    searches: f64,
}

/// A running server.
struct Server {
    _process: Running,
    address: SocketAddr,
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let extent = Extent {
        seconds: numbers.next().unwrap_or(SECONDS),
        rounds: numbers.next().map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap()),
        fed: numbers.next().map_or(FED, |fed| usize::try_from(fed).unwrap()),
    };
    if !is_installed("wrk") {
        println!("wrk is missing: install it (Debian's package wrk)");
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let Some(node) = OwnNode::start(&client).await else {
        println!("no distribution of OpenSearch: run tests/services.sh start, then eval its env");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (file, queries) = match corpus::real_messages() {
        Some(real) => (real, OF_REAL),
        None => {
            let file = folder.path().join("messages.json");
            let messages: Vec<_> = synthetic::messages(corpus::GENERATED, 1).collect();
            std::fs::write(&file, serde_json::to_vec(&messages).unwrap()).unwrap();
            (file, OF_GENERATED)
        }
    };
    let messages: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    println!("{} messages of {}, {CLIENTS} clients", messages.len(), file.display());
    let bench = Bench { client, node, folder, extent, queries, messages, upstream: upstream(&file) };
    bench.measure().await;
}

struct Bench {
    client: reqwest::Client,
    node: OwnNode,
    folder: TempDir,
    extent: Extent,
    queries: [&'static str; 8],
    messages: Vec<Value>,
    upstream: (Running, SocketAddr),
}

impl Bench {
    async fn measure(&self) {
        let recorder = Recorder::start(&self.client, &self.node.url).await;
        let folder = self.crawled();
        let embedded = self.serve(folder.path(), "").await;
        self.searches(&recorder, &embedded).await;
        println!("embedded index {:.1} MiB", mebibytes(folder_bytes(&folder.path().join("data/index"))));
        self.cached_searches(&embedded).await;
        self.changes(&recorder, &embedded).await;
        feeding::measure(&self.client, &self.node, &recorder, self.extent.fed, self.extent.rounds).await;
    }

    /// Returns a folder whose database has the messages.
    fn crawled(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SETTINGS_FILE), settings(free_address(), self.upstream.1)).unwrap();
        run(folder.path(), &["crawl", "messages"]);
        folder
    }

    /// Starts a server with further settings, and waits until it finds the messages.
    async fn serve(&self, folder: &Path, more: &str) -> Server {
        self.serve_with(folder, "", more).await
    }

    /// Starts a server with settings before and after the tables.
    async fn serve_with(&self, folder: &Path, first: &str, more: &str) -> Server {
        let address = free_address();
        let settings = settings(address, self.upstream.1);
        std::fs::write(folder.join(SETTINGS_FILE), format!("{first}{settings}{more}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarry"));
        let process = Running::start(command.arg("serve").current_dir(folder));
        wait_for(address);
        let server = Server { _process: process, address };
        let started = Instant::now();
        let body = search(self.queries[0]);
        while self.ask(&server.url(), &body).await["data"]["search"]["nodes"][0].is_null() {
            assert!(started.elapsed() < Duration::from_secs(60), "no hits");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    async fn ask(&self, url: &str, body: &str) -> Value {
        let request = self.client.post(url).header("content-type", "application/json").body(body.to_owned());
        let response = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&response).unwrap()
    }

    fn script(&self, name: &str, bodies: &[String]) -> PathBuf {
        posting_script(&self.folder.path().join(name), "application/json", "", bodies)
    }

    /// Measures contenders in turn, and prints their medians with ratios to the first one.
    ///
    /// Each round begins at another part of `bodies` bodies.
    fn load(&self, contenders: &[Contender], bodies: usize) -> Vec<Load> {
        let mut loads: Vec<Vec<Load>> = contenders.iter().map(|_| Vec::new()).collect();
        for round in 0..self.extent.rounds {
            let first = (round * bodies / self.extent.rounds).to_string();
            for (Contender { url, script, searches, .. }, loads) in contenders.iter().zip(&mut loads) {
                let load = Load::of(url, CLIENTS, self.extent.seconds, Some(script), &[&first]);
                loads.push(Load { a_second: load.a_second * searches, ..load });
            }
        }
        let loads: Vec<Load> = loads.into_iter().map(Load::median).collect();
        for (contender, load) in contenders.iter().zip(&loads) {
            print_load(&contender.name, load, &loads[0]);
        }
        loads
    }

    async fn searches(&self, recorder: &Recorder, embedded: &Server) {
        let folder = self.crawled();
        let recorded = self.serve(folder.path(), &cluster(&recorder.url, PREFIX, "0s")).await;
        let mut requests = Vec::new();
        for query in self.queries {
            // The first search also looks up words.
            self.ask(&recorded.url(), &search(query)).await;
            recorder.take();
            self.ask(&recorded.url(), &search(query)).await;
            requests.extend(recorder.take().into_iter().filter(|of| of.path.starts_with("_msearch")));
        }
        drop(recorded);
        println!("{} requests for {} searches", requests.len(), self.queries.len());
        let bodies: Vec<String> = requests.iter().map(|of| of.body.clone()).collect();
        let path = self.folder.path().join("direct.lua");
        let direct = posting_script(&path, "application/x-ndjson", "", &bodies);
        let searches = self.script("searches.lua", &self.queries.map(search));
        let server = self.serve(folder.path(), &cluster(&self.node.url, PREFIX, "0s")).await;
        let of = |name: &str, server: &Server| Contender::new(name, server.url(), &searches);
        let contenders = [
            Contender {
                searches: self.queries.len() as f64 / bodies.len() as f64,
                ..Contender::new(
                    "OpenSearch directly",
                    format!("{}/{}", self.node.url, requests[0].path),
                    &direct,
                )
            },
            of("quarry on OpenSearch, no cache", &server),
            of("quarry, embedded", embedded),
        ];
        println!("\nTen hits with texts:");
        let loads = self.load(&contenders, 0);
        self.peers(&loads[0]).await;
        println!(
            "index of OpenSearch {:.1} MiB",
            mebibytes(self.node.index_bytes(&self.client, PREFIX).await)
        );
    }

    /// Measures the same searches in other systems.
    async fn peers(&self, base: &Load) {
        let Extent { seconds, rounds, .. } = self.extent;
        let rounds = |measure: &dyn Fn() -> Load| Load::median((0..rounds).map(|_| measure()).collect());
        match FullTextPostgres::load(&self.messages).await {
            Some(peer) => {
                let load = rounds(&|| peer.measure(&self.queries, CLIENTS, seconds));
                print_load(&format!("PostgreSQL, GIN ({})", peer.size), &load, base);
            }
            None => println!("PostgreSQL is missing"),
        }
        match RediSearch::load(&self.messages) {
            Some(peer) => {
                let load = rounds(&|| peer.measure(&self.queries, CLIENTS, seconds));
                print_load(&format!("RediSearch ({})", peer.size), &load, base);
            }
            None => println!("RediSearch is missing: install Debian's package redis-redisearch"),
        }
        let peer = FullTextSqlite::load(self.folder.path(), &self.messages).await;
        let mut loads = Vec::new();
        for _ in 0..self.extent.rounds {
            loads.push(peer.measure(&self.queries, CLIENTS, seconds).await);
        }
        print_load(&format!("SQLite FTS5, in process ({})", peer.size), &Load::median(loads), base);
    }

    async fn cached_searches(&self, embedded: &Server) {
        let words = QueryWords::of(&self.messages);
        println!("\n{} words are repeated, {} pairs are new", words.frequent.len(), words.pairs.len());
        let redis = OwnRedis::start();
        let folders = [self.crawled(), self.crawled()];
        for share in [0.5, 0.9] {
            let _: () = redis::cmd("FLUSHALL").query(&mut redis.connect()).unwrap();
            let first = format!("redis_url = \"{}\"\n", redis.url());
            let in_redis = cluster(&self.node.url, "bench-redis", "5m");
            let in_redis = self.serve_with(folders[0].path(), &first, &in_redis).await;
            let of_process = cluster(&self.node.url, "bench-process", "5m");
            let of_process = self.serve(folders[1].path(), &of_process).await;
            let cached = [&in_redis, &of_process];
            for word in &words.frequent {
                for server in cached {
                    self.ask(&server.url(), &search(word)).await;
                }
            }
            let bodies: Vec<String> = words.stream(share).iter().map(|query| search(query)).collect();
            let script = self.script("stream.lua", &bodies);
            let of = |name: &str, server: &Server| Contender::new(name, server.url(), &script);
            let contenders = [
                of("embedded, no cache", embedded),
                of("OpenSearch, cache in Redis", &in_redis),
                of("OpenSearch, cache in the process", &of_process),
            ];
            let before = [self.outcomes(&in_redis).await, self.outcomes(&of_process).await];
            println!("\n{:.0} % repeated:", share * 100.0);
            self.load(&contenders, bodies.len());
            for (server, before) in cached.into_iter().zip(before) {
                let after = self.outcomes(server).await;
                let (hits, all) = (after.0 - before.0, after.1 - before.1);
                println!("  {hits} of {all} searches hit the cache: {:.3}", hits / all);
            }
        }
    }

    /// Returns how many searches hit the cache, and how many there were.
    async fn outcomes(&self, server: &Server) -> (f64, f64) {
        let metrics = self.client.get(format!("http://{}/metrics", server.address)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let of_cache = metrics.lines().filter(|line| line.starts_with("quarry_cached_searches_total{"));
        of_cache.fold((0.0, 0.0), |(hits, all), line| {
            let count: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            (hits + if line.contains("\"hit\"") { count } else { 0.0 }, all + count)
        })
    }

    async fn changes(&self, recorder: &Recorder, embedded: &Server) {
        let folder = self.crawled();
        let recorded = self.serve(folder.path(), &cluster(&recorder.url, "bench-changes", "0s")).await;
        recorder.take();
        self.ask(&recorded.url(), &change(0)).await;
        let requests = recorder.take();
        drop(recorded);
        let writes =
            requests.into_iter().filter(|of| of.path.contains("/_bulk") || of.path.ends_with("/_refresh"));
        let writes: Vec<_> = writes.collect();
        assert_eq!(writes.len(), 2, "{writes:?}");
        let server = self.serve(folder.path(), &cluster(&self.node.url, "bench-changes", "0s")).await;
        // The lease of the killed server expires first.
        while self.ask(&server.url(), &change(CHANGES + 1)).await["data"]["indexDocuments"].is_null() {}
        let mut times: [Vec<f64>; 3] = Default::default();
        for at in 1..=CHANGES {
            let began = Instant::now();
            let mut bulk = writes[0].clone();
            // A version above all others, or the write has no effect.
            let (head, rest) = bulk.body.split_once("\"version\":").unwrap();
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            bulk.body = format!("{head}\"version\":{}{rest}", 1_000_000 + at);
            for write in [&bulk, &writes[1]] {
                let response = write.send(&self.client, &self.node.url).await.text().await.unwrap();
                assert!(!response.contains("error\""), "{response}");
            }
            times[0].push(began.elapsed().as_secs_f64() * 1_000.0);
            for (server, times) in [&server, embedded].into_iter().zip(&mut times[1..]) {
                let began = Instant::now();
                let stored = self.ask(&server.url(), &change(at)).await;
                assert_eq!(stored["data"]["indexDocuments"]["inserted"], 1, "{stored}");
                times.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
        }
        for server in [&server, embedded] {
            let found = self.ask(&server.url(), &search(&format!("change{CHANGES}"))).await;
            assert_eq!(found["data"]["search"]["nodes"].as_array().unwrap().len(), 1, "{found}");
        }
        println!("\n{CHANGES} changes of one document, until searches find it:");
        let names =
            ["_bulk and _refresh directly", "indexDocuments on OpenSearch", "indexDocuments, embedded"];
        let base = quantile(&mut times[0], 0.5);
        for (name, mut times) in names.into_iter().zip(times) {
            let (p50, p99) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
            println!("{name:<40} p50 {p50:>8.2} ms p99 {p99:>8.2} ms  p50 {:.2} of the first", p50 / base);
        }
    }
}

impl Contender {
    fn new(name: &str, url: String, script: &Path) -> Self {
        Self { name: name.to_owned(), url, script: script.to_owned(), searches: 1.0 }
    }
}

impl Server {
    fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }
}

/// Returns the settings of a cluster.
fn cluster(url: &str, prefix: &str, cache_ttl: &str) -> String {
    format!(
        "[search]\nengine = \"opensearch\"\n[opensearch]\nurls = [\"{url}\"]\nprefix = \"{prefix}\"\n\
         replicas = 0\ncache_ttl = \"{cache_ttl}\"\n"
    )
}

/// Returns the body of a mutation that stores a document, and waits until searches find it.
fn change(at: usize) -> String {
    let document = "mutation($document: DocumentInput!) { indexDocuments(input: { documents: [$document] }) { inserted } }";
    let text = format!("please book a table for change{at} and two tickets to the opera");
    json!({ "query": document, "variables": { "document": { "source": "notes", "key": at.to_string(), "text": text } } })
        .to_string()
}

fn print_load(name: &str, load: &Load, base: &Load) {
    println!(
        "{name:<40} {:>7.0} searches/s {:>6.2} of the first  p50 {:>7.2} ms p99 {:>7.2} ms",
        load.a_second,
        load.a_second / base.a_second,
        load.p50_ms,
        load.p99_ms
    );
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { folder_bytes(&entry.path()) } else { metadata.len() }
        })
        .sum()
}

fn quantile(times: &mut [f64], quantile: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * quantile).round() as usize]
}
