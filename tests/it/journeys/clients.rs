//! The clients that people use, by their npm packages: see `tests/clients`.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::support::folder::Folder;

/// Runs something of `tests/clients`; it must succeed.
async fn node(program: &str, arguments: &[&str], url: &str) {
    let clients = folder();
    let own = clients.join("node_modules/.bin").join(program);
    let program = if own.exists() { own.into_os_string() } else { program.into() };
    let ran = Command::new(&program)
        .args(arguments)
        .current_dir(&clients)
        .env("QUARRY_URL", url)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap_or_else(|error| {
            panic!("{program:?} does not run: {error}; tests/clients/run.sh installs it")
        });
    assert!(
        ran.status.success(),
        "{program:?} {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

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

/// Runs where `QUARRY_TEST_CLIENTS` is set, as it is in CI: it needs node and, once,
/// `npm ci --prefix tests/clients`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_get_what_they_expect() {
    if std::env::var_os("QUARRY_TEST_CLIENTS").is_none() {
        return;
    }
    node("node", &["codegen/generate.mjs"], "").await;
    node("tsc", &["--project", "codegen"], "").await;
    node("relay-compiler", &["relay/relay.config.json"], "").await;
    node("node", &["--test", "schema.test.mjs"], "").await;

    let home = Folder::new("[keystrokes]\nwindow = \"100ms\"\npoll = \"10ms\"");
    let server = home.serve().await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    node("node", &["--test", "apollo.test.mjs", "relay.test.mjs"], &url).await;
    server.stop().await;

    let documents = folder().join("generated/gql/persisted-documents.json");
    let settings = format!("[persisted]\nonly_trusted = true\ndocuments = {documents:?}");
    home.configure(&settings);
    let server = home.serve().await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    node("node", &["--test", "codegen.test.mjs"], &url).await;
    server.stop().await;
}
