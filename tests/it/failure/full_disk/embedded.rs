//! The data folder with the embedded database on a repeatedly full disk.

use std::env;

use super::clients::Clients;
use super::{UNWRITABLE, outage, settings};
use crate::support::folder::Folder;
use crate::support::messages::SEED;
use crate::support::search_log::Tables;
use crate::support::small_disk::SmallDisk;
use crate::support::upstream::Upstream;

/// The variable for the number of times that the disk is filled.
const ROUNDS: &str = "FULL_DISK_ROUNDS";
const DEFAULT_ROUNDS: u32 = 4;
/// The size of the disk, and its growth per round.
const MEBIBYTES: (u32, u32) = (64, 16);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_a_full_disk() {
    let rounds = env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(DEFAULT_ROUNDS);
    let upstream = Upstream::start("none", SEED).await;
    let folder = Folder::new(&settings(&upstream));
    std::fs::create_dir(folder.path("data")).expect("a new folder");
    let mebibytes = MEBIBYTES.0 + MEBIBYTES.1 * rounds;
    let Some(disk) = SmallDisk::mount(&folder.path("data"), mebibytes) else { return };
    let mut server = folder.serve().await;
    let clients = Clients::of(&server.endpoint).await;
    for round in 0..rounds {
        let trouble = outage(round, &folder, server, &clients, &disk, "STORE_UNAVAILABLE", &[UNWRITABLE]);
        let ((), next) = tokio::join!(clients.run(round), trouble);
        server = next;
        let tables = Tables::connect(&folder.database_url()).await;
        clients.assert_stored(&server.endpoint, &tables).await;
        tables.assert_rolled_up().await;
        tables.0.close().await.expect("closes");
    }
    let [documents, interactions, searches] = clients.acknowledged();
    let refusals = clients.failures("STORE_UNAVAILABLE");
    println!(
        "{rounds} rounds: {documents} documents, {interactions} interactions, {searches} searches stored; \
         {refusals} requests refused"
    );
    let log = server.stop().await.stderr;
    assert!(!log.contains("damaged") && !log.contains("rebuilding"), "{log}");
}
