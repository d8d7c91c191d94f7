//! A database that disappeared, was emptied or was exchanged under a data folder: an error with a remedy, and
//! never a fresh start by itself.

use std::fs;

use super::stocked;
use crate::support::folder::Folder;
use crate::support::server::{SERVE, Server};

/// A folder with one document, whose server was stopped or killed.
async fn used_folder(killed: bool) -> Folder {
    let folder = Folder::new("");
    let mut server = stocked(&folder).await;
    if killed {
        server.process.kill();
    } else {
        server.stop().await;
    }
    folder
}

fn remove(folder: &Folder, names: &[&str]) {
    for name in names {
        let _ = fs::remove_file(folder.path(&format!("data/{name}")));
    }
}

fn remove_all(folder: &Folder) {
    remove(folder, &["quarry.db", "quarry.db-wal", "quarry.db-shm"]);
}

/// Every command that would begin with an empty database refuses, says what to do, and makes nothing.
async fn assert_refused(folder: &Folder, what: &str) {
    for arguments in [&SERVE[..], &["reindex"], &["migrate", "up"], &["migrate", "status"], &["seed"]] {
        let said = folder.fail(arguments).await;
        for part in [what, "restore a backup", "--allow-new-database"] {
            assert!(said.contains(part), "{arguments:?} does not say {part:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_empty_database_is_refused_until_a_new_one_is_allowed() {
    for killed in [false, true] {
        let folder = used_folder(killed).await;
        let database = folder.path("data/quarry.db");
        let whole = fs::read(&database).expect("can be read");

        remove_all(&folder);
        assert_refused(&folder, "is missing").await;
        assert!(!database.exists(), "nothing was begun");
        fs::write(&database, "").expect("can be written");
        assert_refused(&folder, "is empty").await;
        // A database file without tables.
        let empty = Folder::new("");
        empty.succeed(&["migrate", "status"]).await;
        fs::copy(empty.path("data/quarry.db"), &database).expect("can be copied");
        assert_refused(&folder, "an empty database, not the one").await;

        remove_all(&folder);
        if !killed {
            fs::write(&database, &whole).expect("can be written");
            let server = folder.serve().await;
            assert_eq!(server.endpoint.total("tea").await, 1, "what was put back is complete");
            server.stop().await;
            remove_all(&folder);
        }
        let arguments = [&SERVE[..], &["--allow-new-database"]].concat();
        let server = Server::start_as(&folder, &arguments).await;
        server.ready().await;
        assert_eq!(server.endpoint.document_count("notes").await, 0);
        assert_eq!(server.endpoint.total("").await, 0, "the index follows the new database");
        assert!(server.stop().await.stderr.contains("database.allow_new is on"));
        // From then on, the new one is the folder's.
        folder.serve().await.stop().await;
    }
}

#[tokio::test]
async fn another_database_is_refused_and_its_schema_left_alone() {
    let (folder, other) = (used_folder(false).await, used_folder(false).await);
    let exchanged = fs::read(other.path("data/quarry.db")).expect("can be read");
    fs::write(folder.path("data/quarry.db"), &exchanged).expect("can be written");
    assert_refused(&folder, "another database than the one").await;

    // A URL that names a database which was never used.
    folder.configure("database_url = \"sqlite://fresh.db\"");
    assert_refused(&folder, "is missing").await;
    assert!(!folder.path("fresh.db").exists());
    let server = Server::start_with(&folder, &[("QUARRY_DATABASE__ALLOW_NEW", "true")]).await;
    server.ready().await;
    server.stop().await;
}

#[tokio::test]
async fn a_truncated_database_is_refused() {
    let folder = used_folder(false).await;
    let database = folder.path("data/quarry.db");
    let whole = fs::read(&database).expect("can be read");
    for length in [100, 512, 4_096, whole.len() / 2] {
        fs::write(&database, &whole[..length]).expect("can be written");
        let said = folder.fail(&SERVE).await;
        assert!(said.contains("database"), "{length}: {said}");
        assert_eq!(fs::metadata(&database).expect("is there").len(), length as u64, "it was not touched");
    }
    fs::write(&database, &whole).expect("can be written");
    folder.serve().await.stop().await;
}

#[tokio::test]
async fn a_missing_write_ahead_log_is_refused_where_acknowledged_changes_went_with_it() {
    // All of them were in the log: what is left has no tables, or fewer changes.
    let folder = used_folder(true).await;
    remove(&folder, &["quarry.db-wal", "quarry.db-shm"]);
    let said = folder.fail(&SERVE).await;
    assert!(said.contains("-wal file") && said.contains("--allow-new-database"), "{said}");

    // Some were: the first server closed the database with the first document in it.
    let folder = used_folder(false).await;
    let mut server = folder.serve().await;
    let stored = server.endpoint.index("notes", &[("2", "Black tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    server.process.kill();
    let log = fs::read(folder.path("data/quarry.db-wal")).expect("can be read");
    remove(&folder, &["quarry.db-wal", "quarry.db-shm"]);
    for _ in 0..2 {
        let said = folder.fail(&SERVE).await;
        for part in ["lacks changes that were acknowledged", "-wal", "--allow-new-database"] {
            assert!(said.contains(part), "no {part:?}: {said}");
        }
    }
    remove(&folder, &["quarry.db-wal", "quarry.db-shm"]);
    fs::write(folder.path("data/quarry.db-wal"), log).expect("can be written");
    let server = folder.serve().await;
    assert_eq!(server.endpoint.total("tea").await, 2, "what was put back is complete");
    server.stop().await;
}

#[tokio::test]
async fn an_older_backup_of_the_same_database_is_taken_and_the_index_follows() {
    let folder = used_folder(false).await;
    let backup = fs::read(folder.path("data/quarry.db")).expect("can be read");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("2", "Black tea")]).await;
    server.stop().await;
    fs::write(folder.path("data/quarry.db"), backup).expect("can be written");
    let server = folder.serve().await;
    assert_eq!(server.endpoint.keys("tea").await, ["1"]);
    assert!(server.stop().await.stderr.contains("the database is older than the index"));
}

#[tokio::test]
async fn migrations_are_not_taken_back_under_a_server_with_another_data_folder() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    let url = folder.database_url();
    let other = Folder::new(&format!("database_url = \"{url}\""));
    let said = other.fail(&["migrate", "down"]).await;
    assert!(said.contains("another quarry process uses this database") && said.contains("stop it"), "{said}");
    let stored = server.endpoint.index("notes", &[("1", "Green tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    server.stop().await;
    other.succeed(&["migrate", "down"]).await;
}
