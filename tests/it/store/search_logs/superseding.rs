//! Searches that later typing supersedes: one row, and roll-ups that count its last content only.

use std::sync::Arc;

use futures_util::future::join_all;
use quarry::domain::{FinalReason, Searcher};
use quarry::store::NewSearch;

use super::super::at;
use super::{assert_rolled_up, everything, id, key, remove_before, search, session, user};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    a_higher_revision_supersedes_the_row,
    roll_ups_follow_across_hours_and_days,
    a_repeated_or_older_revision_changes_nothing,
    a_revision_of_a_missing_row_is_inserted,
    a_revision_of_an_erased_person_is_dropped,
    servers_that_supersede_the_same_row_count_it_once,
);

/// The search with another text, later and under a higher revision.
fn revised(of: &NewSearch, revision: i64, query: &str, later_s: i64) -> NewSearch {
    NewSearch {
        revision,
        query: query.to_owned(),
        query_key: key(query),
        keystrokes: of.keystrokes + later_s,
        last_keystroke_at: of.last_keystroke_at + chrono::TimeDelta::seconds(later_s),
        ..of.clone()
    }
}

async fn a_higher_revision_supersedes_the_row(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let first = NewSearch { result_count: Some(0), ..search(1, "s", "bu", 0) };
    let others = [search(2, "t", "bu", 5), search(3, "t", "Business", 7)];
    store.log_searches(&[&[first.clone()][..], &others].concat()).await.unwrap();
    let second = NewSearch {
        user: Some(user("ann")),
        result_count: Some(9),
        reason: FinalReason::Submitted,
        ..revised(&first, 2, "business", 6)
    };
    let outcome = store.log_searches(std::slice::from_ref(&second)).await.unwrap();
    assert_eq!((outcome.inserted.len(), outcome.duplicates, outcome.inserted[0].revision), (1, 0, 2));
    let log = everything(&store).await;
    assert_eq!(log.len(), 3);
    let row = log.iter().find(|row| row.id == id(1)).unwrap();
    assert_eq!(*row, outcome.inserted[0]);
    assert_eq!((row.query.as_str(), row.keystrokes, row.result_count), ("business", 11, Some(9)));
    assert_eq!((row.user.clone(), row.reason), (Some(user("ann")), FinalReason::Submitted));
    assert_eq!((row.started_at, row.last_keystroke_at), (first.started_at, second.last_keystroke_at));
    assert_rolled_up(&database, &store).await;
    // The same text with another count, and back to the first text, as its only search.
    let third = NewSearch { result_count: None, ..revised(&second, 3, "BUSINESS", 1) };
    let other = revised(&others[0], 2, "bush", 1);
    store.log_searches(&[third, other]).await.unwrap();
    assert_rolled_up(&database, &store).await;
    assert_eq!(everything(&store).await.len(), 3);
}

async fn roll_ups_follow_across_hours_and_days(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let first: Vec<NewSearch> = (1..40)
        .map(|number| NewSearch {
            last_keystroke_at: at("2026-11-19T23:59:50Z"),
            started_at: at("2026-11-19T23:59:40Z"),
            result_count: (number % 3 > 0).then_some(i64::from(number % 3 == 1)),
            ..search(number, &format!("s{number}"), &format!("word {}", number % 5), 0)
        })
        .collect();
    store.log_searches(&first).await.unwrap();
    while store.roll_up_searches(at("2026-11-25T00:00:00Z")).await.unwrap() {}
    assert_rolled_up(&database, &store).await;
    let second: Vec<NewSearch> = first
        .iter()
        .zip(1..)
        .filter(|(_, number)| number % 2 == 0)
        .map(|(of, number)| revised(of, 2, &format!("word {} more", number % 7), 10 + 20 * (number % 60)))
        .collect();
    store.log_searches(&second).await.unwrap();
    assert_rolled_up(&database, &store).await;
    while store.roll_up_searches(at("2026-11-25T00:00:00Z")).await.unwrap() {}
    assert_rolled_up(&database, &store).await;
    assert_eq!(everything(&store).await.len(), 39);
}

async fn a_repeated_or_older_revision_changes_nothing(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let first = search(1, "s", "bu", 0);
    let revisions = [revised(&first, 2, "bus", 6), revised(&first, 3, "bush", 12)];
    store.log_searches(std::slice::from_ref(&first)).await.unwrap();
    for revision in &revisions {
        store.log_searches(std::slice::from_ref(revision)).await.unwrap();
    }
    let log = everything(&store).await;
    for repeated in [&first, &revisions[0], &revisions[1]] {
        let outcome = store.log_searches(std::slice::from_ref(repeated)).await.unwrap();
        assert_eq!((outcome.inserted.len(), outcome.duplicates), (0, 1));
    }
    assert_eq!(everything(&store).await, log);
    assert_eq!((log[0].query.as_str(), log[0].revision), ("bush", 3));
    assert_rolled_up(&database, &store).await;
}

async fn a_revision_of_a_missing_row_is_inserted(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let first = search(1, "s", "bu", 0);
    store.log_searches(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(remove_before(&store, at("2026-11-21T00:00:00Z"), 10).await, 1);
    let outcome = store.log_searches(&[revised(&first, 2, "bus", 200_000)]).await.unwrap();
    assert_eq!((outcome.inserted.len(), outcome.inserted[0].revision), (1, 2));
    assert_eq!(everything(&store).await.len(), 1);
}

async fn a_revision_of_an_erased_person_is_dropped(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let first = NewSearch { user: Some(user("ann")), ..search(1, "s", "bu", 0) };
    store.log_searches(std::slice::from_ref(&first)).await.unwrap();
    let second = revised(&first, 2, "bus", 6);
    for searcher in [Searcher::Session(session("s")), Searcher::User(user("ann"))] {
        store.erase_searches(&searcher, second.last_keystroke_at).await.unwrap();
        let outcome = store.log_searches(std::slice::from_ref(&second)).await.unwrap();
        assert_eq!((outcome.inserted.len(), outcome.erased), (0, 1));
    }
    assert!(everything(&store).await.is_empty());
    assert_rolled_up(&database, &store).await;
}

async fn servers_that_supersede_the_same_row_count_it_once(database: Arc<TestDatabase>) {
    let stores = [database.store().await, database.store().await, database.store().await];
    let first: Vec<NewSearch> = (1..60).map(|number| search(number, "s", "bu", number as i64)).collect();
    stores[0].log_searches(&first).await.unwrap();
    let second: Vec<NewSearch> = first.iter().map(|of| revised(of, 2, "bus", 600)).collect();
    let mut reversed = second.clone();
    reversed.reverse();
    let outcomes = join_all(
        stores
            .iter()
            .zip([&second, &reversed, &second])
            .map(|(store, searches)| store.log_searches(searches)),
    )
    .await;
    let superseded: usize = outcomes.into_iter().map(|outcome| outcome.unwrap().inserted.len()).sum();
    assert_eq!(superseded, first.len());
    assert_eq!(everything(&stores[1]).await.len(), first.len());
    assert_rolled_up(&database, &stores[2]).await;
}
