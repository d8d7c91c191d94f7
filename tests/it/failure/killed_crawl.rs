//! Repeatedly killed crawls resume at their pages.

use quarry::domain::{Crawl, SourceName};
use quarry::store::Store;
use sea_orm::ConnectionTrait;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, generated, keys, source};
use crate::support::search_log::Tables;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

/// A delay that lets no crawl end before its kill.
const PACE: &str = "delay = \"100ms\"";
/// The seed of the messages and faults of the harsh upstream.
const HARSH_SEED: u64 = 5;
/// The numbers of pages after which the crawl is killed.
const KILLED_AFTER: [i64; 5] = [3, 9, 15, 21, 27];

#[tokio::test]
async fn a_crawl_killed_five_times_loses_nothing_and_repeats_no_page() {
    let upstream = Upstream::start("harsh", HARSH_SEED).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, PACE));
    folder.succeed(&["migrate", "up"]).await;
    let store = Store::connect(&folder.database_url(), 1).await.expect("connects");

    let mut left_at = None;
    for pages in KILLED_AFTER {
        let mut crawling = folder.start(&["crawl", "messages"]);
        if let Some(left_at) = left_at {
            // It resumes at once, after the last stored page.
            let after = crawling
                .line("the resumption", |line| {
                    let (_, after) = line.split_once("crawl 1 resumes after page ")?;
                    after.parse::<i64>().ok()
                })
                .await;
            assert_eq!(after, left_at);
        }
        until(&format!("page {pages}"), async || {
            assert!(crawling.is_running(), "it ended before its page {pages}");
            (last_crawl(&store).await?.pages_fetched >= pages).then_some(())
        })
        .await;
        let ended = crawling.kill();
        assert_eq!(ended.code, None, "killed");
        // It did not wait for the lease of the killed process.
        assert!(!ended.stderr.contains("another process"), "{}", ended.stderr);
        left_at = last_crawl(&store).await.map(|crawl| crawl.pages_fetched);
    }
    store.close().await.expect("closes");

    let report = folder.succeed(&["crawl", "messages"]).await;
    assert!(report.starts_with("messages: crawl 1 completed\n  3349 of 3349 documents"), "{report}");
    let served = upstream.stop().await;

    let server = folder.serve().await;
    assert_eq!(server.endpoint.key_set("").await, keys(&generated(HARSH_SEED)));
    let crawls = server.endpoint.crawls("messages").await;
    let [crawl] = &crawls[..] else { panic!("one crawl: {crawls:?}") };
    assert_eq!((&crawl["state"], &crawl["inserted"]), (&"COMPLETED".into(), &MESSAGES.into()));

    // The ledger has each page once, and each attempt that a kill interrupted, even one whose request was
    // not sent.
    let ledger = server.endpoint.ledger(crawl).await;
    let attempts: u64 = ledger.iter().map(|line| line["attempts"].as_u64().expect("a number")).sum();
    assert_eq!(crawl["attempts"], attempts);
    assert_eq!(crawl["pagesFetched"], ledger.len());
    assert!(ledger.iter().enumerate().all(|(position, line)| line["position"] == position), "{ledger:?}");
    let unsent = KILLED_AFTER.len() as u64;
    assert!((attempts - unsent..=attempts).contains(&served.requests), "{attempts} attempts: {served:?}");
    server.stop().await;
}

#[tokio::test]
async fn an_interrupted_crawl_or_one_of_a_killed_server_resumes_at_once() {
    let upstream = Upstream::start("none", SEED).await;
    // The crawl outlasts the start of two servers.
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"250ms\""));
    let page = |line: &str| line.contains("page 1 of sweep 1").then_some(());
    let mut crawling = folder.start(&["crawl", "messages"]);
    crawling.line("a page", page).await;
    crawling.interrupt();
    let ended = crawling.end().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("stopped; the next crawl resumes here"), "{}", ended.stderr);

    // Two servers resume the crawl and are killed.
    for _ in 0..2 {
        let mut server = folder.serve().await;
        let pages = async || server.endpoint.crawls("messages").await[0]["pagesFetched"].as_u64();
        let before = pages().await;
        until("a page more", async || (pages().await > before).then_some(())).await;
        let crawls = server.endpoint.crawls("messages").await;
        assert_eq!((crawls.len(), &crawls[0]["state"]), (1, &"RUNNING".into()));
        server.process.kill();
        // The next server takes over the lease, which was not released and does not expire.
        hold_for_ever(&folder).await;
    }
    let server = folder.serve().await;
    until("the end of the crawl", async || {
        (server.endpoint.crawls("messages").await[0]["state"] == "COMPLETED").then_some(())
    })
    .await;
    let crawls = server.endpoint.crawls("messages").await;
    assert_eq!((crawls.len(), &crawls[0]["inserted"]), (1, &MESSAGES.into()), "{crawls:?}");
    until("an index in step", async || (server.endpoint.total("").await == MESSAGES as u64).then_some(()))
        .await;
    server.stop().await;
    // Only the pages in flight at a kill were requested again.
    let requests = upstream.stop().await.requests;
    assert!((34..=37).contains(&requests), "{requests}");
}

/// Extends the lease of the crawl beyond the end of the test.
async fn hold_for_ever(folder: &Folder) {
    let Tables(tables) = Tables::connect(&folder.database_url()).await;
    let held = tables
        .execute_unprepared("UPDATE leases SET expires_at = '2999-01-01' WHERE name = 'crawl:messages'")
        .await;
    assert_eq!(held.expect("the database does it").rows_affected(), 1);
    tables.close().await.expect("closes");
}

async fn last_crawl(store: &Store) -> Option<Crawl> {
    let source = SourceName::parse("messages").expect("a name");
    store.last_crawls(std::slice::from_ref(&source)).await.expect("the store answers").remove(&source)
}
