//! A missing, empty or replaced database of a data folder is an error with a remedy, never a fresh start.

use std::fs;

use super::serve_one_document;
use crate::support::folder::Folder;
use crate::support::server::{SERVE, Server};

/// Returns a folder with one document, after its server was stopped or killed.
async fn used_folder(killed: bool) -> Folder {
    let folder = Folder::new("");
    let mut server = serve_one_document(&folder).await;
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

/// Asserts that each command that would create a database returns an error with a remedy.
async fn assert_rejected(folder: &Folder, what: &str) {
    for arguments in [&SERVE[..], &["reindex"], &["migrate", "up"], &["migrate", "status"], &["seed"]] {
        let output = folder.fail(arguments).await;
        for part in [what, "restore a backup", "--allow-new-database"] {
            assert!(output.contains(part), "{arguments:?} lacks {part:?}: {output}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_empty_database_is_rejected_until_a_new_one_is_allowed() {
    for killed in [false, true] {
        let folder = used_folder(killed).await;
        let database = folder.path("data/quarry.db");
        let whole = fs::read(&database).expect("can be read");

        remove_all(&folder);
        assert_rejected(&folder, "is missing").await;
        assert!(!database.exists(), "no files are created");
        fs::write(&database, "").expect("can be written");
        assert_rejected(&folder, "is empty").await;
        // A database file without tables.
        let empty = Folder::new("");
        empty.succeed(&["migrate", "up"]).await;
        empty.succeed(&["migrate", "down", "--steps", "100", "--yes"]).await;
        fs::copy(empty.path("data/quarry.db"), &database).expect("can be copied");
        assert_rejected(&folder, "an empty database, not the one").await;

        remove_all(&folder);
        if !killed {
            fs::write(&database, &whole).expect("can be written");
            let server = folder.serve().await;
            assert_eq!(server.endpoint.total("tea").await, 1, "the restored database is complete");
            server.stop().await;
            remove_all(&folder);
        }
        let arguments = [&SERVE[..], &["--allow-new-database"]].concat();
        let server = Server::start_as(&folder, &arguments).await;
        server.ready().await;
        assert_eq!(server.endpoint.document_count("notes").await, 0);
        assert_eq!(server.endpoint.total("").await, 0, "the index follows the new database");
        assert!(server.stop().await.stderr.contains("database.allow_new is on"));
        // Afterwards, the folder belongs to the new one.
        folder.serve().await.stop().await;
    }
}

#[tokio::test]
async fn another_database_is_rejected_without_changing_its_schema() {
    let (folder, other) = (used_folder(false).await, used_folder(false).await);
    let exchanged = fs::read(other.path("data/quarry.db")).expect("can be read");
    fs::write(folder.path("data/quarry.db"), &exchanged).expect("can be written");
    assert_rejected(&folder, "another database than the one").await;

    // The URL of a new database.
    folder.configure("database_url = \"sqlite://fresh.db\"");
    assert_rejected(&folder, "is missing").await;
    assert!(!folder.path("fresh.db").exists());
    let server = Server::start_with(&folder, &[("QUARRY_DATABASE__ALLOW_NEW", "true")]).await;
    server.ready().await;
    server.stop().await;
}

#[tokio::test]
async fn a_truncated_database_is_rejected() {
    let folder = used_folder(false).await;
    let database = folder.path("data/quarry.db");
    let whole = fs::read(&database).expect("can be read");
    for length in [100, 512, 4_096, whole.len() / 2] {
        fs::write(&database, &whole[..length]).expect("can be written");
        let output = folder.fail(&SERVE).await;
        assert!(output.contains("database"), "{length}: {output}");
        assert_eq!(fs::metadata(&database).expect("is there").len(), length as u64, "it is unchanged");
    }
    fs::write(&database, &whole).expect("can be written");
    folder.serve().await.stop().await;
}

#[tokio::test]
async fn a_missing_write_ahead_log_with_acknowledged_changes_is_rejected() {
    // The log held all changes: the rest has no tables, or fewer changes.
    let folder = used_folder(true).await;
    remove(&folder, &["quarry.db-wal", "quarry.db-shm"]);
    let output = folder.fail(&SERVE).await;
    assert!(output.contains("-wal file") && output.contains("--allow-new-database"), "{output}");

    // The log held some changes: the first server closed the database with the first document.
    let folder = used_folder(false).await;
    let mut server = folder.serve().await;
    let stored = server.endpoint.index("notes", &[("2", "Black tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    server.process.kill();
    let log = fs::read(folder.path("data/quarry.db-wal")).expect("can be read");
    remove(&folder, &["quarry.db-wal", "quarry.db-shm"]);
    for _ in 0..2 {
        let output = folder.fail(&SERVE).await;
        for part in ["lacks changes that were acknowledged", "-wal", "--allow-new-database"] {
            assert!(output.contains(part), "no {part:?}: {output}");
        }
    }
    remove(&folder, &["quarry.db-wal", "quarry.db-shm"]);
    fs::write(folder.path("data/quarry.db-wal"), log).expect("can be written");
    let server = folder.serve().await;
    assert_eq!(server.endpoint.total("tea").await, 2, "the restored database is complete");
    server.stop().await;
}

#[tokio::test]
async fn an_older_backup_of_the_same_database_is_accepted_and_the_index_follows() {
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
async fn migrations_are_not_reverted_under_a_server_with_another_data_folder() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    let url = folder.database_url();
    let other = Folder::new(&format!("database_url = \"{url}\""));
    let output = other.fail(&["migrate", "down", "--yes"]).await;
    assert!(
        output.contains("another quarry process uses this database") && output.contains("stop it"),
        "{output}"
    );
    let stored = server.endpoint.index("notes", &[("1", "Green tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    server.stop().await;
    other.succeed(&["migrate", "down", "--yes"]).await;
}
