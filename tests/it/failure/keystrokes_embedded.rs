//! Servers with an in-process buffer that are killed or stopped under load.
//!
//! The next server on the folder continues with the journal, and only one server at a time uses a folder.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::search_log::Tables;
use crate::support::typing_clients::{TypedSearch, TypingClients};
use crate::support::wait::until;

/// The number of searches.
const SEARCHES: usize = 600;
/// The number of concurrent clients.
const CONCURRENCY: usize = 8;
/// The ends of the servers, in order.
const ENDS: [End; 5] = [End::Kill, End::Terminate, End::Kill, End::Terminate, End::Kill];

#[derive(Clone, Copy, Debug)]
enum End {
    Kill,
    Terminate,
}

#[tokio::test]
async fn a_server_that_is_killed_or_stopped_under_load_loses_nothing() {
    let folder = Folder::new("[keystrokes]\nwindow = \"500ms\"\npoll = \"20ms\"");
    let mut server = folder.serve().await;
    let clients = TypingClients::new(vec![server.endpoint.clone()]);
    // Each search is one call, so that none is incomplete when a server stops and drains its buffer.
    let visits: Vec<TypedSearch> =
        (0..SEARCHES).map(|number| TypedSearch::new("embedded", number, number % 3 == 0)).collect();
    let ending = async {
        for (number, end) in ENDS.into_iter().enumerate() {
            let due = SEARCHES * (number + 1) / (ENDS.len() + 1);
            until("searches to be taken", async || (clients.accepted() >= due).then_some(())).await;
            match end {
                End::Kill => drop(server.process.kill()),
                End::Terminate => {
                    let log = server.stop().await.stderr;
                    assert!(!log.contains("aborting"), "{log}");
                }
            }
            server = folder.serve().await;
            clients.replace(0, server.endpoint.clone());
        }
        server
    };
    let ((), server) = tokio::join!(clients.type_at_once(&visits, CONCURRENCY), ending);
    server.endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
    // No keystrokes are left for the next server.
    let log = server.stop().await.stderr;
    assert!(!log.contains("the keystroke journal"), "{log}");
    let server = folder.serve().await;
    server.endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
    Tables::connect(&folder.database_url()).await.assert_rolled_up().await;
    server.stop().await;
}

#[tokio::test]
async fn a_stopping_server_logs_its_buffered_searches() {
    // No search is final by itself.
    let folder = Folder::new("[keystrokes]\nwindow = \"1h\"");
    let server = folder.serve().await;
    let visits: Vec<TypedSearch> = (0..20).map(|number| TypedSearch::new("open", number, false)).collect();
    TypingClients::new(vec![server.endpoint.clone()]).type_at_once(&visits, 4).await;
    assert_eq!(server.endpoint.logged_count().await, 0);
    server.stop().await;
    let tables = Tables::connect(&folder.database_url()).await;
    assert_eq!(tables.number("SELECT COUNT(*) FROM search_logs").await, 20);

    let server = folder.serve().await;
    server.endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
    for row in server.endpoint.search_log().await {
        assert_eq!(row["finalReason"], "SHUTDOWN", "{row}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_torn_journal_is_truncated_and_a_damaged_one_set_aside() {
    // The servers never flush, so that the journal keeps the keystrokes.
    const NEVER: &str = "[keystrokes]\nwindow = \"5m\"\npoll = \"1h\"";
    const OFTEN: &str = "[keystrokes]\nwindow = \"1s\"\npoll = \"20ms\"";
    let folder = Folder::new(NEVER);
    let visits: Vec<TypedSearch> = (0..10).map(|number| TypedSearch::new("torn", number, false)).collect();
    let mut server = folder.serve().await;
    let clients = TypingClients::new(vec![server.endpoint.clone()]);
    clients.type_at_once(&visits, 1).await;
    server.process.kill();
    // An interrupted write leaves a torn end.
    let path = journal(&folder);
    let length = std::fs::metadata(&path).expect("a journal").len();
    let file = std::fs::File::options().write(true).open(&path).expect("opens");
    file.set_len(length - 20).expect("truncates");

    let mut server = folder.serve().await;
    let log = server.process.stderr();
    assert!(log.contains("WARN") && log.contains("the keystroke journal's torn end was cut off"), "{log}");
    // It continues with the rest, and appends new keystrokes after it.
    TypingClients::new(vec![server.endpoint.clone()])
        .type_at_once(&[TypedSearch::new("more", 1, false)], 1)
        .await;
    assert_eq!(server.endpoint.logging_health().await["bufferedSearches"], 10);
    server.process.kill();

    // A journal that no write can have left is kept for inspection.
    let mut file = std::fs::File::options().append(true).open(journal(&folder)).expect("opens");
    file.write_all(b"this is not a record of any kind").expect("writes");
    folder.configure(OFTEN);
    let server = folder.serve().await;
    let mut expected: Vec<_> = visits[..9].iter().map(TypedSearch::logged).collect();
    expected.push(TypedSearch::new("more", 1, false).logged());
    server.endpoint.assert_logged(expected).await;
    let log = server.stop().await.stderr;
    assert!(log.contains("WARN") && log.contains("the keystroke journal is damaged"), "{log}");
    assert!(!log.contains(&visits[0].text), "no text is in the log: {log}");
}

/// Returns the only journal of a folder.
fn journal(folder: &Folder) -> PathBuf {
    let entries = std::fs::read_dir(folder.path("data/keystrokes")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut journals = paths.filter(|path| path.extension().is_some_and(|kind| kind == "journal"));
    let journal = journals.next().expect("a journal");
    assert_eq!(journals.next(), None);
    journal
}

#[tokio::test]
async fn a_second_server_on_a_folder_is_refused_without_effect() {
    let folder = Folder::new("[keystrokes]\nwindow = \"500ms\"\npoll = \"20ms\"");
    let server = folder.serve().await;
    let visits = TypedSearch::submitted("only", 5);
    let clients = TypingClients::new(vec![server.endpoint.clone()]);
    clients.type_at_once(&visits[..2], 1).await;
    let said = folder.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    // The server opens the index first.
    let index = folder.path("data/index");
    assert!(said.contains(&format!("another quarry process uses {}", index.display())), "{said}");
    assert!(said.contains("give this one a data_dir of its own"), "with a remedy: {said}");
    clients.type_at_once(&visits[2..], 1).await;
    server.endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
    assert_eq!(server.endpoint.logging_health().await["lastError"], Value::Null);
    server.stop().await;
}
