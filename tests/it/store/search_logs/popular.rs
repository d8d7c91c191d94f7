//! Popular searches, and marks that show changes of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{FinalReason, Searcher};
use quarry::store::{NewSearch, PopularSearch, Store};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::super::at;
use super::{everything, key, remove_before, search, session};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    enough_sessions_make_a_search_popular,
    repeated_searches_of_few_sessions_are_not_popular,
    a_spelling_of_few_sessions_is_not_shown,
    popular_searches_match_the_rows,
    the_mark_shows_every_change,
);

async fn popular(store: &Store, since: &str, min_sessions: u32, limit: u64) -> Vec<(String, i64)> {
    let popular = store.popular_searches(at(since), min_sessions, limit).await.unwrap();
    popular.into_iter().map(|search| (search.query, search.searches)).collect()
}

fn counted(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|&(query, searches)| (query.to_owned(), searches)).collect()
}

async fn enough_sessions_make_a_search_popular(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let broken_off = |reason, search: NewSearch| NewSearch { reason, ..search };
    store
        .log_searches(&[
            search(1, "a", "red shoes", 1),
            search(2, "b", "Red Shoes", 2),
            search(3, "c", "RED SHOES", 4_000),
            search(4, "a", "bus", 3),
            search(5, "b", "bus", 4),
            search(6, "a", "train", 3),
            search(7, "b", "train", 4),
            broken_off(FinalReason::Limit, search(8, "c", "train", 5)),
            broken_off(FinalReason::Shutdown, search(9, "d", "TRAIN", 6)),
        ])
        .await
        .unwrap();
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 3, 10).await, counted(&[("red shoes", 3)]));
    // Ties by key, with the spelling of a completed search.
    let two = counted(&[("train", 4), ("red shoes", 3), ("bus", 2)]);
    assert_eq!(popular(&store, "2026-11-20T10:59:00Z", 2, 10).await, two, "from the hour's beginning");
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 2, 1).await, two[..1]);
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 2, 0).await, []);
    assert_eq!(popular(&store, "2026-11-20T11:00:00Z", 1, 10).await, counted(&[("RED SHOES", 1)]));
    assert_eq!(popular(&store, "2026-11-20T12:00:00Z", 0, 10).await, []);
    store.erase_searches(&Searcher::Session(session("c")), at("2026-11-20T23:00:00Z")).await.unwrap();
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 3, 10).await, []);
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 2, 1).await, counted(&[("train", 3)]));
}

async fn repeated_searches_of_few_sessions_are_not_popular(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut searches: Vec<NewSearch> = (0..200).map(|n| search(n, "robot", "alone", n as i64)).collect();
    // The other sessions are beyond the sample of latest searches.
    searches.extend((200..400).map(|n| search(n, "robot", "company", n as i64)));
    searches.extend([search(400, "a", "company", 1), search(401, "b", "company", 2)]);
    store.log_searches(&searches).await.unwrap();
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 3, 10).await, counted(&[("company", 202)]));
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 4, 10).await, []);
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", u32::MAX, 10).await, []);
}

async fn a_spelling_of_few_sessions_is_not_shown(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut searches: Vec<NewSearch> =
        (0..5).map(|n| search(n, &format!("s{n}"), "Pen Island", n as i64)).collect();
    // One session, more often and later.
    searches.extend((10..90).map(|n| search(n, "rude", "penis land", n as i64)));
    // Enough sessions, but not for any of their spellings.
    searches.extend([search(100, "a", "no where", 1), search(101, "b", "nowhere", 2)]);
    searches.extend([search(102, "c", "now here", 3)]);
    store.log_searches(&searches).await.unwrap();
    assert_eq!(popular(&store, "2026-11-20T10:00:00Z", 3, 10).await, counted(&[("Pen Island", 85)]));
    let alone = popular(&store, "2026-11-20T10:00:00Z", 1, 10).await;
    assert_eq!(alone[0], ("Pen Island".to_owned(), 85));
    assert_eq!(alone.len(), 2);
}

async fn popular_searches_match_the_rows(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut random = StdRng::seed_from_u64(7);
    let reasons = [FinalReason::Idle, FinalReason::Submitted, FinalReason::Replaced, FinalReason::Limit];
    let searches: Vec<NewSearch> = (0..3_000)
        .map(|number| {
            // Some queries and some sessions are frequent.
            let skewed = |random: &mut StdRng, most: u32| {
                let below = random.random_range(1..=most);
                random.random_range(0..below)
            };
            let query = format!("Query {}", skewed(&mut random, 300));
            let of = format!("session {}", skewed(&mut random, 40));
            let reason = reasons[random.random_range(0..reasons.len())];
            NewSearch { reason, ..search(number, &of, &query, random.random_range(0..20_000)) }
        })
        .collect();
    for some in searches.chunks(500) {
        store.log_searches(some).await.unwrap();
    }
    for (since, min_sessions, limit) in [
        ("2026-11-20T10:00:00Z", 3, 1_000),
        ("2026-11-20T10:00:00Z", 1, 1_000),
        ("2026-11-20T13:00:00Z", 6, 1_000),
        ("2026-11-20T10:00:00Z", 3, 20),
    ] {
        let found = store.popular_searches(at(since), min_sessions, limit).await.unwrap();
        let mut expected = brute_force(&store, since, min_sessions as usize).await;
        expected.truncate(limit as usize);
        assert!(!expected.is_empty());
        assert_eq!(found, expected, "{since} {min_sessions} {limit}");
    }
}

async fn brute_force(store: &Store, since: &str, min_sessions: usize) -> Vec<PopularSearch> {
    let mut of_key: BTreeMap<String, (i64, BTreeSet<String>, Option<String>)> = BTreeMap::new();
    // Newest first.
    for search in everything(store).await {
        if search.last_keystroke_at < at(since) {
            continue;
        }
        let of = of_key.entry(key(&search.query)).or_default();
        of.0 += 1;
        if search.reason != FinalReason::Limit {
            of.1.insert(search.session.as_str().to_owned());
            of.2.get_or_insert(search.query);
        }
    }
    let mut popular: Vec<PopularSearch> = of_key
        .into_iter()
        .filter(|(_, (_, sessions, _))| sessions.len() >= min_sessions)
        .map(|(query_key, (searches, _, query))| PopularSearch { query: query.unwrap(), query_key, searches })
        .collect();
    popular.sort_by_key(|search| -search.searches);
    popular
}

async fn the_mark_shows_every_change(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let since = at("2026-11-20T09:00:00Z");
    let mut last = store.search_log_mark(since).await.unwrap();
    let through = at("2026-11-20T10:00:00Z") + TimeDelta::seconds(3);
    let mut changes = async |what: &str, erasure: bool| {
        let mark = store.search_log_mark(since).await.unwrap();
        assert_eq!(mark, store.search_log_mark(since).await.unwrap(), "nothing happened");
        assert_ne!(mark, last, "{what}");
        assert_eq!(mark.erasures() != last.erasures(), erasure, "{what}");
        assert_eq!(mark.erasures(), store.erasure_mark().await.unwrap(), "{what}");
        last = mark;
    };
    store.log_searches(&[search(1, "a", "bus", 10)]).await.unwrap();
    changes("a search", false).await;
    store.log_searches(&[search(2, "b", "bus", 1)]).await.unwrap();
    changes("one that comes late", false).await;
    store.erase_searches(&Searcher::Session(session("b")), through).await.unwrap();
    changes("an erasure", true).await;
    store.log_searches(&[search(3, "c", "bus", 2)]).await.unwrap();
    changes("one more", false).await;
    store.erase_searches(&Searcher::Session(session("b")), through).await.unwrap();
    changes("an erasure once more", true).await;
    let before = store.search_log_mark(since).await.unwrap();
    assert_eq!(store.log_searches(&[search(3, "c", "bus", 2)]).await.unwrap().duplicates, 1);
    assert_eq!(store.search_log_mark(since).await.unwrap(), before, "nothing new was logged");
    assert_ne!(store.search_log_mark(at("2026-11-20T11:00:00Z")).await.unwrap(), before, "time passed");
    assert_eq!(remove_before(&store, at("2026-11-20T10:00:05Z"), 100).await, 1);
    changes("what is too old goes", false).await;
    let older = search(5, "e", "tram", 8);
    store.log_searches(&[search(4, "d", "tram", 7), older.clone()]).await.unwrap();
    changes("two more", false).await;
    let revised = search(5, "e", "tramway", 9);
    store.log_searches(&[NewSearch { revision: 2, ..revised }]).await.unwrap();
    changes("one that supersedes another, neither the oldest nor the latest", false).await;
}
