//! Engine suite: catching up, and maintenance of an engine that is in sync.

use quarry::domain::Revision;
use quarry::search::{Batch, SearchEngine};

use super::corpus::{Change, STORE, batch, document, keys_of, open, put, total};
use crate::support::wait::until;

pub(super) async fn consecutive_batches_are_complete_after_the_last(engine: &dyn SearchEngine) {
    let more = |batch: Batch| Batch { caught_up: false, ..batch };
    let first = vec![put(document("a", "red")), put(document("b", "red")), put(document("c", "red"))];
    let applied = engine.apply(more(batch(1, first))).await.unwrap();
    let durable = engine.applied_through().await.unwrap();
    assert_eq!(
        durable.map_or(Revision::ZERO, |(_, through)| through),
        applied,
        "visible changes are durable"
    );
    // Documents of the previous batch are changed, deleted and restored.
    let second = vec![put(document("a", "blue")), Change::Remove("b"), Change::Remove("c")];
    engine.apply(more(batch(4, second))).await.unwrap();
    let applied = engine.apply(batch(7, vec![put(document("c", "blue"))])).await.unwrap();
    assert_eq!(applied, Revision::new(7));
    assert_eq!(engine.applied_through().await.unwrap(), Some((STORE, applied)));
    assert_eq!((total(engine, "").await, total(engine, "red").await, total(engine, "blue").await), (2, 0, 2));
}

#[tokio::test]
async fn an_idle_embedded_engine_merges_its_segments_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let engine = &open(folder.path());
    let keys = ["a", "b", "c", "d", "e", "f"];
    for (revision, key) in (1..).zip(keys) {
        engine.apply(batch(revision, vec![put(document(key, "red apple"))])).await.unwrap();
    }
    let last = Revision::new(keys.len() as i64);
    let idle = || Batch { store: STORE, changes: vec![], through: last, caught_up: true };
    until("one segment", async || {
        assert_eq!(engine.apply(idle()).await.unwrap(), last);
        assert_eq!(total(engine, "apple").await, 6);
        (engine.health().await.unwrap().segments == 1).then_some(())
    })
    .await;
    assert_eq!(keys_of(engine, "red").await.len(), 6);
    assert_eq!(engine.health().await.unwrap().documents, 6);
}
