//! The buffer in a Redis whose master Sentinel names.

use std::collections::BTreeSet;

use quarry::keystroke::{BufferLimits, ClaimScope, KeystrokeBuffer, RedisBuffer};

use super::buffers::{ms, stroke, unlimited};
use crate::support::redis::{OwnRedis, OwnSentinel, command};
use crate::support::wait::{TEST_TIMEOUT, until};

const SESSIONS: usize = 40;

/// Waits until a replica has all writes of the master.
fn await_replica(master: &OwnRedis) {
    assert_eq!(command::<i64>(&master.url(), &["WAIT", "1", "0"]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_loses_no_replicated_keystroke() {
    let (mut master, replica) = (OwnRedis::start(), OwnRedis::start());
    replica.replicate(&master);
    let sentinel = OwnSentinel::start(&master);
    until("a known replica", async || sentinel.knows_a_replica().then_some(())).await;
    let limits = BufferLimits { lease: ms(200), ..unlimited() };
    let buffer = RedisBuffer::with_timeout(&sentinel.url(), "test", limits, TEST_TIMEOUT).unwrap();
    for number in 0..SESSIONS {
        buffer.append(&[stroke(&format!("s{number}"), "tea")]).await.unwrap();
    }
    // Some are claimed, and never acknowledged.
    assert_eq!(buffer.claim(ClaimScope::All, 5).await.unwrap().len(), 5);
    await_replica(&master);
    master.kill();
    until("the new master", async || buffer.append(&[stroke("later", "tea")]).await.ok()).await;
    assert_eq!(command::<(String, i64, redis::Value)>(&replica.url(), &["ROLE"]).0, "master");
    let mut found = BTreeSet::new();
    until("all runs", async || {
        let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
        found.extend(runs.into_iter().map(|run| run.session.as_str().to_owned()));
        (found.len() > SESSIONS).then_some(())
    })
    .await;
    assert_eq!(found.len(), SESSIONS + 1);
    assert_eq!(buffer.health().await.unwrap().accepted as usize, SESSIONS + 1);
}
