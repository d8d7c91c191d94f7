//! Slices of ordered lists between any two positions, from both ends.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use quarry::domain::{AuthorId, DocumentDraft, LoggedSearchId, PagePosition};
use quarry::store::{NewSearch, PageSlot, SearchLogFilter, Slice};
use uuid::Uuid;

use super::search_logs::search;
use super::{at, by, draft, source};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(slices_of_the_search_log, slices_of_an_author, slices_of_a_ledger,);

/// All slices of a list of ordered positions, with their items.
fn slices<P: Copy>(list: &[P]) -> Vec<(Slice<P>, Vec<P>)> {
    let bounds = || std::iter::once(None).chain((0..list.len()).map(Some));
    let mut slices = Vec::new();
    for (after, before) in bounds().flat_map(|after| bounds().map(move |before| (after, before))) {
        let within = after.map_or(0, |after| after + 1)..before.unwrap_or(list.len());
        let within = list.get(within).unwrap_or_default();
        let [after, before] = [after, before].map(|bound| bound.map(|index| list[index]));
        for limit in [0, 1, 3, 100] {
            let length = within.len().min(limit);
            let limit = limit as u64;
            let first = Slice::first(limit).after(after).before(before);
            let last = Slice::last(limit).after(after).before(before);
            slices.push((first, within[..length].to_vec()));
            slices.push((last, within[within.len() - length..].to_vec()));
        }
    }
    slices
}

async fn slices_of_the_search_log(database: Arc<TestDatabase>) {
    let store = database.store().await;
    // Equal times, and ids that differ in their first or last bytes.
    let searches: Vec<NewSearch> = (0..9_u128)
        .map(|n| {
            let mut search = search((n << 120) | (n % 7), "s", "bus", 0);
            search.last_keystroke_at += TimeDelta::microseconds((n % 3) as i64);
            search
        })
        .collect();
    store.log_searches(&searches).await.unwrap();
    let mut list: Vec<_> = searches.iter().map(|search| (search.last_keystroke_at, search.id)).collect();
    list.sort_unstable_by(|a, b| b.cmp(a));
    let filter = SearchLogFilter::default();
    // Positions without an item are valid.
    let gone = (list[3].0, LoggedSearchId(Uuid::max()));
    let before_gone = (Slice::last(1).before(gone), vec![list[2]]);
    for (slice, expected) in slices(&list).into_iter().chain([before_gone]) {
        let found = store.search_log(&filter, slice).await.unwrap();
        let found: Vec<_> = found.iter().map(|search| (search.last_keystroke_at, search.id)).collect();
        assert_eq!(found, expected, "{slice:?}");
    }
}

async fn slices_of_an_author(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let drafts: Vec<DocumentDraft> = (0..9)
        .map(|number| DocumentDraft {
            author: by("u1", "Sophia"),
            published_at: (number % 3 != 0).then(|| at(&format!("2024-01-0{}T00:00:00.5Z", number % 3))),
            ..draft(&number.to_string(), "")
        })
        .collect();
    store.upsert_documents(&drafts).await.unwrap();
    let mut list: Vec<_> = drafts.iter().map(|draft| (draft.published_at, draft.id())).collect();
    list.sort_unstable_by_key(|(published_at, id)| (std::cmp::Reverse(*published_at), *id));
    let author = AuthorId::of(&source("messages"), "u1");
    for (slice, expected) in slices(&list) {
        let found = store.documents_of_author(author, slice).await.unwrap();
        let found: Vec<_> = found.iter().map(|document| (document.published_at, document.id)).collect();
        assert_eq!(found, expected, "{slice:?}");
    }
}

async fn slices_of_a_ledger(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let lease = store
        .acquire_lease("crawl:messages", Uuid::new_v4(), Duration::from_secs(600))
        .await
        .unwrap()
        .unwrap();
    let crawl = store.begin_crawl(&source("messages"), false, Utc::now()).await.unwrap().id;
    let list: Vec<_> = (0..6).map(PagePosition).collect();
    for position in &list {
        let slot = PageSlot { crawl, position: *position, sweep: 1 };
        store.begin_attempt(&lease, slot, Utc::now()).await.unwrap();
    }
    for (slice, expected) in slices(&list) {
        let lines = store.crawl_pages(crawl, slice).await.unwrap();
        let found: Vec<_> = lines.iter().map(|line| line.position).collect();
        assert_eq!(found, expected, "{slice:?}");
    }
}
