//! The buffer over encrypted connections: to one Redis, to a cluster, and to the master that a sentinel names.

use std::collections::BTreeSet;

use quarry::keystroke::{BufferError, ClaimScope, KeystrokeBuffer, RedisBuffer};

use super::buffers::{stroke, unlimited};
use crate::support::authority::Authority;
use crate::support::encrypted_redis::EncryptedRedis;
use crate::support::wait::{TEST_TIMEOUT, until};

const SESSIONS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_reached_with_its_authority_only() {
    let redis = EncryptedRedis::node();
    returns_runs(&redis).await;
    refuses_others(&redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_reached_with_its_authority_only() {
    let redis = EncryptedRedis::cluster();
    until("a complete cluster", async || redis.server.is_complete().then_some(())).await;
    returns_runs(&redis).await;
    refuses_others(&redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_of_a_sentinel_is_reached_with_its_authority_only() {
    let redis = EncryptedRedis::sentinel();
    returns_runs(&redis).await;
    refuses_others(&redis).await;
}

async fn returns_runs<S>(redis: &EncryptedRedis<S>) {
    let buffer = RedisBuffer::with_timeout(&redis.url(), "test", unlimited(), TEST_TIMEOUT).unwrap();
    // A sentinel does not know its master at once.
    until("a first append", async || buffer.append(&[stroke("s0", "tea")]).await.ok()).await;
    for number in 1..SESSIONS {
        buffer.append(&[stroke(&format!("s{number}"), "tea")]).await.unwrap();
    }
    let mut found = BTreeSet::new();
    until("all runs", async || {
        let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
        found.extend(runs.into_iter().map(|run| run.session.as_str().to_owned()));
        (found.len() == SESSIONS).then_some(())
    })
    .await;
}

async fn refuses_others<S>(redis: &EncryptedRedis<S>) {
    let other = Authority::new();
    let buffer = RedisBuffer::open(&redis.url_trusting(&other), "test", unlimited()).unwrap();
    let refused = buffer.append(&[stroke("s", "tea")]).await.unwrap_err();
    assert!(matches!(refused, BufferError::Unavailable(_)), "{refused}");
}
