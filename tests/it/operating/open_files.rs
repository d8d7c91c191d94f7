//! Limits on open files: connections leave a reserve, and a lack of files is not taken for a damaged index.

use std::process::Command;

use serde_json::Value;
use tokio::net::TcpStream;

use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::typing_clients::TypedSearch;
use crate::support::wait::until;

/// More connections than open files.
const IDLE: usize = 150;

/// Opens more idle connections than the server accepts.
async fn idle_connections(server: &Server) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..IDLE {
        open.push(TcpStream::connect(server.endpoint.address()).await.expect("the system accepts it"));
    }
    open
}

#[track_caller]
fn assert_kept_its_index(log: &str) {
    for sign in ["damaged", "rebuilding", "too many open files", "Too many open files"] {
        assert!(!log.contains(sign), "{sign}: {log}");
    }
}

#[tokio::test]
async fn idle_connections_leave_files_for_indexing_and_logging() {
    let folder = Folder::new("[keystrokes]\nwindow = \"100ms\"\npoll = \"20ms\"");
    for limit in ["80", "128", "256"] {
        let server = Server::start_in_shell(&folder, &format!("ulimit -n {limit}")).await;
        server.ready().await;
        // This request also opens the connection of the test's client.
        assert_eq!(server.endpoint.total("").await, server.endpoint.document_count("notes").await);
        let idle = idle_connections(&server).await;
        for round in 0..20 {
            let documents: Vec<String> = (0..10).map(|number| format!("{limit}-{round}-{number}")).collect();
            let documents: Vec<(&str, &str)> =
                documents.iter().map(|key| (key.as_str(), "Green tea")).collect();
            let stored = server.endpoint.index("notes", &documents).await;
            assert!(stored.errors.is_empty(), "{limit}: {stored:?}");
        }
        let search = TypedSearch::new(limit, 1, true);
        assert!(search.type_at(&server.endpoint).await.errors.is_empty());
        until("a logged search", async || {
            let log = server.endpoint.search_log().await;
            log.iter().any(|row| row["sessionId"] == search.session.as_str()).then_some(())
        })
        .await;
        assert_eq!(server.endpoint.total("tea").await, server.endpoint.document_count("notes").await);
        drop(idle);
        let log = server.stop().await.stderr;
        assert!(log.contains(&format!("files.allowed={limit}")), "{log}");
        assert!(
            log.contains("limits lowered") && log.contains("websockets=") && log.contains("LimitNOFILE"),
            "{log}"
        );
        assert_kept_its_index(&log);
    }
}

#[tokio::test]
async fn without_files_indexing_waits_and_does_not_rebuild() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("1", "Green tea")]).await;
    // All database connections are open, so it is the index that lacks a file.
    let queries = (0..20).map(|_| server.endpoint.query("{ sources { name documentCount } }", Value::Null));
    futures_util::future::join_all(queries).await;
    set_file_limit(&server, "1:");
    let endpoint = server.endpoint.clone();
    let storing = tokio::spawn(async move { endpoint.index("notes", &[("2", "Black tea")]).await });
    until("a failure of the indexer", async || {
        let log = server.process.stderr();
        (log.contains("worker step failed worker.name=\"indexer\"")).then_some(())
    })
    .await;
    set_file_limit(&server, "1024:");
    storing.await.expect("the mutation is answered");
    until("the document", async || (server.endpoint.total("black").await == 1).then_some(())).await;
    assert_eq!(server.endpoint.total("tea").await, 2);
    let log = server.stop().await.stderr;
    assert!(!log.contains("damaged") && !log.contains("rebuilding"), "{log}");
}

/// Sets the soft limit on open files of a running server.
fn set_file_limit(server: &Server, limit: &str) {
    let (pid, limit) = (server.process.id().to_string(), format!("--nofile={limit}"));
    let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status().expect("prlimit runs");
    assert!(set.success());
}
