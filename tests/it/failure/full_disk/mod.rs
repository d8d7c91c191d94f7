//! Disks that are full, and databases that take no writes for a while: what was acknowledged is kept,
//! the rest says clearly why not, and everything recovers by itself.

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

/// The sentence of `/readyz` about a database that is full or read-only.
const UNWRITABLE: &str = "The database takes no writes: its disk is full, or it is read-only.";
/// The one about an index that cannot be written.
const STUCK_INDEX: &str = "The index takes no changes: its disk may be full, see the log.";
/// The one about a journal that cannot be written.
const STUCK_JOURNAL: &str = "The keystroke journal cannot be written: its disk is full, or fails.";

/// Searches end by Enter alone; pages of a crawl come all the time.
fn settings(upstream: &Upstream) -> String {
    let source = source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"20ms\"");
    format!("[keystrokes]\nwindow = \"5m\"\npoll = \"20ms\"\n{source}")
}

/// Fills the disk until the server reports these conditions, frees it, and lets another server take over.
async fn outage(
    round: u32,
    folder: &Folder,
    mut server: Server,
    clients: &Clients,
    disk: &SmallDisk,
    code: &str,
    sentences: &[&str],
) -> Server {
    refused(clients, code, || disk.fill()).await;
    degraded(&server.endpoint, sentences, || disk.fill()).await;
    disk.free();
    well(&server.endpoint, clients).await;
    // Alternately as a power cut would end it, and as a service manager does.
    let log = if round.is_multiple_of(2) { server.process.kill() } else { server.stop().await };
    assert!(!log.stderr.contains("damaged"), "{}", log.stderr);
    assert!(!log.stderr.contains("rebuilding"), "{}", log.stderr);
    let next = folder.serve().await;
    clients.turn_to(&next.endpoint);
    clients.rest();
    next
}

/// Waits until the server reports all of these conditions, which `impose` keeps up.
async fn degraded(endpoint: &Endpoint, sentences: &[&str], mut impose: impl FnMut()) {
    until(&format!("{sentences:?}"), async || {
        impose();
        let (_, health) = endpoint.json("/readyz").await;
        let listed = health["degraded"].as_array()?;
        let has = |sentence: &&str| listed.iter().any(|listed| listed == sentence);
        (sentences.iter().all(has) && !endpoint.logging_health().await["lastError"].is_null()).then_some(())
    })
    .await;
}

/// Waits until another request fails with a code, under the condition that `impose` keeps up.
async fn refused(clients: &Clients, code: &str, mut impose: impl FnMut()) {
    let before = clients.failures(code);
    until(code, async || {
        impose();
        (clients.failures(code) > before).then_some(())
    })
    .await;
}

/// Waits until the server reports nothing, and has taken writes of every kind since.
async fn well(endpoint: &Endpoint, clients: &Clients) {
    until("all to be well", async || {
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
