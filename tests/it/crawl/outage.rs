//! Outages of the database during a crawl: the crawl waits and continues at its page.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use chrono::Utc;
use quarry::config::SourceConfig;
use quarry::crawl::{CrawlOptions, Crawler, HttpUpstream, LogProgress, Progress, RunEnd, StepOutcome};
use quarry::domain::{CrawlState, SourceName};
use quarry::store::{Slice, Store};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::scripted::{Upstream, items, ok, page_of, source};
use crate::support::databases::{TestDatabase, run};
use crate::support::wait::ends;

/// A proxy between a store and its database. Closing it breaks connections.
struct DatabaseProxy {
    url: String,
    is_open: Arc<watch::Sender<bool>>,
}

impl DatabaseProxy {
    async fn to(database: &str) -> Self {
        let mut url = Url::parse(database).expect("a URL");
        let target = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(listener.local_addr().expect("an address").port())).expect("a port");
        let is_open = Arc::new(watch::Sender::new(true));
        let open = is_open.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut open = open.subscribe();
                let target = target.clone();
                tokio::spawn(async move {
                    let passing = async {
                        let mut far = TcpStream::connect(&target).await.expect("the database listens");
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    };
                    tokio::select! {
                        _ = open.wait_for(|open| !open) => {}
                        () = passing => {}
                    }
                });
            }
        });
        Self { url: url.into(), is_open }
    }
}

/// Closes the proxy after the second page, and opens it after two failures.
struct Outage {
    is_open: Arc<watch::Sender<bool>>,
    failures: Mutex<usize>,
}

impl Progress for Outage {
    fn report(&self, _source: &SourceName, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::PageStored { position, .. } if position.0 == 1 => {
                self.is_open.send_replace(false);
            }
            StepOutcome::StoreUnavailable { .. } => {
                let mut failures = self.failures.lock().expect("not poisoned");
                *failures += 1;
                if *failures == 2 {
                    self.is_open.send_replace(true);
                }
            }
            _ => {}
        }
    }
}

async fn continues_after_an_outage(database: Arc<TestDatabase>) {
    let direct = database.store().await;
    let proxy = DatabaseProxy::to(database.url()).await;
    let store = Store::connect(&proxy.url, 2).await.expect("connects");
    let upstream = Upstream::start(|request| ok(&page_of(&items(45), request))).await;
    // With pauses, each page is stored alone.
    let config = SourceConfig { delay: Duration::from_millis(1), ..source(upstream.url("/m")) };
    let http = Arc::new(HttpUpstream::new(&config).expect("an upstream"));
    let options = CrawlOptions::new(Uuid::from_u128(1));
    let mut crawler = Crawler::new(store, http, config, options, StdRng::seed_from_u64(1));
    let outage = Outage { is_open: proxy.is_open.clone(), failures: Mutex::new(0) };

    let end = crawler.run(&CancellationToken::new(), &outage).await.expect("a run");
    let RunEnd::Finished(crawl, _) = end else { panic!("{end:?}") };
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!((crawl.documents_seen, crawl.inserted, crawl.pages_fetched), (45, 45, 5));
    assert_eq!(*outage.failures.lock().expect("not poisoned"), 2);
    assert_eq!(direct.lease_holder("crawl:messages").await.expect("a result"), None);
}

/// Closes the proxy during a request, so that its page cannot be stored.
async fn refetches_an_unstored_page(database: Arc<TestDatabase>) {
    let direct = database.store().await;
    let proxy = DatabaseProxy::to(database.url()).await;
    let store = Store::connect(&proxy.url, 2).await.expect("connects");
    let is_open = proxy.is_open.clone();
    let upstream = Upstream::start(move |request| {
        if request.number == 2 {
            is_open.send_replace(false);
        }
        ok(&page_of(&items(45), request))
    })
    .await;
    let config = source(upstream.url("/m"));
    let http = Arc::new(HttpUpstream::new(&config).expect("an upstream"));
    let options = CrawlOptions::new(Uuid::from_u128(1));
    let mut crawler = Crawler::new(store, http, config, options, StdRng::seed_from_u64(1));
    for _ in 0..3 {
        crawler.step(Utc::now()).await.expect("a step");
    }
    assert!(matches!(crawler.step(Utc::now()).await, Ok(StepOutcome::StoreUnavailable { .. })));
    proxy.is_open.send_replace(true);

    let never = CancellationToken::new();
    let end = ends("the crawl", crawler.run(&never, &LogProgress)).await.expect("a run");
    let RunEnd::Finished(crawl, _) = end else { panic!("{end:?}") };
    assert_eq!((crawl.state, crawl.inserted, crawl.pages_fetched), (CrawlState::Completed, 45, 5));
    let pages = direct.crawl_pages(crawl.id, Slice::first(100)).await.expect("a ledger");
    let attempts: Vec<i32> = pages.iter().map(|page| page.attempts).collect();
    assert_eq!(attempts, [1, 1, 2, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crawl_continues_after_an_outage() {
    run(TestDatabase::postgres().await, continues_after_an_outage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_stored_is_fetched_again() {
    run(TestDatabase::postgres().await, refetches_an_unstored_page).await;
}
