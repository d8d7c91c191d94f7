//! Trusted documents, which change with each release of a front end.

use serde_json::{Value, json};

use super::keys::reload;
use crate::support::folder::Folder;
use crate::support::server::Server;

const FILE: &str = "documents.json";
const SETTINGS: &str = "[persisted]\ndocuments = \"documents.json\"\nonly_trusted = true\n";
const OLD: &str = "{ __typename }";
const NEW: &str = "{ search(query: \"\") { totalCount } }";

fn write(folder: &Folder, documents: &Value) {
    std::fs::write(folder.path(FILE), documents.to_string()).expect("can be written");
}

/// Whether a server runs the document of this name.
async fn runs(server: &Server, name: &str) -> bool {
    let body = json!({ "documentId": name }).to_string();
    let (_, answer) = server.endpoint.send("application/json", body.into()).await.expect("it answers");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    if answer["errors"].is_null() {
        return true;
    }
    assert_eq!(answer["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_ONLY", "{answer}");
    false
}

#[tokio::test]
async fn a_release_brings_its_documents_without_a_restart() {
    let folder = Folder::new(SETTINGS);
    write(&folder, &json!({ "old": OLD }));
    let server = folder.serve().await;
    assert_eq!((runs(&server, "old").await, runs(&server, "new").await), (true, false));
    assert_eq!(server.endpoint.status("/graphiql").await, Some(404), "it could run nothing");

    write(&folder, &json!({ "old": OLD, "new": NEW }));
    reload(&server, "settings reloaded").await;
    assert_eq!((runs(&server, "old").await, runs(&server, "new").await), (true, true));

    // A file that is wrong takes nothing away, nor do settings without one.
    write(&folder, &json!({ "new": "{ nonsense }" }));
    reload(&server, "the old ones stay").await;
    let said = server.process.stderr();
    assert!(said.contains(&folder.path(FILE).display().to_string()) && said.contains("nonsense"), "{said}");
    folder.configure("");
    reload(&server, "the old ones stay").await;
    assert!(server.process.stderr().contains("`persisted.documents` is not set"));
    assert_eq!((runs(&server, "old").await, runs(&server, "new").await), (true, true));

    folder.configure(SETTINGS);
    write(&folder, &json!({ "new": NEW }));
    reload(&server, "settings reloaded").await;
    assert_eq!((runs(&server, "old").await, runs(&server, "new").await), (false, true));
    let ended = server.stop().await;
    assert!(!ended.stdout.contains("GraphiQL"), "{}", ended.stdout);
}
