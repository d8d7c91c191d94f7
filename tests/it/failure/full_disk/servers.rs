//! PostgreSQL and MariaDB on a full disk, and temporarily read-only.

use tempfile::TempDir;

use super::clients::Clients;
use super::{UNWRITABLE, degraded, refused, settings, well};
use crate::support::databases::on_postgres;
use crate::support::folder::Folder;
use crate::support::mariadb::{DATABASE, OwnMariadb};
use crate::support::messages::SEED;
use crate::support::postgres::{OwnPostgres, give_to};
use crate::support::search_log::Tables;
use crate::support::server::Server;
use crate::support::small_disk::SmallDisk;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

/// A server of quarry on a database, with running clients.
struct Trial {
    _folder: Folder,
    upstream: Upstream,
    server: Server,
    clients: Clients,
    tables: Tables,
}

impl Trial {
    async fn on(url: &str) -> Self {
        let upstream = Upstream::start("none", SEED).await;
        let folder = Folder::new(&format!("database_url = \"{url}\"\n{}", settings(&upstream)));
        let server = folder.serve().await;
        let clients = Clients::of(&server.endpoint).await;
        Self { _folder: folder, upstream, server, clients, tables: Tables::connect(url).await }
    }

    /// Makes the database unwritable until the clients have met it.
    async fn period(&self, round: u32, impose: impl AsyncFn(), mut keep: impl FnMut(), lift: impl AsyncFn()) {
        let (endpoint, clients) = (&self.server.endpoint, &self.clients);
        let trouble = async {
            impose().await;
            refused(clients, "STORE_UNAVAILABLE", &mut keep).await;
            degraded(endpoint, &[UNWRITABLE], &mut keep).await;
            // Keystrokes are accepted nevertheless.
            let [.., searches] = clients.acknowledged();
            until("searches to be buffered", async || {
                keep();
                let [.., now] = clients.acknowledged();
                (now > searches + 5).then_some(())
            })
            .await;
            lift().await;
            well(endpoint, clients).await;
            clients.stop();
        };
        tokio::join!(clients.run(round), trouble);
        clients.assert_stored(endpoint, &self.tables).await;
    }

    async fn end(self) {
        assert_eq!(self.clients.failures("BUFFER_UNAVAILABLE"), 0);
        self.tables.0.close().await.expect("closes");
        self.server.stop().await;
        self.upstream.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablespace_of_postgres_may_be_full() {
    let home = TempDir::new().expect("a temporary folder");
    let Some(disk) = SmallDisk::mount(home.path(), 64) else { return };
    give_to(home.path(), "postgres");
    let postgres = OwnPostgres::start();
    let server = Tables::connect(&postgres.url()).await;
    server.execute(&format!("CREATE TABLESPACE small LOCATION '{}'", home.path().display())).await;
    server.execute("CREATE DATABASE quarry TABLESPACE small").await;
    server.0.close().await.expect("closes");
    let trial = Trial::on(&postgres.url_of("quarry")).await;
    for round in 0..2 {
        trial.period(round, async || disk.fill(), || disk.fill(), async || disk.free()).await;
        trial.tables.assert_rolled_up().await;
    }
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_may_be_read_only() {
    on_postgres(async |database| {
        let name = database.url().rsplit_once('/').expect("a path").1.to_owned();
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let trial = Trial::on(database.url()).await;
        for round in 0..2 {
            let set = async |value: &str| {
                let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
                database.administer(&set).await;
                database.administer(&end).await;
            };
            trial.period(round, async || set("on").await, || {}, async || set("off").await).await;
            trial.tables.assert_rolled_up().await;
        }
        trial.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_of_mariadb_may_fill_their_disk() {
    let mut disk = None;
    let mariadb = OwnMariadb::start(|data| {
        let tables = data.join(DATABASE);
        std::fs::create_dir(&tables).expect("a new folder");
        disk = SmallDisk::mount(&tables, 64);
        give_to(&tables, "mysql");
    })
    .await;
    let Some(disk) = disk else { return };
    let trial = Trial::on(&mariadb.url()).await;
    for round in 0..2 {
        trial.period(round, async || disk.fill(), || disk.fill(), async || disk.free()).await;
    }
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_may_be_read_only() {
    let mariadb = OwnMariadb::start(|_| {}).await;
    let trial = Trial::on(&mariadb.url()).await;
    let set = async |value: &str| mariadb.administer(&format!("SET GLOBAL read_only = {value}")).await;
    for round in 0..2 {
        trial.period(round, async || set("ON").await, || {}, async || set("OFF").await).await;
    }
    trial.end().await;
}
