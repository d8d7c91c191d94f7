//! Retention: the deletion of old searches in steps.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarry::store::{NewSearch, RetentionHold, RetentionTerms, Store};

use super::super::at;
use super::{
    assert_rolled_up, everything, hours_of, id, quarters, quarters_of, query_hours, remove_before, search,
};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    old_searches_are_deleted_in_steps,
    servers_may_delete_concurrently,
    a_jump_of_the_clock_deletes_at_most_a_daily_share,
    a_shorter_retention_takes_effect_within_days,
);

/// Searches of the tests below, one every ten seconds.
const LOGGED: u128 = 3_000;
/// The budget of a day with few searches.
const DAILY_BUDGET: u64 = 1_000;
const YEAR: RetentionTerms =
    RetentionTerms { keep: Duration::from_secs(365 * 24 * 60 * 60), daily_share: 0.1 };

/// A log, and the time of its end.
async fn logged(store: &Store) -> DateTime<Utc> {
    let searches: Vec<NewSearch> = (0..LOGGED).map(|n| search(n, "s", "bus", n as i64 * 10)).collect();
    store.log_searches(&searches).await.unwrap();
    searches[searches.len() - 1].last_keystroke_at
}

/// Runs steps like a worker until none is due.
async fn run(store: &Store, now: DateTime<Utc>, terms: RetentionTerms) -> (u64, Option<RetentionHold>) {
    let mut removed = 0;
    loop {
        let outcome = store.retain_searches(now, terms, 150).await.unwrap();
        removed += outcome.removed;
        if outcome.removed < 150 {
            return (removed, outcome.held_back);
        }
    }
}

async fn a_jump_of_the_clock_deletes_at_most_a_daily_share(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let end = logged(&store).await;
    let (day, leap) = (TimeDelta::days(1), TimeDelta::days(400));
    let leapt = Some(RetentionHold::ClockJumped);
    // At the first start after it, and for a day; neither restarts nor other servers reset it.
    let restarted = database.connect().await;
    for hours in [0, 1, 23] {
        let now = end + leap + TimeDelta::hours(hours);
        assert_eq!(run(&store, now, YEAR).await, (0, leapt), "{hours} h after the leap");
        assert_eq!(run(&restarted, now, YEAR).await, (0, leapt), "{hours} h after the leap");
    }
    // After a correction, all searches remain. The clock jumps again, still without a deletion.
    assert_eq!(run(&store, end + day, YEAR).await, (0, None));
    assert_eq!(everything(&store).await.len() as u128, LOGGED);
    assert_eq!(run(&store, end + leap, YEAR).await, (0, leapt));
    let share = Some(RetentionHold::DailyShare);
    assert_eq!(run(&store, end + leap + day, YEAR).await, (DAILY_BUDGET, share));
    // Alternating correct and wrong clocks have one budget.
    assert_eq!(run(&restarted, end + day * 2, YEAR).await, (0, None));
    for hours in [25, 30, 47] {
        assert_eq!(run(&store, end + leap + TimeDelta::hours(hours), YEAR).await, (0, leapt));
    }
    assert_eq!(everything(&store).await.len() as u64, LOGGED as u64 - DAILY_BUDGET);
}

async fn a_shorter_retention_takes_effect_within_days(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let end = logged(&store).await;
    let day = TimeDelta::days(1);
    // A run each day, as on running servers.
    for days in 0..200 {
        assert_eq!(run(&store, end + day * days, YEAR).await, (0, None));
    }
    let lowered = RetentionTerms { keep: Duration::from_secs(100 * 24 * 60 * 60), ..YEAR };
    let share = Some(RetentionHold::DailyShare);
    let now = end + day * 200;
    assert_eq!(run(&store, now, lowered).await, (DAILY_BUDGET, share));
    assert_eq!(run(&store, now + TimeDelta::hours(12), lowered).await, (0, share));
    assert_eq!(run(&store, now + day, lowered).await, (DAILY_BUDGET, share));
    assert_eq!(run(&store, now + day * 2, lowered).await, (DAILY_BUDGET, None));
    assert_eq!(run(&store, now + day * 3, lowered).await, (0, None));
    assert!(everything(&store).await.is_empty() && query_hours(&database).await.is_empty());
}

async fn old_searches_are_deleted_in_steps(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let searches: Vec<NewSearch> = (0..1_000)
        .map(|n| {
            let search = search(n, "s", ["Bus", "bus", "train"][n as usize % 3], n as i64 * 10);
            NewSearch { result_count: Some(n as i64 % 2), ..search }
        })
        .collect();
    store.log_searches(&searches).await.unwrap();
    let all = everything(&store).await;
    assert_rolled_up(&database, &store).await;

    assert_eq!(remove_before(&store, at("2026-11-20T10:00:00Z"), 100).await, 0);
    // Within an hour: the first 500 seconds of the second one expire.
    let before = at("2026-11-20T11:08:20Z");
    let mut steps = Vec::new();
    loop {
        match remove_before(&store, before, 150).await {
            0 => break,
            removed => steps.push(removed),
        }
        // Oldest first, together with the roll-ups.
        let left = everything(&store).await;
        assert_eq!(left, all[..left.len()]);
        assert_eq!(query_hours(&database).await, hours_of(&left));
        assert_eq!(quarters(&database).await, quarters_of(&left));
    }
    assert_eq!(steps, [150, 150, 110]);
    let left = everything(&store).await;
    assert_eq!(left.last().unwrap().last_keystroke_at, before);
    // The first hour has no queries any more.
    assert!(query_hours(&database).await.keys().all(|(hour, _)| *hour >= at("2026-11-20T11:00:00Z")));

    // A late flush may store a deleted search again.
    let again = store.log_searches(&searches[..1]).await.unwrap();
    assert_eq!(again.inserted[0].id, id(0));
    assert_eq!(query_hours(&database).await, hours_of(&everything(&store).await));
}

async fn servers_may_delete_concurrently(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let searches: Vec<NewSearch> =
        (0..600).map(|n| search(n, "s", ["Bus", "bus", "train"][n as usize % 3], n as i64)).collect();
    store.log_searches(&searches).await.unwrap();
    let mut servers = tokio::task::JoinSet::new();
    for server in 0..3 {
        let store = database.connect().await;
        servers.spawn(async move {
            let mut removed = 0;
            for step in 0..30 {
                removed += remove_before(&store, at("2026-11-20T10:08:20Z"), 40).await;
                // Concurrent intake, with some old searches.
                let number = 10_000 + server * 100 + step;
                store.log_searches(&[search(number, "t", "bus", step as i64 * 30)]).await.unwrap();
            }
            removed
        });
    }
    let removed: u64 = servers.join_all().await.into_iter().sum();
    let left = everything(&store).await;
    assert_eq!(left.len() as u64 + removed, 690);
    assert!(removed >= 500);
    assert_eq!(query_hours(&database).await, hours_of(&left));
}
