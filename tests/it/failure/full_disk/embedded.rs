//! The data folder of a server with the embedded database lies on a disk that is full again and again.

use std::env;

use super::clients::Clients;
use super::{UNWRITABLE, outage, settings};
use crate::support::folder::Folder;
use crate::support::messages::SEED;
use crate::support::search_log::Tables;
use crate::support::small_disk::SmallDisk;
use crate::support::upstream::Upstream;

/// Names how often the disk is filled: more often shows more, and takes longer.
const ROUNDS: &str = "FULL_DISK_ROUNDS";
const USUAL_ROUNDS: u32 = 4;
/// Room at the beginning, and for what a round adds.
const MEBIBYTES: (u32, u32) = (64, 16);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_kept_whenever_the_disk_is_full() {
    let rounds = env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(USUAL_ROUNDS);
    let upstream = Upstream::start("none", SEED).await;
    let folder = Folder::new(&settings(&upstream));
    std::fs::create_dir(folder.path("data")).expect("a new folder");
    let mebibytes = MEBIBYTES.0 + MEBIBYTES.1 * rounds;
    let Some(disk) = SmallDisk::mount(&folder.path("data"), mebibytes) else { return };
    let mut server = folder.serve().await;
    let clients = Clients::of(&server.endpoint).await;
    for round in 0..rounds {
        let trouble = outage(round, &folder, server, &clients, &disk, "STORE_UNAVAILABLE", &[UNWRITABLE]);
        let ((), next) = tokio::join!(clients.work(round), trouble);
        server = next;
        let tables = Tables::connect(&folder.database_url()).await;
        clients.assert_kept(&server.endpoint, &tables).await;
        tables.assert_rolled_up().await;
        tables.0.close().await.expect("closes");
    }
    let [documents, interactions, searches] = clients.acknowledged();
    let refusals = clients.failures("STORE_UNAVAILABLE");
    println!(
        "{rounds} rounds: {documents} documents, {interactions} interactions, {searches} searches kept; \
         {refusals} requests refused"
    );
    let log = server.stop().await.stderr;
    assert!(!log.contains("damaged") && !log.contains("rebuilding"), "{log}");
}
