//! The cost of a crawled item, relative to parsing alone, and the rate of a crawl beside dlt's.
//!
//! `cargo bench --bench crawl -- 100000` serves that many generated messages from a simulator without faults in a
//! process of its own, a thousand per page, and reads them
//! - by GET and serde_json, which parses each page into a `Value` and drops it (the base of the ratios);
//! - by the HTTP upstream: GET, decoding, tolerant JSON with all digits, and the parts of the page;
//! - by the whole crawl, which also maps the items and stores documents, ledger and cursor in SQLite; then again,
//!   when nothing has changed;
//! - by dlt's `rest_api` source into DuckDB, if `QUARRY_DLT_PYTHON` names a Python with dlt (`benches/peer`).
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarry::config::{Settings, SourceConfig};
use quarry::crawl::{CrawlOptions, Crawler, HttpUpstream, LogProgress, RunEnd, Upstream, UpstreamRequest};
use quarry::domain::Crawl;
use quarry::simulator::{Collection, FaultProfile, Simulator, synthetic};
use quarry::store::Store;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// The items of a page.
const PAGE: usize = 1_000;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: usize) {
    let url = serve(size).await;
    println!("{size} messages, {PAGE} per page; µs per item, and items per second\n");
    let source = source(&url);
    // It also installs the TLS provider of the process, which the plain client needs as well.
    let upstream = Arc::new(HttpUpstream::new(&source).unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = report("GET and serde_json", size, None, async {
        for url in pages(&url, size) {
            let body = client.get(url).send().await.unwrap().bytes().await.unwrap();
            let page: Value = serde_json::from_slice(&body).unwrap();
            assert!(!page["items"].as_array().unwrap().is_empty());
        }
    })
    .await;
    report("the HTTP upstream", size, Some(base), async {
        for url in pages(&url, size) {
            let page = upstream.fetch_page(&UpstreamRequest::from(url)).await.unwrap();
            assert!(!page.items.is_empty());
        }
    })
    .await;
    let folder = TempDir::new().unwrap();
    let store = Store::connect(&format!("sqlite://{}/quarry.db", folder.path().display()), 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    for (name, inserted) in [("the crawl into SQLite", size as i64), ("the crawl again, unchanged", 0)] {
        let before = resident_mib();
        let mut crawl = None;
        let took = report(name, size, Some(base), async {
            let options = CrawlOptions::new(Uuid::from_u128(1));
            let upstream: Arc<dyn Upstream> = upstream.clone();
            let crawler =
                Crawler::new(store.clone(), upstream, source.clone(), options, StdRng::seed_from_u64(1));
            crawl = Some(finish(crawler).await);
        })
        .await;
        assert_eq!(crawl.map(|crawl| crawl.inserted), Some(inserted));
        println!("    resident memory {before} MiB before, {} MiB after; {took:?}", resident_mib());
    }
    peer(&url, size, base).await;
}

/// Prints and returns the duration of a reading.
async fn report(
    name: &str,
    size: usize,
    base: Option<Duration>,
    reading: impl Future<Output = ()>,
) -> Duration {
    let start = Instant::now();
    reading.await;
    let took = start.elapsed();
    let ratio = base.map_or(1.0, |base| took.as_secs_f64() / base.as_secs_f64());
    let (micros, rate) = (took.as_secs_f64() * 1e6 / size as f64, size as f64 / took.as_secs_f64());
    println!("{name:<28} {micros:>8.2} µs {rate:>10.0}/s {ratio:>6.2}");
    took
}

/// Serves messages without faults on threads of its own, and returns the address of their list.
async fn serve(size: usize) -> Url {
    let messages = Collection::from_values("messages", synthetic::messages(size, 1)).unwrap();
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            Simulator::new([messages], FaultProfile::None, 1).serve(listener, std::future::pending()).await;
        });
    });
    let address = receive.await.unwrap();
    format!("http://{address}/messages/").parse().unwrap()
}

fn pages(url: &Url, size: usize) -> impl Iterator<Item = Url> {
    (0..size).step_by(PAGE).map(move |skip| {
        let mut url = url.clone();
        url.set_query(Some(&format!("skip={skip}&limit={PAGE}")));
        url
    })
}

fn source(url: &Url) -> SourceConfig {
    let text = format!(
        r#"
        [[sources]]
        name = "messages"
        url = "{url}"
        items = "/items"
        total = "/total"
        delay = "0s"
        pagination = {{ kind = "offset", size = {PAGE} }}
        [sources.fields]
        key = "/id"
        text = "/message"
        author_key = "/user_id"
        author_name = "/user_name"
        published_at = "/timestamp"
        "#
    );
    Settings::from_toml(&text).unwrap().sources.crawled.remove(0)
}

/// Crawls as `quarry crawl` and a server do.
async fn finish(mut crawler: Crawler) -> Crawl {
    match crawler.run(&CancellationToken::new(), &LogProgress).await.unwrap() {
        RunEnd::Finished(crawl, _) => *crawl,
        end => panic!("{end:?}"),
    }
}

/// The resident memory of this process, which also holds the served messages.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

/// Reads the same list by dlt, which also infers a schema, in one process as its manual describes.
async fn peer(url: &Url, size: usize, base: Duration) {
    let Ok(python) = std::env::var("QUARRY_DLT_PYTHON") else {
        println!("dlt was not measured: set QUARRY_DLT_PYTHON, as benches/peer/README.md describes");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer/crawl.py");
    for destination in ["duckdb", "sqlite"] {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(&python);
        command.arg(script).args([url.as_str(), destination, &PAGE.to_string(), &size.to_string()]);
        command.current_dir(folder.path()).stdout(Stdio::null());
        let name = format!("dlt into {destination}");
        report(&name, size, Some(base), async {
            let status = tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
            assert!(status.success());
        })
        .await;
    }
}
