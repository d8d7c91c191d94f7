//! The disk under the journal and the index is full, while the database has room elsewhere.

use super::clients::Clients;
use super::{STUCK_INDEX, STUCK_JOURNAL, degraded, refused, settings, well};
use crate::support::databases::on_postgres;
use crate::support::folder::Folder;
use crate::support::messages::SEED;
use crate::support::search_log::Tables;
use crate::support::small_disk::SmallDisk;
use crate::support::upstream::Upstream;

const MEBIBYTES: u32 = 48;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keystrokes_are_refused_and_the_index_catches_up() {
    let upstream = Upstream::start("none", SEED).await;
    on_postgres(async |database| {
        let folder = Folder::new(&format!("database_url = \"{}\"\n{}", database.url(), settings(&upstream)));
        std::fs::create_dir(folder.path("data")).expect("a new folder");
        let Some(disk) = SmallDisk::mount(&folder.path("data"), MEBIBYTES) else { return };
        let mut server = folder.serve().await;
        let clients = Clients::of(&server.endpoint).await;
        let tables = Tables::connect(database.url()).await;
        for round in 0..2 {
            let trouble = async {
                let before = clients.failures("BUFFER_UNAVAILABLE");
                refused(&clients, "BUFFER_UNAVAILABLE", before, || disk.fill()).await;
                degraded(&server.endpoint, &[STUCK_INDEX, STUCK_JOURNAL], || disk.fill()).await;
                disk.free();
                well(&server.endpoint, &clients).await;
                let log = if round % 2 == 0 { server.process.kill() } else { server.stop().await };
                assert!(!log.stderr.contains("damaged"), "{}", log.stderr);
                assert!(!log.stderr.contains("rebuilding"), "{}", log.stderr);
                let next = folder.serve().await;
                clients.turn_to(&next.endpoint);
                clients.rest();
                next
            };
            let ((), next) = tokio::join!(clients.work(round), trouble);
            server = next;
            clients.assert_kept(&server.endpoint, &tables).await;
            tables.assert_rolled_up().await;
        }
        tables.0.close().await.expect("closes");
        server.stop().await;
    })
    .await;
}
