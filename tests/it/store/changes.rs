//! The order of changes: a reader that follows it misses none of concurrent writers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use quarry::domain::{DocumentChange, DocumentDraft, DocumentId, Revision};

use super::draft;
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(a_follower_of_concurrent_writers_misses_no_change, changes_are_read_in_batches);

/// Writers, each with a store of its own.
const WRITERS: usize = 8;
/// Calls of each writer.
const ROUNDS: usize = 12;

async fn a_follower_of_concurrent_writers_misses_no_change(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let database = database.clone();
            tokio::spawn(async move {
                let store = database.connect().await;
                for round in 0..ROUNDS {
                    // Documents of its own, a shared one, and sometimes a deletion.
                    let own = |number: usize| {
                        draft(&format!("{writer}.{round}.{number}"), &format!("text {number}"))
                    };
                    let contested = draft("contested", &format!("{writer} in {round}"));
                    store.upsert_documents(&[own(0), contested, own(1), own(2)]).await.unwrap();
                    if round % 3 == 0 {
                        let outcome = store.delete_documents(&[own(1).id()]).await.unwrap();
                        assert_eq!(outcome.deleted, 1);
                    }
                }
            })
        })
        .collect();

    // The follower reads during the writes, like an index.
    let mut watermark = Revision::ZERO;
    let mut seen = HashSet::new();
    let mut live: HashMap<DocumentId, DocumentDraft> = HashMap::new();
    loop {
        let done = writers.iter().all(|writer| writer.is_finished());
        let changes = store.changes_after(watermark, 7).await.unwrap();
        if changes.is_empty() && done {
            break;
        }
        for change in changes {
            let revision = change.revision();
            assert!(revision > watermark && seen.insert(revision), "{revision} is out of order");
            watermark = revision;
            match change {
                DocumentChange::Upserted(_, document) => {
                    live.insert(document.id, draft(document.key.as_str(), &document.text));
                }
                DocumentChange::Deleted(_, tombstone) => {
                    live.remove(&tombstone.id);
                }
            }
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }

    let removals = WRITERS * ROUNDS.div_ceil(3);
    assert_eq!(live.len(), WRITERS * ROUNDS * 3 - removals + 1);
    let ids: Vec<DocumentId> = live.keys().copied().collect();
    let stored = store.documents_by_id(&ids).await.unwrap();
    assert_eq!(stored.len(), live.len());
    for (id, draft) in &live {
        assert_eq!(stored[id].text, draft.text);
    }
    // Each call changes documents, and each change takes one revision.
    let revisions = WRITERS * ROUNDS * 4 + removals;
    assert_eq!(watermark, Revision::new(revisions as i64));
    assert_eq!(store.latest_revision().await.unwrap(), watermark);
    // Each document has one position in the order.
    let all = store.changes_after(Revision::ZERO, 10_000).await.unwrap();
    assert_eq!(all.len(), WRITERS * ROUNDS * 3 + 1);
    assert!(all.is_sorted_by(|a, b| a.revision() < b.revision()));
}

async fn changes_are_read_in_batches(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let drafts: Vec<DocumentDraft> = (0..5).map(|number| draft(&number.to_string(), "")).collect();
    store.upsert_documents(&drafts).await.unwrap();
    let pages = [
        (0, 2, vec![1, 2]),
        (2, 2, vec![3, 4]),
        (4, 2, vec![5]),
        (5, 2, vec![]),
        (0, 100, vec![1, 2, 3, 4, 5]),
    ];
    for (after, limit, expected) in pages {
        let page = store.changes_after(Revision::new(after), limit).await.unwrap();
        let revisions: Vec<i64> = page.iter().map(|change| change.revision().value()).collect();
        assert_eq!(revisions, expected, "{limit} after {after}");
    }
}
