//! Searches that later typing supersedes: one row, and roll-ups that count its last content only.

use std::sync::Arc;

use futures_util::future::join_all;
use quarry::domain::{FinalReason, FoundTier, MatchTier, Period, SearchContext, SearchFact, Searcher};
use quarry::store::{NewSearch, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::at;
use super::reports::{assert_reports, random_searches, roll_up_all};
use super::{assert_rolled_up, everything, id, key, remove_before, search, session, user};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    a_higher_revision_supersedes_the_row,
    roll_ups_follow_across_hours_and_days,
    a_repeated_or_older_revision_changes_nothing,
    a_revision_of_a_missing_row_is_inserted,
    a_revision_of_an_erased_person_is_dropped,
    servers_that_supersede_the_same_row_count_it_once,
    reports_are_those_of_the_last_revisions,
    votes_for_a_spelling_move_with_their_search,
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
    let relaxed = |last| Some(FoundTier { last, relaxed: true });
    let first = NewSearch {
        result_count: Some(0),
        tier: relaxed(MatchTier::AnyWord),
        context: SearchContext::of([SearchFact::sort("newest")]),
        ..search(1, "s", "bu", 0)
    };
    let others = [search(2, "t", "bu", 5), search(3, "t", "Business", 7)];
    store.log_searches(&[&[first.clone()][..], &others].concat()).await.unwrap();
    let second = NewSearch {
        user: Some(user("ann")),
        result_count: Some(9),
        tier: relaxed(MatchTier::Typos),
        context: SearchContext::of([SearchFact::sort("oldest")]),
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
    assert_eq!((row.tier, &row.context), (relaxed(MatchTier::Typos), &second.context));
    assert_eq!((row.started_at, row.last_keystroke_at), (first.started_at, second.last_keystroke_at));
    assert_rolled_up(&database, &store).await;
    // The same text with another count, and back to the first text, as its only search.
    let third = NewSearch { result_count: None, tier: None, ..revised(&second, 3, "BUSINESS", 1) };
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

async fn reports_are_those_of_the_last_revisions(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut random = StdRng::seed_from_u64(11);
    let mut current = random_searches(&mut random, 1, 300);
    store.log_searches(&current).await.unwrap();
    for revision in 2..5 {
        roll_up_all(&store).await;
        // Other texts, tiers and counts; many in another hour or day.
        let contents = random_searches(&mut random, 1, 300);
        let (before, mut after) = (current.clone(), Vec::new());
        for (search, content) in current.iter_mut().zip(contents) {
            if random.random_bool(0.5) {
                let of = search.clone();
                *search = NewSearch { revision, session: of.session, started_at: of.started_at, ..content };
                after.push(search.clone());
            }
        }
        store.log_searches(&after).await.unwrap();
        assert_reports(&store, &mut random).await;
        // A claim that is flushed again, and one that was flushed before.
        assert_eq!(store.log_searches(&after).await.unwrap().duplicates, after.len());
        assert_eq!(store.log_searches(&before).await.unwrap().duplicates, before.len());
        assert_reports(&store, &mut random).await;
    }
    let mut log = everything(&store).await;
    log.sort_by_key(|row| row.id);
    assert_eq!(log.len(), current.len());
    for (row, search) in log.iter().zip(&current) {
        assert_eq!((row.id, row.revision, &row.query), (search.id, search.revision, &search.query));
        assert_eq!((row.tier, row.result_count), (search.tier, search.result_count));
    }
    roll_up_all(&store).await;
    assert_reports(&store, &mut random).await;
}

/// The spelling of the top search, and its searches and sessions; and the popular spelling.
async fn leading(store: &Store) -> ((String, i64, i64), Option<String>) {
    let period = Period { from: at("2026-11-01T00:00:00Z"), before: None };
    let top = store.top_searches(period, &[], 0, 1).await.unwrap().remove(0);
    let popular = store.popular_searches(at("2026-11-20T10:00:00Z"), 2, 1).await.unwrap().pop();
    ((top.query, top.searches, top.sessions), popular.map(|popular| popular.query))
}

async fn votes_for_a_spelling_move_with_their_search(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let one = (1..4).map(|number| search(number, &format!("s{number}"), "therapist", number as i64));
    let other = (4..6).map(|number| search(number, &format!("s{number}"), "the rapist", number as i64));
    let first: Vec<NewSearch> = one.chain(other).collect();
    store.log_searches(&first).await.unwrap();
    let found = |query: &str, searches| ((query.to_owned(), searches, searches), Some(query.to_owned()));
    assert_eq!(leading(&store).await, found("therapist", 5));
    // Two of three continue with another search.
    let left: Vec<NewSearch> =
        first[..2].iter().map(|of| revised(of, 2, &format!("therapist {:?}", of.id), 6)).collect();
    for _ in 0..2 {
        store.log_searches(&left).await.unwrap();
        assert_eq!(leading(&store).await, found("the rapist", 3));
    }
    let back: Vec<NewSearch> = left.iter().map(|of| revised(of, 3, "therapist", 6)).collect();
    store.log_searches(&back).await.unwrap();
    assert_eq!(leading(&store).await, found("therapist", 5));
    assert_rolled_up(&database, &store).await;
}
