//! A full disk under the journal and the index, with the database elsewhere.

use super::clients::Clients;
use super::{STUCK_INDEX, STUCK_JOURNAL, outage, settings};
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
            let trouble = outage(
                round,
                &folder,
                server,
                &clients,
                &disk,
                "BUFFER_UNAVAILABLE",
                &[STUCK_INDEX, STUCK_JOURNAL],
            );
            let ((), next) = tokio::join!(clients.run(round), trouble);
            server = next;
            clients.assert_stored(&server.endpoint, &tables).await;
            tables.assert_rolled_up().await;
        }
        tables.0.close().await.expect("closes");
        server.stop().await;
    })
    .await;
}
