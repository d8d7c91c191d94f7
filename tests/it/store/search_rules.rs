//! Synonyms, stop words and rules: idempotent changes, all or none.

use std::sync::Arc;

use quarry::store::{RuleChanges, RuleCounts, RuleEntry, RuleKind, RuleOutcome, Store};

use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    changes_are_idempotent_and_advance_the_version,
    replacing_deletes_all_others,
    the_number_of_entries_is_bounded,
    concurrent_changes_follow_each_other
);

fn entry(kind: RuleKind, id: &str, content: &str) -> RuleEntry {
    RuleEntry { kind, id: id.to_owned(), content: content.to_owned() }
}

async fn put(store: &Store, put: Vec<RuleEntry>) -> RuleCounts {
    change(store, RuleChanges { put, ..RuleChanges::default() }).await
}

async fn change(store: &Store, changes: RuleChanges) -> RuleCounts {
    match store.change_search_rules(changes).await.unwrap() {
        RuleOutcome::Stored(counts) => counts,
        RuleOutcome::TooMany(kind) => panic!("too many of {kind:?}"),
    }
}

async fn changes_are_idempotent_and_advance_the_version(database: Arc<TestDatabase>) {
    let store = database.store().await;
    assert_eq!(store.search_rules().await.unwrap(), (0, Vec::new()));
    let emoji = entry(RuleKind::Synonyms, "a", "{\"words\": [\"📺\", \"tv\"]}");
    let entries = vec![emoji.clone(), entry(RuleKind::Rule, "a", "{}"), entry(RuleKind::Synonyms, "A", "1")];
    assert_eq!(put(&store, entries.clone()).await, RuleCounts { inserted: 3, ..RuleCounts::default() });
    assert_eq!(store.search_rules_version().await.unwrap(), 1);
    assert_eq!(put(&store, entries).await, RuleCounts { unchanged: 3, ..RuleCounts::default() });
    assert_eq!(store.search_rules_version().await.unwrap(), 1, "nothing changed");
    let long = entry(RuleKind::Rule, "a", &"x".repeat(100_000));
    let some = vec![emoji.clone(), long.clone()];
    assert_eq!(put(&store, some).await, RuleCounts { updated: 1, unchanged: 1, ..RuleCounts::default() });
    let delete = vec![(RuleKind::Synonyms, "A".to_owned()), (RuleKind::StopWords, "a".to_owned())];
    let deleted = change(&store, RuleChanges { delete, ..RuleChanges::default() }).await;
    assert_eq!(deleted, RuleCounts { deleted: 1, ..RuleCounts::default() });
    // By kind and id.
    assert_eq!(store.search_rules().await.unwrap(), (3, vec![emoji, long]));
}

async fn replacing_deletes_all_others(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let all: Vec<RuleEntry> =
        RuleKind::ALL.iter().flat_map(|kind| (0..3).map(|at| entry(*kind, &at.to_string(), "{}"))).collect();
    put(&store, all).await;
    let kept = vec![entry(RuleKind::Rule, "1", "{}"), entry(RuleKind::Rule, "9", "{}")];
    let counts =
        change(&store, RuleChanges { put: kept.clone(), replace: true, ..RuleChanges::default() }).await;
    assert_eq!(counts, RuleCounts { inserted: 1, updated: 0, unchanged: 1, deleted: 8 });
    assert_eq!(store.search_rules().await.unwrap().1, kept);
}

async fn the_number_of_entries_is_bounded(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let max = RuleKind::StopWords.max_entries();
    let of = |numbers: std::ops::Range<usize>| -> Vec<RuleEntry> {
        numbers.map(|at| entry(RuleKind::StopWords, &format!("{at:04}"), "{}")).collect()
    };
    assert_eq!(put(&store, of(0..max)).await.inserted, max);
    let one_more = RuleChanges { put: of(max..max + 1), ..RuleChanges::default() };
    let outcome = store.change_search_rules(one_more.clone()).await.unwrap();
    assert_eq!(outcome, RuleOutcome::TooMany(RuleKind::StopWords));
    let (version, entries) = store.search_rules().await.unwrap();
    assert_eq!((version, entries.len()), (1, max), "nothing is stored");
    let exchanged = RuleChanges { delete: vec![(RuleKind::StopWords, "0000".to_owned())], ..one_more };
    assert_eq!(change(&store, exchanged).await, RuleCounts { inserted: 1, deleted: 1, ..Default::default() });
}

async fn concurrent_changes_follow_each_other(database: Arc<TestDatabase>) {
    database.store().await;
    let writers = (0..4).map(|writer| {
        let database = database.clone();
        tokio::spawn(async move {
            let store = database.connect().await;
            for at in 0..5 {
                put(&store, vec![entry(RuleKind::Rule, &format!("{writer}.{at}"), "{}")]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let (version, entries) = database.connect().await.search_rules().await.unwrap();
    assert_eq!((version, entries.len()), (20, 20));
}
