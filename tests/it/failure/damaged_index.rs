//! The index folder is deleted or damaged: it is rebuilt from the store, with the same answers.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, SEED, messages, source, write};
use crate::support::server::Endpoint;
use crate::support::upstream::Upstream;

/// Enough for an index of some size, few enough to be indexed again and again.
const SOME: usize = 800;

/// Something that happens to a folder.
type Damage = fn(&Folder);

/// What is found, in which order, with which scores and marks.
async fn answers(endpoint: &Endpoint) -> Vec<Value> {
    let text = "query($q: String!) { search(query: $q, first: 20) { totalCount relaxed
        edges { score node { key text publishedAt } highlights { field html } }
        facets(first: 20) { field buckets { value count } } } }";
    let mut answers = Vec::new();
    let queries =
        ["", "jürgen", "window seat", "\"window seat\"", "windw seat -paris", "zzzz", "book a tabl"];
    for query in queries {
        answers.push(endpoint.data(text, serde_json::json!({ "q": query })).await);
    }
    answers
}

#[tokio::test]
async fn a_deleted_or_damaged_index_is_rebuilt_with_the_same_answers() {
    let folder = Folder::new("");
    let file = folder.path("some.json");
    write(&messages()[..SOME], &file);
    let upstream = Upstream::serving(&file, "none", SEED).await;
    folder.configure(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    folder.succeed(&["crawl", "messages"]).await;
    let server = folder.serve().await;
    let before = answers(&server.endpoint).await;
    assert_eq!(before[0]["search"]["totalCount"], SOME);
    server.stop().await;

    let damages: [(&str, Damage); 5] = [
        ("", delete_all),
        ("rebuilding it from the store", damage_largest),
        ("rebuilding it from the store", truncate_all),
        ("rebuilding it from the store", spoil_meta),
        ("rebuilding it from the store", delete_some),
    ];
    for (index, (warning, damage)) in damages.into_iter().enumerate() {
        damage(&folder);
        let server = folder.serve().await;
        assert_eq!(answers(&server.endpoint).await, before, "damage {index}");
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

/// Leaves the first half of every file.
fn truncate_all(folder: &Folder) {
    for path in folder.index_files() {
        let bytes = fs::read(&path).expect("can be read");
        fs::write(&path, &bytes[..bytes.len() / 2]).expect("can be written");
    }
}

fn spoil_meta(folder: &Folder) {
    let meta = folder.index_files().into_iter().find(|path| path.ends_with("meta.json")).expect("a file");
    fs::write(meta, "{\"segments\": nonsense").expect("can be written");
}

/// Deletes every other file.
fn delete_some(folder: &Folder) {
    let mut files = folder.index_files();
    files.sort();
    for path in files.iter().filter(|path| !path.ends_with("meta.json")).step_by(2) {
        fs::remove_file(path).expect("can be deleted");
    }
}
