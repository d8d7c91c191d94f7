//! Full disks and read-only databases.
//!
//! Acknowledged writes survive, others return a clear error, and everything recovers by itself.

mod clients;
mod embedded;
mod journal_and_index;
mod servers;

use self::clients::Clients;
use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, source};
use crate::support::server::{Endpoint, Server};
use crate::support::small_disk::SmallDisk;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

/// The condition in `/readyz` for a full or read-only database.
const UNWRITABLE: &str = "The database takes no writes: its disk is full, or it is read-only.";
/// The condition for an index without write access.
const STUCK_INDEX: &str = "The index takes no changes: its disk may be full, see the log.";
/// The condition for a journal without write access.
const STUCK_JOURNAL: &str = "The keystroke journal cannot be written: its disk is full, or fails.";

/// Returns settings with which only Enter ends searches, and a source with a short delay.
fn settings(upstream: &Upstream) -> String {
    let source = source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"20ms\"");
    format!("[keystrokes]\nwindow = \"5m\"\npoll = \"20ms\"\n{source}")
}

/// Fills the disk until the server reports the conditions, then replaces the server.
async fn outage(
    round: u32,
    folder: &Folder,
    mut server: Server,
    clients: &Clients,
    disk: &SmallDisk,
    code: &str,
    conditions: &[&str],
) -> Server {
    refused(clients, code, || disk.fill()).await;
    degraded(&server.endpoint, conditions, || disk.fill()).await;
    disk.free();
    well(&server.endpoint, clients).await;
    // The server ends alternately as by a power cut and as by a service manager.
    let log = if round.is_multiple_of(2) { server.process.kill() } else { server.stop().await };
    assert!(!log.stderr.contains("damaged"), "{}", log.stderr);
    assert!(!log.stderr.contains("rebuilding"), "{}", log.stderr);
    let next = folder.serve().await;
    clients.switch_to(&next.endpoint);
    clients.stop();
    next
}

/// Waits until the server reports all conditions, which `impose` maintains.
async fn degraded(endpoint: &Endpoint, conditions: &[&str], mut impose: impl FnMut()) {
    until(&format!("{conditions:?}"), async || {
        impose();
        let (_, health) = endpoint.json("/readyz").await;
        let listed = health["degraded"].as_array()?;
        let has = |condition: &&str| listed.iter().any(|listed| listed == condition);
        (conditions.iter().all(has) && !endpoint.logging_health().await["lastError"].is_null()).then_some(())
    })
    .await;
}

/// Waits until another request fails with a code, which `impose` provokes.
async fn refused(clients: &Clients, code: &str, mut impose: impl FnMut()) {
    let before = clients.failures(code);
    until(code, async || {
        impose();
        (clients.failures(code) > before).then_some(())
    })
    .await;
}

/// Waits until the server reports no condition and acknowledges writes of every kind.
async fn well(endpoint: &Endpoint, clients: &Clients) {
    until("the recovery", async || {
        let (_, health) = endpoint.json("/readyz").await;
        let is_degraded = health.get("degraded").is_some();
        (!is_degraded && endpoint.logging_health().await["lastError"].is_null()).then_some(())
    })
    .await;
    let before = clients.acknowledged();
    until("writes of every kind", async || {
        let now = clients.acknowledged();
        before.iter().zip(&now).all(|(before, now)| now > before).then_some(())
    })
    .await;
}
