//! What clients may run: trusted documents.

use serde_json::json;

use crate::support::folder::Folder;

#[tokio::test]
async fn trusted_documents_are_checked_before_anything_is_served() {
    let home = Folder::new("[persisted]\ndocuments = \"trusted.json\"\nonly_trusted = true");
    let said = home.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(said.contains("trusted.json") && said.contains("persisted.documents"), "{said}");
    for (file, problem) in [
        (json!(["{ __typename }"]), "a JSON object of documents by their hashes"),
        (json!({"0a": {"text": "{ __typename }"}}), "a JSON object of documents by their hashes"),
        (json!({"0a": "{ sources { name } }", "0b": "{ sources { canary } }"}), "\"0b\" cannot be run"),
        (json!({"0a": "{ sources { name "}), "\"0a\" cannot be run: The document is not GraphQL"),
        (json!({"0a": format!("{{ {} }}", "__typename ".repeat(3_000))}), "number of fields"),
    ] {
        std::fs::write(home.path("trusted.json"), file.to_string()).unwrap();
        let said = home.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
        assert!(said.contains("trusted.json") && said.contains(problem), "{file}: {said}");
    }
    std::fs::write(home.path("trusted.json"), json!({"0a": "{ sources { name } }"}).to_string()).unwrap();
    let server = home.serve().await;
    let refused = server.endpoint.ask("{ sources { name } } ", json!({})).await;
    assert!(refused.codes().contains("PERSISTED_QUERY_ONLY"), "{refused:?}");
    let known = server.endpoint.ask("{ sources { name } }", json!({})).await;
    assert_eq!(known.data, json!({"sources": []}));
    server.stop().await;
}
