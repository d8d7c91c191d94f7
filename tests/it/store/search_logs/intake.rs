//! Intake of searches: as given, each once, with exact roll-ups.

use std::sync::Arc;

use futures_util::future::join_all;
use quarry::domain::FinalReason;
use quarry::store::{LogOutcome, NewSearch, SearchLogFilter};

use super::super::at;
use super::{assert_rolled_up, everything, id, key, quarters, query_hours, search, session, user};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    searches_are_stored_as_given,
    every_reason_is_stored,
    the_same_id_is_stored_once,
    searches_are_counted_by_query_and_hour,
    thousands_in_one_call,
    two_servers_that_log_the_same_count_it_once,
    many_servers_flush_at_once,
    nul_characters_fail_no_call,
);

async fn searches_are_stored_as_given(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let queries = [
        "🦀".repeat(256),
        "👩‍👩‍👧‍👦".repeat(120),
        "שלום עולם مرحبا 中文 e\u{301} ıİß".to_owned(),
        "quotes ' \" ` \\ \\' % _ ; -- $1 ? :name".to_owned(),
        "a\u{300}".repeat(1_300),
        "x".to_owned(),
    ];
    let searches: Vec<NewSearch> = queries
        .iter()
        .zip(1..)
        .map(|(query, number)| NewSearch {
            session: session(&format!("{}{number}", "🦀".repeat(127))),
            user: (number % 2 == 0).then(|| user(&"ü".repeat(128))),
            truncated: number == 1,
            keystrokes: i64::from(u32::MAX) + 7,
            result_count: [None, Some(0), Some(i64::from(u32::MAX))][number as usize % 3],
            reason: FinalReason::Submitted,
            started_at: at("2026-11-20T10:11:12.123456789Z"),
            last_keystroke_at: at("2099-12-31T23:59:59.987654321Z"),
            ..search(number, "s", query, 0)
        })
        .collect();
    let LogOutcome { inserted, superseded, duplicates, erased } =
        store.log_searches(&searches).await.unwrap();
    assert_eq!((inserted.len(), superseded, duplicates, erased), (searches.len(), 0, 0, 0));
    let ids: Vec<_> = searches.iter().map(|search| search.id).collect();
    let mut found = store.searches_by_id(&[ids.clone(), vec![id(99)]].concat()).await.unwrap();
    assert_eq!(found.len(), searches.len());
    for (given, inserted) in searches.iter().zip(inserted) {
        let kept = found.remove(&given.id).unwrap();
        assert_eq!(kept, inserted);
        assert_eq!((&kept.session, &kept.user), (&given.session, &given.user));
        assert!(kept.query == given.query && kept.truncated == given.truncated, "{}", given.query);
        assert_eq!((kept.keystrokes, kept.result_count), (given.keystrokes, given.result_count));
        assert_eq!(kept.reason, given.reason);
        assert_eq!(kept.started_at, at("2026-11-20T10:11:12.123456Z"));
        assert_eq!(kept.last_keystroke_at, at("2099-12-31T23:59:59.987654Z"));
        assert!((chrono::Utc::now() - kept.logged_at).num_seconds() < 60);
    }
    assert_eq!(store.log_searches(&[]).await.unwrap(), LogOutcome::default());
    assert!(store.searches_by_id(&[]).await.unwrap().is_empty());
}

async fn every_reason_is_stored(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let reasons = [
        FinalReason::Idle,
        FinalReason::Submitted,
        FinalReason::Replaced,
        FinalReason::Cleared,
        FinalReason::UserChanged,
        FinalReason::Limit,
        FinalReason::Shutdown,
    ];
    for (reason, number) in reasons.into_iter().zip(1..) {
        store.log_searches(&[NewSearch { reason, ..search(number, "s", "bus", 0) }]).await.unwrap();
        assert_eq!(store.searches_by_id(&[id(number)]).await.unwrap()[&id(number)].reason, reason);
    }
}

async fn the_same_id_is_stored_once(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let [one, two, three] = [1, 2, 3].map(|number| search(number, "s", "bus", number as i64));
    // The first of several counts.
    let again = NewSearch { query: "other".to_owned(), query_key: "other".to_owned(), ..one.clone() };
    let outcome = store.log_searches(&[two.clone(), one.clone(), again.clone(), two.clone()]).await.unwrap();
    let ids: Vec<_> = outcome.inserted.iter().map(|search| search.id).collect();
    assert_eq!((ids, outcome.duplicates), (vec![id(2), id(1)], 2));
    let first = everything(&store).await;
    assert_rolled_up(&database, &store).await;

    let outcome = store.log_searches(&[again, two.clone(), three.clone(), one.clone()]).await.unwrap();
    assert_eq!((outcome.inserted.len(), outcome.duplicates), (1, 3));
    assert_eq!(outcome.inserted[0].id, id(3));
    assert_eq!(everything(&store).await[1..], first);
    assert_rolled_up(&database, &store).await;

    let outcome = store.log_searches(&[one, two, three]).await.unwrap();
    assert_eq!((outcome.inserted.len(), outcome.duplicates), (0, 3));
    assert_rolled_up(&database, &store).await;
}

async fn searches_are_counted_by_query_and_hour(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let found = |count: i64, search: NewSearch| NewSearch { result_count: Some(count), ..search };
    store
        .log_searches(&[
            found(0, search(1, "s", "How is", 0)),
            found(7, search(2, "s", "how IS", 20)),
            search(3, "t", "howis", 10),
            search(4, "t", "bus", 3_599),
        ])
        .await
        .unwrap();
    // A later call with an earlier search; the next hour; and a similar query.
    store
        .log_searches(&[
            found(5, search(5, "s", "HOW is", 15)),
            found(0, search(6, "s", "bus", 3_600)),
            search(7, "s", "bús", 3_600),
            search(8, "s", "buß", 3_600),
            search(9, "s", "buss", 3_600),
        ])
        .await
        .unwrap();
    let hours = query_hours(&database).await;
    let how_is = &hours[&(at("2026-11-20T10:00:00Z"), "howis".to_owned())];
    assert_eq!((how_is.searches, how_is.zero_results, how_is.counted, how_is.results), (4, 1, 3, 12));
    assert_eq!((how_is.query.as_str(), how_is.last_searched_at), ("how IS", at("2026-11-20T10:00:20Z")));
    assert_eq!(hours.len(), 6);
    let by_quarter: Vec<_> = quarters(&database).await.into_values().collect();
    assert_eq!(by_quarter, [(4, 1), (1, 0), (4, 1)]);
    assert_rolled_up(&database, &store).await;
}

async fn thousands_in_one_call(database: Arc<TestDatabase>) {
    let store = database.store().await;
    // Several statements by number, then by size.
    let short: Vec<NewSearch> =
        (0..2_500).map(|n| search(n, "s", &format!("Query {}", n % 1_300), n as i64)).collect();
    assert_eq!(store.log_searches(&short).await.unwrap().inserted.len(), 2_500);
    let long: Vec<NewSearch> =
        (0..1_000).map(|n| search(2_000 + n, "s", &format!("{n} {}", "长".repeat(1_300)), 0)).collect();
    let outcome = store.log_searches(&long).await.unwrap();
    assert_eq!((outcome.inserted.len(), outcome.duplicates), (500, 500));
    assert_eq!(store.count_searches(&SearchLogFilter::default()).await.unwrap(), 3_000);
    assert_rolled_up(&database, &store).await;
}

async fn two_servers_that_log_the_same_count_it_once(database: Arc<TestDatabase>) {
    const ROUNDS: u128 = 12;
    const SEARCHES: u128 = 60;
    let store = database.store().await;
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(database.connect().await);
    }
    for round in 0..ROUNDS {
        // The first two send the same searches, the others overlap; the orders differ.
        let calls =
            servers.iter().zip([(0, 1), (0, 7), (30, 11), (50, 13)]).map(|(server, (first, step))| {
                let searches: Vec<NewSearch> = (0..SEARCHES)
                    .map(|n| (n * step) % SEARCHES + first)
                    .map(|n| {
                        let queries = ["Bus", "bus", "train", "b us", "plane"];
                        search(round * 1_000 + n, "s", queries[n as usize % 5], (n * 97) as i64)
                    })
                    .collect();
                async move { server.log_searches(&searches).await.unwrap() }
            });
        let outcomes = join_all(calls).await;
        let inserted: usize = outcomes.iter().map(|outcome| outcome.inserted.len()).sum();
        let duplicates: usize = outcomes.iter().map(|outcome| outcome.duplicates).sum();
        assert_eq!((inserted, duplicates), (110, 4 * 60 - 110));
    }
    assert_eq!(everything(&store).await.len(), 110 * ROUNDS as usize);
    let sums = query_hours(&database).await;
    assert_eq!(sums.values().map(|of| of.searches).sum::<i64>(), 110 * ROUNDS as i64);
    assert_eq!(quarters(&database).await.values().map(|of| of.0).sum::<i64>(), 110 * ROUNDS as i64);
    assert!(sums.keys().all(|(_, stored)| key(stored) == *stored));
}

async fn many_servers_flush_at_once(database: Arc<TestDatabase>) {
    const SERVERS: u128 = 6;
    const FLUSHES: u128 = 4;
    const SEARCHES: u128 = 300;
    let store = database.store().await;
    let mut servers = tokio::task::JoinSet::new();
    for server in 0..SERVERS {
        let store = database.connect().await;
        servers.spawn(async move {
            for flush in 0..FLUSHES {
                // Scattered ids, like digests, and frequent queries.
                let searches: Vec<NewSearch> = (0..SEARCHES)
                    .map(|n| {
                        let number = (flush * SEARCHES + n) * SERVERS + server;
                        let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                        search(id, "s", &format!("Query {}", number % 400), (number % 7_200) as i64)
                    })
                    .collect();
                assert_eq!(store.log_searches(&searches).await.unwrap().inserted.len(), searches.len());
            }
        });
    }
    servers.join_all().await;
    assert_eq!(everything(&store).await.len() as u128, SERVERS * FLUSHES * SEARCHES);
    assert_rolled_up(&database, &store).await;
}

async fn nul_characters_fail_no_call(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store.log_searches(&[search(1, "s", "a\0b", 0), search(2, "s", "c", 1)]).await.unwrap();
    let queries: Vec<String> = everything(&store).await.into_iter().map(|search| search.query).collect();
    assert_eq!(queries, ["c", "a\u{fffd}b"]);
    assert_rolled_up(&database, &store).await;
    let filter = SearchLogFilter { query_key_prefix: Some("a\0".to_owned()), ..Default::default() };
    assert_eq!(store.count_searches(&filter).await.unwrap(), 1);
}
