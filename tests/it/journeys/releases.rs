//! Trusted documents across releases of a front end.

use serde_json::{Value, json};

use super::keys::reload;
use crate::support::folder::Folder;
use crate::support::server::Server;

const DOCUMENTS_FILE: &str = "documents.json";
const SETTINGS: &str = "[persisted]\ndocuments = \"documents.json\"\nonly_trusted = true\n";
const OLD: &str = "{ __typename }";
const NEW: &str = "{ search(query: \"\") { totalCount } }";

fn write(folder: &Folder, documents: &Value) {
    std::fs::write(folder.path(DOCUMENTS_FILE), documents.to_string()).expect("can be written");
}

/// Returns true if a server executes the document of this name.
async fn executes(server: &Server, name: &str) -> bool {
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
async fn a_reload_applies_the_documents_of_a_release() {
    let folder = Folder::new(SETTINGS);
    write(&folder, &json!({ "old": OLD }));
    let server = folder.serve().await;
    assert_eq!((executes(&server, "old").await, executes(&server, "new").await), (true, false));
    assert_eq!(server.endpoint.status("/graphiql").await, Some(404), "it could execute nothing");

    write(&folder, &json!({ "old": OLD, "new": NEW }));
    reload(&server, "settings reloaded").await;
    assert_eq!((executes(&server, "old").await, executes(&server, "new").await), (true, true));

    // An invalid file removes nothing, nor do settings without a file.
    write(&folder, &json!({ "new": "{ nonsense }" }));
    reload(&server, "the old ones stay").await;
    let output = server.process.stderr();
    assert!(
        output.contains(&folder.path(DOCUMENTS_FILE).display().to_string()) && output.contains("nonsense"),
        "{output}"
    );
    folder.configure("");
    reload(&server, "the old ones stay").await;
    assert!(server.process.stderr().contains("`persisted.documents` is not set"));
    assert_eq!((executes(&server, "old").await, executes(&server, "new").await), (true, true));

    folder.configure(SETTINGS);
    write(&folder, &json!({ "new": NEW }));
    reload(&server, "settings reloaded").await;
    assert_eq!((executes(&server, "old").await, executes(&server, "new").await), (false, true));
    let ended = server.stop().await;
    assert!(!ended.stdout.contains("GraphiQL"), "{}", ended.stdout);
}
