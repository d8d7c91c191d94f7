//! `quarry demo`: upstream, crawl and server in one process, on synthetic data.

mod folder;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::net::TcpListener;

use super::output::{note_line, say_line};
use super::progress::{CrawlDisplay, summary};
use super::{HEADING, INTERRUPTED, cancel_on_signal, listen, start_log};
use crate::app::{self, Server};
use crate::config::{DEFAULT_FILE, Environment, Overrides, Settings};
use crate::crawl::RunEnd;
use crate::simulator::{Collection, FaultProfile, Simulator, synthetic};
use crate::supervisor::stop_signals;

/// The number of messages, as many as a real upstream has.
const MESSAGES: usize = 3_349;
/// The number of products.
const PRODUCTS: usize = 500;
/// The seed of data and faults, the same in every demo.
const SEED: u64 = 1;
/// The folder of the demo, emptied on each run.
const FOLDER: &str = "demo";

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The address to serve on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// An origin whose pages may send requests, such as http://localhost:5173; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// The faults of the simulated upstream
    #[arg(long, value_enum, default_value_t = FaultProfile::Real)]
    faults: FaultProfile,
    /// The parent of the folder `demo`, whose data is deleted at the start if a demo created it
    #[arg(long, value_name = "FOLDER", default_value = "data", help_heading = HEADING)]
    data_dir: PathBuf,
    /// The log level: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "error", help_heading = HEADING)]
    log_level: String,
}

pub(super) async fn run(demo: DemoArgs) -> Result<ExitCode> {
    if !demo.listen.ip().to_canonical().is_loopback() {
        bail!(
            "other machines may reach {}, and the demo requires no keys: give --listen a loopback address \
             such as 127.0.0.1:{}",
            demo.listen,
            demo.listen.port()
        );
    }
    let upstream = TcpListener::bind("127.0.0.1:0").await.context("cannot open a port for the upstream")?;
    let settings = settings(&demo, upstream.local_addr()?.port())?;
    start_log(&settings)?;
    warn_of_unused_file();
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr()?;
    folder::prepare(&settings).await?;
    let started = Instant::now();
    say_line!("Crawling an upstream with random faults ({}) and synthetic data.", demo.faults)?;
    let messages = Collection::from_values("messages", synthetic::messages(MESSAGES, SEED))?;
    let products = Collection::from_values("products", synthetic::products(PRODUCTS, SEED))?;
    let simulator = Simulator::new([messages, products], demo.faults, SEED);
    let handle = simulator.handle();
    tokio::spawn(simulator.serve(upstream, std::future::pending()));
    if !crawl_all(&settings).await? {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    say_line!("The upstream answered {} requests.", handle.stats().requests)?;
    let server = Server::open(settings).await?;
    // A failure to greet is no reason to stop.
    let greet = move || drop(greet(address, started.elapsed()));
    server.run(listener, None, greet, stop_signals()?).await?;
    Ok(ExitCode::SUCCESS)
}

/// Returns true for a setting that a variable can change.
///
/// The demo fixes the others: it empties its database, and shares nothing with production servers.
fn is_read(key: &str) -> bool {
    const FOLDERS: [&str; 7] =
        ["keystrokes.", "limits.", "rate_limits.", "reports.", "search.", "server.", "suggest."];
    let is_fixed = key == "server.metrics_listen";
    !is_fixed && (key == "log.format" || FOLDERS.iter().any(|folder| key.starts_with(folder)))
}

/// Warns that the settings file of other commands has no effect here.
fn warn_of_unused_file() {
    let file = Path::new(DEFAULT_FILE);
    if file.exists() {
        note_line!("warning: the demo does not read {}; `quarry serve` does", file.display());
    }
}

fn warn_of_unused_variables(unused: &[String]) {
    if !unused.is_empty() {
        let names = unused.join(", ");
        note_line!("warning: the demo does not read {names}; `quarry serve` reads every setting");
    }
}

/// The demo's settings: quick, since the upstream is in the same process.
fn settings(demo: &DemoArgs, port: u16) -> Result<Settings> {
    let pace = "delay = \"15ms\"\ntimeout = \"1s\"\nbackoff = \"50ms\"\nmax_backoff = \"1s\"\n\
                max_retry_after = \"1s\"\nrefresh = \"5m\"";
    let text = format!(
        r#"
[[sources]]
name = "messages"
url = "http://127.0.0.1:{port}/messages"
items = "/items"
total = "/total"
pagination = {{ kind = "offset", offset = "skip", limit = "limit", size = 100 }}
{pace}
[sources.fields]
key = "/id"
text = "/message"
author_key = "/user_id"
author_name = "/user_name"
published_at = "/timestamp"
[[sources]]
name = "products"
url = "http://127.0.0.1:{port}/products/cursor"
items = "/items"
pagination = {{ kind = "cursor", next = "/next_cursor", size = 50 }}
{pace}
[sources.fields]
key = "/sku"
title = "/name"
text = "/description"
category = "/category"
published_at = "/updated_at"
[[sources.attributes]]
name = "brand"
type = "string"
[[sources.attributes]]
name = "price"
type = "number"
"#,
    );
    let overrides = Overrides {
        listen: Some(demo.listen.to_string()),
        data_dir: Some(demo.data_dir.join(FOLDER).display().to_string()),
        log_level: Some(demo.log_level.clone()),
        allowed_origins: (!demo.allow_origin.is_empty()).then(|| demo.allow_origin.join(",")),
        ..Overrides::default()
    };
    let (environment, unused) = Environment::of_process()?.retain(is_read);
    warn_of_unused_variables(&unused);
    let settings = Settings::from_text("demo", &text, &overrides, &environment)?;
    if let Some(warning) = settings.foreign_variables() {
        note_line!("warning: {warning}");
    }
    Ok(settings)
}

/// Crawls every source; returns `false` after an interrupt.
async fn crawl_all(settings: &Settings) -> Result<bool> {
    let (store, _) = app::open_store(settings).await?;
    let cancel = cancel_on_signal()?;
    let display = CrawlDisplay::new();
    let mut reports = Vec::new();
    for source in &settings.sources.crawled {
        match app::crawl(settings, store.clone(), source, false, &display, &cancel).await? {
            RunEnd::Finished(crawl, _) => reports.push(summary(&crawl)),
            RunEnd::Cancelled => return Ok(false),
            RunEnd::Held(_) => {}
        }
    }
    store.close().await?;
    say_line!("{}", reports.join("\n"))?;
    Ok(true)
}

fn greet(address: SocketAddr, took: Duration) -> std::io::Result<()> {
    say_line!(
        r#"
Ready after {took:.1} s.

  Console   http://{address}/           (search, reports, sources)
  GraphiQL  http://{address}/graphiql   (explore, with completion)
  GraphQL   http://{address}/graphql

Three queries to paste into GraphiQL:

  {{ search(query: "london resturant", first: 3) {{ totalCount relaxed tookMs edges {{ score highlights {{ html }} node {{ author {{ name documentCount }} }} }} }} }}

  {{ search(query: "wireless", first: 3, filter: {{ source: ["products"] }}) {{ totalCount relaxed nodes {{ title category }} facets {{ field buckets {{ value count }} }} }} }}

  {{ sources {{ name documentCount lastCrawl {{ state pagesFetched attempts pages(first: 3) {{ nodes {{ position attempts failures }} }} }} }} }}

Ctrl-C stops it."#,
        took = took.as_secs_f64()
    )
}
