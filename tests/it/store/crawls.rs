//! Crawls and their ledger: atomic pages, exact counts, and vanished documents.

mod groups;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use quarry::domain::{Crawl, CrawlId, CrawlState, DocumentDraft, PagePosition, Rejection, Revision, Tally};
use quarry::store::{
    CrawlEnd, Lease, PageCommit, PageOutcome, PageSlot, Slice, Store, StoreError, SweepVanished, Vanished,
};
use uuid::Uuid;

use super::{at, by, draft, source};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    a_crawl_is_started_once_and_found,
    the_ledger_records_each_attempt,
    pages_count_each_key_once,
    a_crawl_continues_the_count_of_a_failed_one,
    the_ledger_lists_rejected_items,
    rejected_items_keep_their_documents_and_deleted_ones_lose_them,
    documents_that_two_crawls_missed_are_deleted,
    the_limit_holds_and_is_reported,
    an_empty_upstream_deletes_nothing_and_is_incomplete,
    an_end_without_a_sweep_deletes_nothing,
    a_lost_lease_writes_nothing,
);

const LONG: Duration = Duration::from_secs(600);

fn now() -> DateTime<Utc> {
    at("2026-11-20T10:00:00.123456Z")
}

async fn lease(store: &Store) -> Lease {
    store.acquire_lease("crawl:messages", Uuid::new_v4(), LONG).await.unwrap().unwrap()
}

async fn begin(store: &Store) -> Crawl {
    store.begin_crawl(&source("messages"), false, now()).await.unwrap()
}

fn slot(crawl: CrawlId, position: i64) -> PageSlot {
    PageSlot { crawl, position: PagePosition(position), sweep: 1 }
}

fn commit(slot: PageSlot, drafts: Vec<DocumentDraft>) -> PageCommit {
    PageCommit {
        is_attempted: true,
        slot,
        status: Some(200),
        items: drafts.len() as i32,
        rejected: 0,
        hash: "hash".to_owned(),
        drafts,
        rejections: Vec::new(),
        kept: Vec::new(),
        deleted: Vec::new(),
        tally: Tally::of(slot.crawl),
        expected_total: Some(10),
        cursor: format!("{{\"next\":{}}}", slot.position.0 + 1),
    }
}

fn drafts(keys: impl IntoIterator<Item = i32>) -> Vec<DocumentDraft> {
    keys.into_iter().map(|key| draft(&key.to_string(), "text")).collect()
}

/// Starts an attempt at a page and stores the page.
async fn store_page(store: &Store, lease: &Lease, commit: PageCommit) -> PageOutcome {
    store.begin_attempt(lease, commit.slot, now()).await.unwrap();
    store.commit_pages(lease, vec![commit], now()).await.unwrap().remove(0)
}

fn end(sweep_vanished: Option<SweepVanished>) -> CrawlEnd {
    CrawlEnd { state: CrawlState::Completed, error: None, sweep_vanished }
}

/// Deletes what `crawl` has not seen, and no crawl since `missed_since`.
fn sweep(crawl: CrawlId, missed_since: Option<CrawlId>, max_share: f64) -> Option<SweepVanished> {
    let missed_since = missed_since.map(Tally::of);
    Some(SweepVanished { tally: Tally::of(crawl), missed_since, max_share, max_count: 0 })
}

async fn count(store: &Store) -> i64 {
    store.document_counts_of_sources(&[source("messages")]).await.unwrap()[&source("messages")]
}

async fn a_crawl_is_started_once_and_found(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let beginners: Vec<_> = (0..6)
        .map(|number| {
            let database = database.clone();
            tokio::spawn(async move {
                let store = database.connect().await;
                store.begin_crawl(&source("messages"), number == 3, now()).await.unwrap().id
            })
        })
        .collect();
    let mut ids = Vec::new();
    for beginner in beginners {
        ids.push(beginner.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let first = store.begin_crawl(&source("messages"), false, at("2026-11-20T12:00:00Z")).await.unwrap();
    assert_eq!((first.id, first.state, first.started_at), (ids[0], CrawlState::Running, now()));
    // A scheduled run does not revoke the operator's permission.
    assert!(first.allow_shrink);
    assert_eq!((first.cursor.as_ref(), first.expected_total, first.finished_at), (None, None, None));
    assert_eq!(store.sources().await.unwrap(), [source("messages")]);

    let lease = lease(&store).await;
    let (ended, _) = store.finish_crawl(&lease, first.id, end(None), now()).await.unwrap();
    assert_eq!((ended.state, ended.finished_at), (CrawlState::Completed, Some(now())));
    let second = begin(&store).await;
    assert!(second.id > first.id && !second.allow_shrink);
    let other = store.begin_crawl(&source("Messages"), false, now()).await.unwrap();

    let names = [source("messages"), source("Messages"), source("unknown")];
    let last = store.last_crawls(&names).await.unwrap();
    assert_eq!(last.len(), 2);
    assert_eq!((&last[&names[0]], &last[&names[1]]), (&second, &other));
    let crawls = store.crawls_of_source(&names[0], 10).await.unwrap();
    assert_eq!(crawls, [second.clone(), ended.clone()]);
    assert_eq!(store.crawls_of_source(&names[0], 1).await.unwrap(), std::slice::from_ref(&second));
    let found = store.crawls_by_id(&[first.id, second.id, CrawlId(999_999)]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((&found[&first.id], &found[&second.id]), (&ended, &second));
}

async fn the_ledger_records_each_attempt(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let crawl = begin(&store).await.id;
    let page = slot(crawl, 0);
    let refused = store.commit_pages(&lease, vec![commit(page, drafts(0..2))], now()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(count(&store).await, 0);

    store.begin_attempt(&lease, page, now()).await.unwrap();
    store.fail_attempt(&lease, page, Some(503), "503 Service Unavailable").await.unwrap();
    let later = at("2026-11-20T10:00:01Z");
    store.begin_attempt(&lease, page, later).await.unwrap();
    let lines = store.crawl_pages(crawl, Slice::first(10)).await.unwrap();
    // The process ends here, after the second request and without its response.
    assert_eq!((lines[0].attempts, lines[0].status, lines[0].fetched_at), (2, None, later));
    store.fail_attempt(&lease, page, None, "the connection was reset").await.unwrap();
    store.begin_attempt(&lease, page, later).await.unwrap();
    let taken = store.commit_pages(&lease, vec![commit(page, drafts(0..2))], now()).await.unwrap();
    let [taken] = &taken[..] else { panic!("one page: {taken:?}") };
    assert_eq!((taken.crawl.attempts, taken.crawl.pages_fetched), (3, 1));
    for position in 1..5 {
        store_page(&store, &lease, commit(slot(crawl, position), drafts([position as i32]))).await;
    }
    // A page without a response.
    store.begin_attempt(&lease, slot(crawl, 5), now()).await.unwrap();
    for _ in 0..120 {
        store.fail_attempt(&lease, slot(crawl, 5), Some(404), &"x".repeat(5_000)).await.unwrap();
    }

    assert_eq!(store.crawl_page_count(crawl).await.unwrap(), 6);
    let lines = store.crawl_pages(crawl, Slice::first(10)).await.unwrap();
    let line = &lines[0];
    assert_eq!((line.position, line.sweep, line.attempts), (PagePosition(0), 1, 3));
    assert_eq!((line.status, line.documents, line.hash.as_deref()), (Some(200), 2, Some("hash")));
    assert_eq!(line.failures, ["503 Service Unavailable", "the connection was reset"]);
    let positions: Vec<i64> = lines.iter().map(|line| line.position.0).collect();
    assert_eq!(positions, [0, 1, 2, 3, 4, 5]);
    let line = &lines[5];
    assert_eq!((line.status, line.documents, line.hash.as_ref()), (Some(404), 0, None));
    assert!(line.failures.len() == 100 && line.failures[0].len() == 500);
    let page = store.crawl_pages(crawl, Slice::first(2).after(PagePosition(2))).await.unwrap();
    assert_eq!(page.iter().map(|line| line.position.0).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(store.crawl_page_count(CrawlId(crawl.0 + 1)).await.unwrap(), 0);
}

async fn pages_count_each_key_once(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let crawl = begin(&store).await.id;
    let mut announced = store.committed_here();
    announced.mark_unchanged();

    let mut first = commit(slot(crawl, 0), drafts(0..3));
    first.rejected = 2;
    first.drafts[0].author = by("u1", "Sophia");
    let outcome = store_page(&store, &lease, first.clone()).await;
    assert_eq!((outcome.upsert.inserted, outcome.upsert.revision), (3, Revision::new(3)));
    let state = &outcome.crawl;
    assert_eq!((state.pages_fetched, state.documents_seen, state.inserted, state.rejected), (1, 3, 3, 2));
    assert_eq!((state.expected_total, state.cursor.as_deref()), (Some(10), Some("{\"next\":1}")));
    assert!(announced.has_changed().unwrap());
    announced.mark_unchanged();

    // The same page again: it has no new documents, and counts none again.
    first.slot = slot(crawl, 1);
    let outcome = store_page(&store, &lease, first).await;
    assert_eq!((outcome.upsert.unchanged, outcome.upsert.revision), (0, Revision::new(3)));
    assert_eq!((outcome.crawl.documents_seen, outcome.crawl.unchanged, outcome.crawl.rejected), (3, 0, 4));
    assert!(!announced.has_changed().unwrap());

    // One counted before, one changed, two new.
    let mut third = commit(slot(crawl, 2), drafts(1..5));
    third.drafts[1].text = "other".to_owned();
    let outcome = store_page(&store, &lease, third).await;
    let upsert = &outcome.upsert;
    assert_eq!((upsert.inserted, upsert.updated, upsert.unchanged), (2, 1, 0));
    let state = &outcome.crawl;
    assert_eq!((state.pages_fetched, state.documents_seen, state.inserted), (3, 5, 5));
    assert_eq!((state.updated, state.unchanged, state.attempts), (1, 0, 3));
    assert_eq!(store.crawls_by_id(&[crawl]).await.unwrap()[&crawl], outcome.crawl);

    // A key that is seen, deleted and seen again counts once.
    store.delete_documents(&[draft("4", "").id()]).await.unwrap();
    let outcome = store_page(&store, &lease, commit(slot(crawl, 3), drafts([4]))).await;
    assert_eq!((outcome.upsert.inserted, outcome.crawl.documents_seen), (1, 5));

    // The next crawl counts from zero; unchanged documents get no revision.
    store.finish_crawl(&lease, crawl, end(None), now()).await.unwrap();
    let before = store.latest_revision().await.unwrap();
    let next = begin(&store).await.id;
    let outcome = store_page(&store, &lease, commit(slot(next, 0), drafts(3..5))).await;
    assert_eq!((outcome.upsert.unchanged, outcome.crawl.documents_seen), (2, 2));
    assert_eq!(store.latest_revision().await.unwrap(), before);
}

async fn a_crawl_continues_the_count_of_a_failed_one(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let first = begin(&store).await.id;
    let failed = store_page(&store, &lease, commit(slot(first, 0), drafts(0..4))).await.crawl;
    store.finish_crawl(&lease, first, end(None), now()).await.unwrap();

    let second = begin(&store).await;
    assert_eq!((second.documents_seen, second.cursor.as_ref()), (0, None));
    let second = store.continue_crawl(&lease, second.id, &failed).await.unwrap();
    assert_eq!((second.documents_seen, second.expected_total), (4, Some(10)));
    assert_eq!((second.cursor, second.pages_fetched, second.inserted), (failed.cursor, 0, 0));
    let mut page = commit(slot(second.id, 1), drafts(2..6));
    page.tally = Tally::of(first);
    let outcome = store_page(&store, &lease, page).await;
    assert_eq!((outcome.crawl.documents_seen, outcome.crawl.inserted), (6, 2), "2 and 3 were seen before");
}

async fn the_ledger_lists_rejected_items(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let crawl = begin(&store).await.id;
    let rejections: Vec<Rejection> = (0..30)
        .map(|number| Rejection { key: Some(format!("k{number}")), reason: "text is missing".to_owned() })
        .collect();
    let page = PageCommit { rejections: rejections.clone(), ..commit(slot(crawl, 0), drafts(0..1)) };
    store_page(&store, &lease, page).await;
    store_page(&store, &lease, commit(slot(crawl, 1), drafts(1..2))).await;
    let pages = store.crawl_pages(crawl, Slice::first(10)).await.unwrap();
    assert_eq!((&pages[0].rejections[..], pages[1].rejections.len()), (&rejections[..20], 0));
}

async fn rejected_items_keep_their_documents_and_deleted_ones_lose_them(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let first = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(first, 0), drafts(0..6))).await;
    store.finish_crawl(&lease, first, end(sweep(first, None, 1.0)), now()).await.unwrap();
    let client = draft("client", "text");
    store.upsert_documents(std::slice::from_ref(&client)).await.unwrap();

    let second = begin(&store).await.id;
    let id = |key: &str| draft(key, "").id();
    let page = PageCommit {
        is_attempted: true,
        kept: vec![id("4"), id("unknown")],
        deleted: vec![id("5"), id("unknown"), client.id()],
        ..commit(slot(second, 0), drafts(0..4))
    };
    let outcome = store_page(&store, &lease, page).await;
    assert_eq!((outcome.crawl.deleted, outcome.crawl.documents_seen), (1, 4), "at once, but no client's");
    let (_, vanished) =
        store.finish_crawl(&lease, second, end(sweep(second, Some(first), 1.0)), now()).await.unwrap();
    assert_eq!(vanished, Vanished { live: 5, vanished: 0, removed: 0 });
    assert_eq!(count(&store).await, 6, "the rejected one and the client's stay");
}

async fn documents_that_two_crawls_missed_are_deleted(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let first = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(first, 0), drafts(0..1_200))).await;
    let (ended, vanished) =
        store.finish_crawl(&lease, first, end(sweep(first, None, 0.0)), now()).await.unwrap();
    assert_eq!(vanished, Vanished { live: 1_200, vanished: 0, removed: 0 });
    assert_eq!((ended.deleted, ended.error), (0, None));

    // Documents of other origins: from a client, from another source, restored by a client.
    let client = draft("client", "");
    let foreign = DocumentDraft { source: source("other"), ..draft("0", "") };
    let back = draft("1199", "text");
    store.delete_documents(&[back.id()]).await.unwrap();
    store.upsert_documents(&[client.clone(), foreign.clone(), back.clone()]).await.unwrap();
    // A crawled document that a client changes still belongs to the crawl.
    store.upsert_documents(&[draft("1198", "changed")]).await.unwrap();
    let before = store.latest_revision().await.unwrap();

    let second = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(second, 0), drafts(0..600))).await;
    let (ended, vanished) =
        store.finish_crawl(&lease, second, end(sweep(second, Some(first), 0.5)), now()).await.unwrap();
    assert_eq!(vanished, Vanished { live: 1_199, vanished: 599, removed: 0 }, "one crawl proves nothing");
    assert_eq!((ended.deleted, ended.error, ended.state), (0, None, CrawlState::Completed));
    assert_eq!(store.latest_revision().await.unwrap(), before);

    let third = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(third, 0), drafts(0..601))).await;
    let announced = store.committed_here();
    let (ended, vanished) =
        store.finish_crawl(&lease, third, end(sweep(third, Some(second), 0.5)), now()).await.unwrap();
    assert_eq!(vanished, Vanished { live: 1_199, vanished: 598, removed: 598 });
    assert_eq!((ended.deleted, ended.error, ended.state), (598, None, CrawlState::Completed));
    assert_eq!(count(&store).await, 603);
    assert!(store.documents_by_id(&[draft("1198", "").id()]).await.unwrap().is_empty());
    let kept = [client.id(), foreign.id(), back.id(), draft("600", "").id()];
    assert_eq!(store.documents_by_id(&kept).await.unwrap().len(), 4);
    let removals = store.changes_after(before, 10_000).await.unwrap();
    let revisions: Vec<i64> = removals.iter().map(|change| change.revision().value()).collect();
    assert_eq!(revisions, (before.value() + 1..=before.value() + 598).collect::<Vec<_>>());
    assert_eq!(announced.borrow().value(), before.value() + 598);

    // Documents that return upstream are restored.
    let fourth = begin(&store).await.id;
    let outcome = store_page(&store, &lease, commit(slot(fourth, 0), drafts(0..700))).await;
    assert_eq!((outcome.upsert.inserted, outcome.upsert.unchanged), (99, 601));
    assert_eq!(outcome.crawl.documents_seen, 700);
}

async fn an_empty_upstream_deletes_nothing_and_is_incomplete(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let first = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(first, 0), drafts(0..3))).await;
    store.finish_crawl(&lease, first, end(sweep(first, None, 0.2)), now()).await.unwrap();
    let second = begin(&store).await.id;
    let few = SweepVanished { max_count: 10, ..sweep(second, Some(first), 0.2).unwrap() };
    let (ended, vanished) = store.finish_crawl(&lease, second, end(Some(few)), now()).await.unwrap();
    assert_eq!((ended.state, ended.deleted), (CrawlState::Incomplete, 0));
    assert_eq!((vanished.vanished, count(&store).await), (3, 3));
    assert!(ended.error.unwrap().contains("3 of 3 documents"));
    let third = begin(&store).await.id;
    let accepted = end(sweep(third, Some(third), 1.0));
    let (ended, _) = store.finish_crawl(&lease, third, accepted, now()).await.unwrap();
    assert_eq!((ended.state, ended.deleted, count(&store).await), (CrawlState::Completed, 3, 0));
}

async fn the_limit_holds_and_is_reported(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let first = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(first, 0), drafts(0..10))).await;
    store.finish_crawl(&lease, first, end(sweep(first, None, 0.2)), now()).await.unwrap();

    let second = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(second, 0), drafts(0..7))).await;
    let before = store.latest_revision().await.unwrap();
    let (ended, vanished) =
        store.finish_crawl(&lease, second, end(sweep(second, Some(first), 0.2)), now()).await.unwrap();
    assert_eq!(vanished, Vanished { live: 10, vanished: 3, removed: 0 });
    assert_eq!((ended.state, ended.deleted), (CrawlState::Completed, 0));
    let error = ended.error.unwrap();
    for part in ["3 of 10", "30.0 %", "nothing was deleted", "quarry crawl messages --allow-shrink"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!((count(&store).await, store.latest_revision().await.unwrap()), (10, before));

    // With the operator's permission, the same state of the upstream is accepted.
    let third = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(third, 0), drafts(0..7))).await;
    let (ended, vanished) =
        store.finish_crawl(&lease, third, end(sweep(third, Some(third), 1.0)), now()).await.unwrap();
    assert_eq!(vanished, Vanished { live: 10, vanished: 3, removed: 3 });
    assert_eq!((ended.deleted, ended.error, count(&store).await), (3, None, 7));
}

async fn an_end_without_a_sweep_deletes_nothing(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let first = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(first, 0), drafts(0..10))).await;
    store.finish_crawl(&lease, first, end(None), now()).await.unwrap();
    let second = begin(&store).await.id;
    store_page(&store, &lease, commit(slot(second, 0), drafts(0..1))).await;
    let failed = CrawlEnd {
        state: CrawlState::Failed,
        error: Some("page 1 could not be fetched".to_owned()),
        sweep_vanished: None,
    };
    let (ended, vanished) = store.finish_crawl(&lease, second, failed, now()).await.unwrap();
    assert_eq!(vanished, Vanished::default());
    assert_eq!(
        (ended.state, ended.error.as_deref()),
        (CrawlState::Failed, Some("page 1 could not be fetched"))
    );
    assert_eq!(count(&store).await, 10);
}

async fn a_lost_lease_writes_nothing(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lost = lease(&store).await;
    let crawl = begin(&store).await;
    let page = slot(crawl.id, 0);
    store.begin_attempt(&lost, page, now()).await.unwrap();
    let before = store.crawls_by_id(&[crawl.id]).await.unwrap();
    let lines = store.crawl_pages(crawl.id, Slice::first(10)).await.unwrap();

    // First expired, then held by another process.
    store.renew_lease(&lost, Duration::ZERO).await.unwrap();
    for round in 0..2 {
        if round == 1 {
            lease(&store).await;
        }
        let is_lost =
            |error: StoreError| matches!(error, StoreError::LeaseLost(name) if name == "crawl:messages");
        assert!(is_lost(store.begin_attempt(&lost, page, now()).await.unwrap_err()));
        assert!(is_lost(store.fail_attempt(&lost, page, None, "late").await.unwrap_err()));
        assert!(is_lost(
            store.commit_pages(&lost, vec![commit(page, drafts(0..3))], now()).await.unwrap_err()
        ));
        let ended = store.finish_crawl(&lost, crawl.id, end(sweep(crawl.id, None, 1.0)), now()).await;
        assert!(is_lost(ended.unwrap_err()));
        assert_eq!(store.crawls_by_id(&[crawl.id]).await.unwrap(), before);
        assert_eq!(store.crawl_pages(crawl.id, Slice::first(10)).await.unwrap(), lines);
        assert_eq!(store.latest_revision().await.unwrap(), Revision::ZERO);
        assert_eq!(count(&store).await, 0);
    }
}
