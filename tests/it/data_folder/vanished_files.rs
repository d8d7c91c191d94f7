//! A running server whose files are deleted or replaced acknowledges nothing and is not ready.

use std::collections::BTreeSet;
use std::fs;

use super::serve_one_document;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::typing_clients::{TypedSearch, log_keystrokes};
use crate::support::wait::until;

const SETTINGS: &str = "[keystrokes]\nwindow = \"10m\"";

async fn assert_stores_nothing(server: &mut Server) {
    let stored = server.endpoint.index("notes", &[("2", "Black tea")]).await;
    assert_eq!(stored.codes(), BTreeSet::from(["STORE_UNAVAILABLE"]), "{stored:?}");
    assert!(stored.data.is_null() || stored.data["indexDocuments"].is_null(), "{stored:?}");
    assert_eq!(server.endpoint.status("/readyz").await, Some(503));
    assert_eq!(server.endpoint.status("/livez").await, Some(200));
    let output = |line: &str| line.contains("database file was deleted or replaced").then_some(());
    server.process.line("the lost file", output).await;
}

#[tokio::test]
async fn a_deleted_data_folder_stops_every_acknowledgement() {
    let folder = Folder::new(SETTINGS);
    let mut server = serve_one_document(&folder).await;
    let search = TypedSearch::new("person", 1, false);
    assert!(search.type_at(&server.endpoint).await.errors.is_empty());
    fs::remove_dir_all(folder.path("data")).expect("can be removed");
    assert_stores_nothing(&mut server).await;
    let rejected = log_keystrokes(&server.endpoint, &search.keystrokes()).await.expect("the server answers");
    assert_eq!(rejected.codes(), BTreeSet::from(["BUFFER_UNAVAILABLE"]), "{rejected:?}");
    server.process.kill();
}

#[tokio::test]
async fn a_deleted_or_replaced_database_stops_acknowledgements_until_it_is_back() {
    let folder = Folder::new(SETTINGS);
    let mut server = serve_one_document(&folder).await;
    let (database, aside) = (folder.path("data/quarry.db"), folder.path("data/aside.db"));
    fs::rename(&database, &aside).expect("can be moved");
    assert_stores_nothing(&mut server).await;
    fs::copy(&aside, &database).expect("can be copied");
    assert_stores_nothing(&mut server).await;
    fs::rename(&aside, &database).expect("can be moved");
    server.ready().await;
    let stored = server.endpoint.index("notes", &[("3", "Oolong tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    server.stop().await;
    let server = folder.serve().await;
    assert!(server.endpoint.key_set("").await.is_superset(&BTreeSet::from(["1".to_owned(), "3".to_owned()])));
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_journal_is_written_again_and_loses_nothing() {
    let folder = Folder::new(SETTINGS);
    let mut server = serve_one_document(&folder).await;
    let (first, second) = (TypedSearch::new("person", 1, false), TypedSearch::new("person", 2, false));
    assert!(first.type_at(&server.endpoint).await.errors.is_empty());
    for entry in fs::read_dir(folder.path("data/keystrokes")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "journal") {
            fs::remove_file(path).expect("can be removed");
        }
    }
    until("a journal that is in place", async || {
        let answer =
            log_keystrokes(&server.endpoint, &second.keystrokes()).await.expect("the server answers");
        answer.errors.is_empty().then_some(())
    })
    .await;
    server.process.kill();
    folder.configure("[keystrokes]\nwindow = \"1s\"");
    let server = folder.serve().await;
    server.endpoint.assert_logged([first.logged(), second.logged()]).await;
    server.stop().await;
}
