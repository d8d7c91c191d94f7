//! What is too old goes, in steps.

use std::sync::Arc;

use quarry::store::NewSearch;

use super::super::at;
use super::{assert_added_up, everything, hours_of, id, quarters, quarters_of, query_hours, search};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(old_searches_go_in_steps, servers_may_remove_at_once);

async fn old_searches_go_in_steps(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let searches: Vec<NewSearch> = (0..1_000)
        .map(|n| {
            let search = search(n, "s", ["Bus", "bus", "train"][n as usize % 3], n as i64 * 10);
            NewSearch { result_count: Some(n as i64 % 2), ..search }
        })
        .collect();
    store.log_searches(&searches).await.unwrap();
    let all = everything(&store).await;
    assert_added_up(&database, &store).await;

    assert_eq!(store.remove_old_searches(at("2026-11-20T10:00:00Z"), 100).await.unwrap(), 0);
    // In the middle of an hour: 500 seconds of the second one are too old.
    let before = at("2026-11-20T11:08:20Z");
    let mut steps = Vec::new();
    loop {
        match store.remove_old_searches(before, 150).await.unwrap() {
            0 => break,
            removed => steps.push(removed),
        }
        // Oldest first, and the roll-ups follow.
        let left = everything(&store).await;
        assert_eq!(left, all[..left.len()]);
        assert_eq!(query_hours(&database).await, hours_of(&left));
    }
    assert_eq!(steps, [150, 150, 110]);
    let left = everything(&store).await;
    assert_eq!(left.last().unwrap().last_keystroke_at, before);
    // How much was searched for is remembered.
    assert_eq!(quarters(&database).await, quarters_of(&all));
    // Of the first hour nothing is left that says for what.
    assert!(query_hours(&database).await.keys().all(|(hour, _)| *hour >= at("2026-11-20T11:00:00Z")));

    // What is gone may come again, as a late flush.
    let again = store.log_searches(&searches[..1]).await.unwrap();
    assert_eq!(again.inserted[0].id, id(0));
    assert_eq!(query_hours(&database).await, hours_of(&everything(&store).await));
}

async fn servers_may_remove_at_once(database: Arc<TestDatabase>) {
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
                removed += store.remove_old_searches(at("2026-11-20T10:08:20Z"), 40).await.unwrap();
                // New ones come at the same time, some of them old already.
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
