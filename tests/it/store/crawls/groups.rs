//! Pages in a row that are stored in one transaction.

use std::ops::Range;
use std::sync::Arc;

use quarry::domain::{AuthorId, CrawlId, PagePosition, Tally};
use quarry::store::{PageCommit, Slice, StoreError};

use super::super::{by, draft, source};
use super::{begin, commit, count, drafts, lease, now, slot};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    pages_of_a_group_count_as_if_stored_one_after_another,
    the_ledger_has_the_attempts_of_a_group,
    a_group_without_an_attempt_at_its_first_page_stores_nothing,
);

/// Returns pages of one document each, of which the attempt at the first one is in the ledger.
fn group(crawl: CrawlId, positions: Range<i64>) -> Vec<PageCommit> {
    let page = |position| PageCommit {
        is_attempted: position == positions.start,
        ..commit(slot(crawl, position), drafts([position as i32]))
    };
    positions.clone().map(page).collect()
}

async fn pages_of_a_group_count_as_if_stored_one_after_another(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let crawl = begin(&store).await.id;
    let mut first = commit(slot(crawl, 0), drafts(0..3));
    first.drafts[0].author = by("u1", "Old");
    first.rejected = 2;
    // One counted before, one changed, one new.
    let mut second = commit(slot(crawl, 1), drafts(1..4));
    second.drafts[1].text = "other".to_owned();
    second.drafts[1].author = by("u1", "Middle");
    let mut third = commit(slot(crawl, 2), drafts([0]));
    third.drafts[0].author = by("u1", "New");
    third.deleted = vec![draft("3", "").id()];
    let mut fourth = commit(slot(crawl, 3), drafts(3..5));
    fourth.expected_total = Some(11);

    for later in [&mut second, &mut third, &mut fourth] {
        later.is_attempted = false;
    }
    store.begin_attempt(&lease, first.slot, now()).await.unwrap();
    let outcomes = store.commit_pages(&lease, vec![first, second, third, fourth], now()).await.unwrap();
    let upserts: Vec<_> = outcomes
        .iter()
        .map(|page| (page.upsert.inserted, page.upsert.updated, page.upsert.unchanged))
        .collect();
    assert_eq!(upserts, [(3, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0)]);
    let crawls: Vec<_> = outcomes
        .iter()
        .map(|page| &page.crawl)
        .map(|crawl| (crawl.pages_fetched, crawl.documents_seen, crawl.inserted, crawl.deleted))
        .collect();
    assert_eq!(crawls, [(1, 3, 3, 0), (2, 4, 4, 0), (3, 4, 4, 1), (4, 5, 6, 1)]);
    let last = &outcomes[3].crawl;
    assert_eq!((last.updated, last.unchanged, last.rejected, last.attempts), (2, 0, 2, 4));
    assert_eq!((last.expected_total, last.cursor.as_deref()), (Some(11), Some("{\"next\":4}")));
    assert_eq!(store.crawls_by_id(&[crawl]).await.unwrap()[&crawl], *last);
    assert_eq!(store.latest_revision().await.unwrap(), outcomes[3].upsert.revision);

    assert_eq!(count(&store).await, 5);
    let changed = draft("2", "").id();
    assert_eq!(store.documents_by_id(&[changed]).await.unwrap()[&changed].text, "other");
    let author = AuthorId::of(&source("messages"), "u1");
    assert_eq!(store.authors_by_id(&[author]).await.unwrap()[&author].name, "New");

    // Each document bears the tally: a later page of the crawl counts none of them again.
    let mut again = commit(slot(crawl, 4), drafts(0..5));
    again.tally = Tally::of(crawl);
    store.begin_attempt(&lease, again.slot, now()).await.unwrap();
    let outcomes = store.commit_pages(&lease, vec![again], now()).await.unwrap();
    assert_eq!(outcomes[0].crawl.documents_seen, 5);
}

async fn the_ledger_has_the_attempts_of_a_group(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let crawl = begin(&store).await.id;
    // An interrupted crawl had requested the third page before.
    store.begin_attempt(&lease, slot(crawl, 2), now()).await.unwrap();
    store.fail_attempt(&lease, slot(crawl, 2), Some(503), "503").await.unwrap();
    store.begin_attempt(&lease, slot(crawl, 0), now()).await.unwrap();
    let outcomes = store.commit_pages(&lease, group(crawl, 0..600), now()).await.unwrap();
    assert_eq!(outcomes.len(), 600);
    assert_eq!((outcomes[599].crawl.attempts, outcomes[599].crawl.documents_seen), (601, 600));

    let entries = store.crawl_pages(crawl, Slice::first(1_000)).await.unwrap();
    assert_eq!(entries.len(), 600);
    for (position, entry) in entries.iter().enumerate() {
        assert_eq!(entry.position, PagePosition(position as i64));
        assert_eq!((entry.attempts, entry.failures.len()), if position == 2 { (2, 1) } else { (1, 0) });
        assert_eq!((entry.status, entry.documents, entry.hash.as_deref()), (Some(200), 1, Some("hash")));
    }
}

async fn a_group_without_an_attempt_at_its_first_page_stores_nothing(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = lease(&store).await;
    let crawl = begin(&store).await;
    store.begin_attempt(&lease, slot(crawl.id, 1), now()).await.unwrap();
    let refused = store.commit_pages(&lease, group(crawl.id, 0..3), now()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(count(&store).await, 0);
    let stored = &store.crawls_by_id(&[crawl.id]).await.unwrap()[&crawl.id];
    assert_eq!((stored.pages_fetched, stored.cursor.as_ref()), (0, None));
    assert!(store.commit_pages(&lease, Vec::new(), now()).await.unwrap().is_empty());
}
