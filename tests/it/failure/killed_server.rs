//! A server that is killed while it writes or indexes loses and duplicates no document.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, source};
use crate::support::server::{Endpoint, Server};
use crate::support::upstream::Upstream;

const STORE: &str = "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) { inserted } }";
/// The number of documents of one call.
const BATCH: usize = 200;

#[tokio::test]
async fn a_server_killed_while_it_indexes_keeps_all_confirmed_documents() {
    let folder = Folder::new("");
    let mut confirmed = BTreeSet::new();
    let mut sent = BTreeSet::new();
    for round in 0..3 {
        let mut server = folder.serve().await;
        // The next server finds all that a killed server confirmed.
        let found = server.endpoint.key_set("").await;
        assert!(found.is_superset(&confirmed), "round {round}: {:?}", confirmed.difference(&found));
        assert!(found.is_subset(&sent), "round {round}");
        assert_eq!(server.endpoint.document_count("notes").await, found.len() as u64);

        let (confirm, mut confirmations) = tokio::sync::mpsc::unbounded_channel();
        let endpoint = server.endpoint.clone();
        // Half of the calls wait for the index, half do not.
        let batches: Vec<Vec<String>> = (0..40)
            .map(|batch| (0..BATCH).map(|number| format!("{round}-{batch}-{number}")).collect())
            .collect();
        sent.extend(batches.iter().flatten().cloned());
        let writer = tokio::spawn(async move {
            for (index, keys) in batches.into_iter().enumerate() {
                if !store(&endpoint, &keys, index % 2 == 0).await || confirm.send(keys).is_err() {
                    return;
                }
            }
        });
        for _ in 0..3 + 2 * round {
            confirmed.extend(confirmations.recv().await.expect("a confirmed batch"));
        }
        server.process.kill();
        writer.await.expect("the writer ends with the server");
        while let Some(keys) = confirmations.recv().await {
            confirmed.extend(keys);
        }
    }
    let server = folder.serve().await;
    let found = server.endpoint.key_set("").await;
    assert!(found.is_superset(&confirmed) && found.is_subset(&sent));
    // All documents are sent again, and each exists once.
    let keys: Vec<String> = sent.iter().filter(|key| key.starts_with("0-")).cloned().collect();
    for batch in keys.chunks(1_000) {
        assert!(store(&server.endpoint, batch, true).await);
    }
    let found = server.endpoint.key_set("").await;
    assert_eq!(found.iter().filter(|key| key.starts_with("0-")).count(), keys.len());
    assert_eq!(server.endpoint.document_count("notes").await, found.len() as u64);
    server.stop().await;
}

/// Returns a folder with the crawled messages.
async fn crawled() -> Folder {
    let upstream = Upstream::start("none", SEED).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    folder.succeed(&["crawl", "messages"]).await;
    folder
}

/// Stores documents, and returns true if the server confirmed them.
async fn store(endpoint: &Endpoint, keys: &[String], wait: bool) -> bool {
    let documents: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "source": "notes", "key": key, "text": format!("a note about {key}") }))
        .collect();
    let answer =
        endpoint.try_query(STORE, json!({ "input": { "documents": documents, "wait": wait } })).await;
    answer.is_some_and(|answer| answer.errors.is_empty())
}

#[tokio::test]
async fn a_server_killed_while_it_catches_up_restarts_with_all_documents() {
    let folder = crawled().await;
    // The kills range from before the index exists to after it has caught up.
    for wait_ms in [0, 60, 250, 900, 2_500] {
        let mut server = Server::start(&folder).await;
        let ready = tokio::time::timeout(Duration::from_millis(wait_ms), server.ready());
        let _ = ready.await;
        server.process.kill();
    }
    let server = folder.serve().await;
    assert_eq!(server.endpoint.key_set("").await.len(), MESSAGES);
    let log = server.stop().await.stderr;
    assert!(!log.contains("damaged"), "{log}");
}

#[tokio::test]
async fn a_stopped_server_ends_in_order_and_another_replaces_it() {
    let folder = crawled().await;
    for _ in 0..2 {
        let server = folder.serve().await;
        assert_eq!(server.endpoint.total("").await, MESSAGES as u64);
        // In-flight requests get a response.
        let endpoint = server.endpoint.clone();
        let (answered, mut first) = tokio::sync::mpsc::unbounded_channel();
        let asking = tokio::spawn(async move {
            let search = "{ search(query: \"jet\") { totalCount } }";
            while let Some(answer) = endpoint.try_query(search, Value::Null).await {
                assert!(answer.errors.is_empty(), "{answer:?}");
                // The receiver is gone after the first response.
                let _ = answered.send(());
            }
        });
        first.recv().await.expect("an answer");
        let ended = server.stop().await;
        assert!(ended.stderr.contains("stopping signal=\"SIGTERM\""), "{}", ended.stderr);
        assert!(!ended.stderr.contains("aborting"), "{}", ended.stderr);
        asking.await.expect("no answer is an error");
    }
}
