//! Pages and filters of the log.

use std::sync::Arc;

use quarry::domain::{LoggedSearch, LoggedSearchId};
use quarry::store::{NewSearch, SearchLogFilter, Slice, Store};

use super::super::at;
use super::{everything, id, search, session, user};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    pages_are_ordered_newest_first,
    filters_match_exactly,
    ids_are_compared_exactly,
    prefixes_have_no_wildcards,
);

async fn numbers(store: &Store, filter: SearchLogFilter) -> Vec<u128> {
    let found = store.search_log(&filter, Slice::first(1_000)).await.unwrap();
    assert_eq!(store.count_searches(&filter).await.unwrap(), found.len() as u64, "{filter:?}");
    found.into_iter().map(|search| search.id.0.as_u128()).collect()
}

async fn pages_are_ordered_newest_first(database: Arc<TestDatabase>) {
    let store = database.store().await;
    // Equal times, and ids that differ in their first or last bytes.
    let searches: Vec<NewSearch> = (0..60_u128)
        .map(|n| {
            let number = (n << 120) | (n % 7);
            let mut search = search(number, "s", "bus", (n % 4) as i64);
            search.last_keystroke_at += chrono::TimeDelta::microseconds((n % 2) as i64);
            search
        })
        .collect();
    store.log_searches(&searches).await.unwrap();
    let mut expected: Vec<_> = searches.iter().map(|search| (search.last_keystroke_at, search.id)).collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let place = |search: &LoggedSearch| (search.last_keystroke_at, search.id);
    for limit in [1, 7, 60, 61] {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = store
                .search_log(&SearchLogFilter::default(), Slice::first(limit).after(after))
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() as u64 <= limit);
            after = Some(place(last));
            found.extend(page.iter().map(place));
        }
        assert_eq!(found, expected, "{limit}");
    }
    // Positions without a search are valid.
    let between = Some((at("2026-11-20T10:00:02.5Z"), LoggedSearchId(uuid::Uuid::max())));
    let page = store.search_log(&SearchLogFilter::default(), Slice::first(1).after(between)).await.unwrap();
    assert_eq!(page[0].last_keystroke_at, at("2026-11-20T10:00:02Z"));
}

async fn filters_match_exactly(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let with = |count: Option<i64>, of: Option<&str>, search: NewSearch| NewSearch {
        result_count: count,
        user: of.map(user),
        ..search
    };
    store
        .log_searches(&[
            with(Some(0), None, search(1, "s", "bus", 1)),
            with(None, Some("u"), search(2, "s", "Busi ness", 2)),
            with(Some(3), Some("v"), search(3, "t", "data", 3)),
            with(Some(0), Some("u"), search(4, "t", "business trip", 4)),
        ])
        .await
        .unwrap();
    let all = SearchLogFilter::default;
    let prefix = |text: &str| SearchLogFilter { query_key_prefix: Some(text.to_owned()), ..all() };
    let from = Some(at("2026-11-20T10:00:02Z"));
    for (filter, expected) in [
        (all(), vec![4, 3, 2, 1]),
        (SearchLogFilter { session: Some(session("s")), ..all() }, vec![2, 1]),
        (SearchLogFilter { user: Some(user("u")), ..all() }, vec![4, 2]),
        (SearchLogFilter { user: Some(user("s")), ..all() }, vec![]),
        (SearchLogFilter { logged_in: Some(true), ..all() }, vec![4, 3, 2]),
        (SearchLogFilter { logged_in: Some(false), ..all() }, vec![1]),
        (prefix("bus"), vec![4, 2, 1]),
        (prefix("businesst"), vec![4]),
        (prefix(""), vec![4, 3, 2, 1]),
        (SearchLogFilter { from, ..all() }, vec![4, 3, 2]),
        (SearchLogFilter { before: from, ..all() }, vec![1]),
        (SearchLogFilter { from, before: from, ..all() }, vec![]),
        (SearchLogFilter { zero_results: Some(true), ..all() }, vec![4, 1]),
        (SearchLogFilter { zero_results: Some(false), ..all() }, vec![3, 2]),
        (SearchLogFilter { session: Some(session("t")), user: Some(user("u")), ..prefix("b") }, vec![4]),
        (SearchLogFilter { zero_results: Some(true), logged_in: Some(false), from, ..all() }, vec![]),
    ] {
        assert_eq!(numbers(&store, filter.clone()).await, expected, "{filter:?}");
    }
    let filter = SearchLogFilter { session: Some(session("s")), ..all() };
    let after = Some((at("2026-11-20T10:00:02Z"), id(2)));
    assert_eq!(store.search_log(&filter, Slice::first(10).after(after)).await.unwrap()[0].id, id(1));
    assert!(store.search_log(&filter, Slice::first(0)).await.unwrap().is_empty());
}

async fn ids_are_compared_exactly(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let ids =
        ["anna", "Anna", "ANNA", "änna", "a\u{308}nna", "anna ", "anna  ", " anna", "ﬁ", "fi", "ß", "ss"];
    for (id, number) in ids.iter().zip(1..) {
        let of_user = NewSearch { user: Some(user(id)), ..search(number, id, "bus", 0) };
        store.log_searches(&[of_user]).await.unwrap();
    }
    for (id, number) in ids.iter().zip(1..) {
        let filter = SearchLogFilter { session: Some(session(id)), ..Default::default() };
        assert_eq!(numbers(&store, filter).await, [number], "{id:?}");
        let filter = SearchLogFilter { user: Some(user(id)), ..Default::default() };
        assert_eq!(numbers(&store, filter).await, [number], "{id:?}");
    }
    assert_eq!(
        store
            .erase_searches(&quarry::domain::Searcher::User(user("anna")), at("2027-01-01T00:00:00Z"))
            .await
            .unwrap(),
        1
    );
    assert_eq!(everything(&store).await.len(), ids.len() - 1);
}

async fn prefixes_have_no_wildcards(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let long = "长".repeat(300);
    let keys = [
        "50%off",
        "50 off",
        "50_off",
        "50",
        "a\\b",
        "a\\",
        "a[b]c",
        "a*",
        "z",
        "é",
        "e\u{301}",
        "\u{d7ff}x",
        "\u{e000}x",
        "\u{10ffff}",
        "\u{10ffff}x",
        "'; --",
        &long,
    ];
    for (key, number) in keys.iter().zip(1..) {
        let search =
            NewSearch { query_key: (*key).to_owned(), ..search(number, "s", "bus", -(number as i64)) };
        store.log_searches(&[search]).await.unwrap();
    }
    // Truncated like the key, so that it matches itself.
    let cut = |text: &str| text.chars().take(256).collect::<String>();
    for prefix in
        keys.iter().copied().chain(["5", "50%", "50_", "%", "_", "a", "\\", "a[", "长", "\u{10ffff}y"])
    {
        let expected: Vec<u128> = keys
            .iter()
            .zip(1..)
            .filter(|(key, _)| cut(key).starts_with(&cut(prefix)))
            .map(|(_, number)| number)
            .collect();
        let filter = SearchLogFilter { query_key_prefix: Some(prefix.to_owned()), ..Default::default() };
        assert_eq!(numbers(&store, filter).await, expected, "{prefix:?}");
    }
}
