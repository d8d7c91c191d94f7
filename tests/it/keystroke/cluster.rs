//! The buffer in a Redis Cluster, one node of which dies and returns.

use std::collections::BTreeSet;

use quarry::keystroke::{BufferError, ClaimScope, KeystrokeBuffer, RedisBuffer};

use super::buffers::{stroke, unlimited};
use crate::support::redis::OwnCluster;
use crate::support::wait::{TEST_TIMEOUT, until};

/// Enough for some on each of the 16 shards.
const SESSIONS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_and_returns_loses_no_keystroke() {
    let mut cluster = OwnCluster::start();
    until("a complete cluster", async || cluster.is_complete().then_some(())).await;
    let buffer = RedisBuffer::with_timeout(&cluster.url(), "test", unlimited(), TEST_TIMEOUT).unwrap();
    let mut accepted = BTreeSet::new();
    for number in 0..SESSIONS {
        let session = format!("before {number}");
        buffer.append(&[stroke(&session, "tea")]).await.unwrap();
        accepted.insert(session);
    }
    cluster.0[0].kill();
    // As in production, so that a call for the dead node does not wait for it.
    let hurried = RedisBuffer::open(&cluster.url(), "test", unlimited()).unwrap();
    let mut refused = 0;
    for number in 0..SESSIONS {
        let session = format!("without it {number}");
        match hurried.append(&[stroke(&session, "tea")]).await {
            Ok(_) => {
                accepted.insert(session);
            }
            Err(BufferError::Unavailable(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 0 && refused < SESSIONS, "the other nodes serve: {refused} refused");
    cluster.0[0].resume();
    until("a complete cluster", async || cluster.is_complete().then_some(())).await;
    until("an append on every shard", async || {
        for number in 0..SESSIONS {
            let session = format!("after {number}");
            buffer.append(&[stroke(&session, "tea")]).await.ok()?;
            accepted.insert(session);
        }
        Some(())
    })
    .await;
    let mut found = BTreeSet::new();
    until("all runs", async || {
        let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
        found.extend(runs.into_iter().map(|run| run.session.as_str().to_owned()));
        (found.len() >= accepted.len()).then_some(())
    })
    .await;
    // A refused append may have been accepted by a node whose answer came too late.
    assert!(accepted.is_subset(&found));
}
