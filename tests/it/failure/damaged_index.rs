//! A deleted or damaged index folder is rebuilt from the store with the same results.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, SEED, messages, source, write};
use crate::support::server::Endpoint;
use crate::support::upstream::Upstream;

/// The number of documents, small enough for several rebuilds.
const DOCUMENTS: usize = 800;

/// Damage to a folder.
type Damage = fn(&Folder);

/// Returns the results of several searches, with order, scores and highlights.
async fn results(endpoint: &Endpoint) -> Vec<Value> {
    let text = "query($q: String!) { search(query: $q, first: 20) { totalCount relaxed
        edges { score node { key text publishedAt } highlights { field html } }
        facets(first: 20) { field buckets { value count } } } }";
    let mut results = Vec::new();
    let queries =
        ["", "jürgen", "window seat", "\"window seat\"", "windw seat -paris", "zzzz", "book a tabl"];
    for query in queries {
        results.push(endpoint.data(text, serde_json::json!({ "q": query })).await);
    }
    results
}

#[tokio::test]
async fn a_deleted_or_damaged_index_is_rebuilt_with_the_same_results() {
    let folder = Folder::new("");
    let file = folder.path("documents.json");
    write(&messages()[..DOCUMENTS], &file);
    let upstream = Upstream::serving(&file, "none", SEED).await;
    folder.configure(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    folder.succeed(&["crawl", "messages"]).await;
    let server = folder.serve().await;
    let before = results(&server.endpoint).await;
    assert_eq!(before[0]["search"]["totalCount"], DOCUMENTS);
    server.stop().await;

    let damages: [(&str, Damage); 5] = [
        ("", delete_all),
        ("rebuilding it from the store", damage_largest),
        ("rebuilding it from the store", truncate_all),
        ("rebuilding it from the store", corrupt_meta),
        ("rebuilding it from the store", delete_half),
    ];
    for (index, (warning, damage)) in damages.into_iter().enumerate() {
        damage(&folder);
        let server = folder.serve().await;
        assert_eq!(results(&server.endpoint).await, before, "damage {index}");
        let log = server.stop().await.stderr;
        let warned = log.lines().any(|line| line.contains(" WARN ") && line.contains(warning));
        assert!(warned || warning.is_empty(), "damage {index}: {log}");
    }
}

fn delete_all(folder: &Folder) {
    fs::remove_dir_all(folder.index()).expect("can be deleted");
}

/// Changes one byte in the middle of the largest file.
fn damage_largest(folder: &Folder) {
    let length = |path: &Path| fs::metadata(path).expect("is there").len();
    let largest = folder.index_files().into_iter().max_by_key(|path| length(path)).expect("a file");
    let mut bytes = fs::read(&largest).expect("can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&largest, bytes).expect("can be written");
}

/// Truncates every file to its first half.
fn truncate_all(folder: &Folder) {
    for path in folder.index_files() {
        let bytes = fs::read(&path).expect("can be read");
        fs::write(&path, &bytes[..bytes.len() / 2]).expect("can be written");
    }
}

fn corrupt_meta(folder: &Folder) {
    let meta = folder.index_files().into_iter().find(|path| path.ends_with("meta.json")).expect("a file");
    fs::write(meta, "{\"segments\": nonsense").expect("can be written");
}

/// Deletes every other file.
fn delete_half(folder: &Folder) {
    let mut files = folder.index_files();
    files.sort();
    for path in files.iter().filter(|path| !path.ends_with("meta.json")).step_by(2) {
        fs::remove_file(path).expect("can be deleted");
    }
}
