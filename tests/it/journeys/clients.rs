//! Released client libraries, and persisted documents. See `tests/clients`.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::process::Command;
use uuid::Uuid;

use crate::support::folder::Folder;
use crate::support::redis::{command, delete_keys, keys, shared_url};
use crate::support::server::Server;
use crate::support::wait::until;

/// A source with attributes, whose documents clients send.
const CATALOGUE: &str = r#"
[[sources]]
name = "catalogue"
attributes = [
    { name = "brand", type = "string" },
    { name = "price", type = "number" },
    { name = "sales", type = "number" },
]
"#;

/// Runs a program in a folder of `tests/clients`; it must succeed.
async fn run(subfolder: &str, program: &str, arguments: &[&str], url: &str) {
    let folder = folder().join(subfolder);
    let own = folder.join("node_modules/.bin").join(program);
    let program = if own.exists() { own.into_os_string() } else { program.into() };
    let output = Command::new(&program)
        .args(arguments)
        .current_dir(&folder)
        .env("QUARRY_URL", url)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap_or_else(|error| {
            panic!("{program:?} does not run: {error}; tests/clients/run.sh installs it")
        });
    assert!(
        output.status.success(),
        "{program:?} {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn node(program: &str, arguments: &[&str], url: &str) {
    run("", program, arguments, url).await;
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

#[tokio::test]
async fn trusted_documents_are_validated_before_the_server_starts() {
    let home = Folder::new("[persisted]\ndocuments = \"trusted.json\"\nonly_trusted = true");
    let output = home.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(output.contains("trusted.json") && output.contains("persisted.documents"), "{output}");
    for (file, problem) in [
        (json!(["{ __typename }"]), "a JSON object of documents by their hashes"),
        (json!({"0a": {"text": "{ __typename }"}}), "a JSON object of documents by their hashes"),
        (json!({"0a": "{ sources { name } }", "0b": "{ sources { canary } }"}), "\"0b\" cannot be run"),
        (json!({"0a": "{ sources { name "}), "\"0a\" cannot be run: The document is not valid GraphQL"),
        (json!({"0a": format!("{{ {} }}", "__typename ".repeat(3_000))}), "number of fields"),
    ] {
        std::fs::write(home.path("trusted.json"), file.to_string()).unwrap();
        let output = home.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
        assert!(output.contains("trusted.json") && output.contains(problem), "{file}: {output}");
    }
    std::fs::write(home.path("trusted.json"), json!({"0a": "{ sources { name } }"}).to_string()).unwrap();
    let server = home.serve().await;
    let rejected = server.endpoint.query("{ sources { name } } ", json!({})).await;
    assert!(rejected.codes().contains("PERSISTED_QUERY_ONLY"), "{rejected:?}");
    let known = server.endpoint.query("{ sources { name } }", json!({})).await;
    assert_eq!(known.data, json!({"sources": []}));
    server.stop().await;
}

#[tokio::test]
async fn servers_share_persisted_documents_and_erasures_keep_them() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let settings = format!(
        "redis_url = {:?}\nredis_prefix = {prefix:?}\n[persisted]\nttl = \"10m\"\n\
         [server]\nallowed_origins = [\"https://shop.example\"]",
        shared_url()
    );
    let homes = [Folder::new(&settings), Folder::new(&settings)];
    let (one, two) = (homes[0].serve().await, homes[1].serve().await);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |server: &Server, body: &Value| {
        let request = client.post(format!("http://{}/graphql", server.endpoint.address()));
        let request =
            request.header("content-type", "application/json").header("origin", "https://shop.example");
        let answer = request.body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example");
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()
    };
    let text = "{ sources { name } }";
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
    let by_hash = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    let mut with_text = by_hash.clone();
    with_text["query"] = json!(text);
    assert_eq!(send(&two, &by_hash).await["errors"][0]["message"], "PersistedQueryNotFound");
    // Like clients: if Redis times out, a document is not found, and sent again.
    let found = async || {
        assert_eq!(send(&one, &with_text).await, json!({"data": {"sources": []}}));
        let answer = send(&two, &by_hash).await;
        (answer == json!({"data": {"sources": []}})).then_some(())
    };
    until("the document of the other server", found).await;

    let erase = "mutation { eraseSearcher(input: { userId: \"ann\" }) { searches } }";
    assert_eq!(one.endpoint.data(erase, json!({})).await["eraseSearcher"]["searches"], 0);
    let stored: Vec<String> = keys(&shared_url(), &prefix)
        .into_iter()
        .map(|key| String::from_utf8(key).unwrap())
        .filter(|key| key.ends_with(&hash))
        .collect();
    let [key] = &stored[..] else { panic!("{stored:?}") };
    let ttl_ms: i64 = command(&shared_url(), &["PTTL", key]);
    assert!((1..=600_000).contains(&ttl_ms), "{ttl_ms}");
    assert_eq!(send(&two, &by_hash).await, json!({"data": {"sources": []}}));
    one.stop().await;
    two.stop().await;
    delete_keys(&shared_url(), &prefix);
}

/// Runs for the languages in `QUARRY_TEST_CLIENTS`, which `tests/clients/run.sh` sets after installation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_libraries_work() {
    let Ok(languages) = std::env::var("QUARRY_TEST_CLIENTS") else { return };
    let languages: Vec<&str> = languages.split_whitespace().collect();
    assert_eq!(
        languages.first(),
        Some(&"node"),
        "the clients of other languages run beside those of Node.js"
    );
    node("node", &["codegen/generate.mjs"], "").await;
    node("tsc", &["--project", "codegen"], "").await;
    node("relay-compiler", &["relay/relay.config.json"], "").await;
    node("node", &["--test", "schema.test.mjs"], "").await;

    // The clients share one server: documents with only one of their words are those of others.
    let home = Folder::new(&format!(
        "[keystrokes]\nwindow = \"100ms\"\npoll = \"10ms\"\n[search]\nsufficient_hits = 1\n{CATALOGUE}"
    ));
    let server = home.serve().await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    let tests = ["apollo.test.mjs", "relay.test.mjs", "sse.test.mjs", "stitch.test.mjs", "urql.test.mjs"];
    node("node", &[&["--test"], &tests[..]].concat(), &url).await;
    for language in &languages[1..] {
        match *language {
            "python" => run("gql", "python", &["test_gql.py"], &url).await,
            "go" => {
                run("genqlient", "go", &["tool", "genqlient"], "").await;
                run("genqlient", "go", &["test", "-count=1", "."], &url).await;
            }
            other => panic!("there is no client of {other}"),
        }
    }
    server.stop().await;

    home.configure("[server]\nfederation = true\n");
    let server = home.serve().await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    node("node", &["--test", "federation.test.mjs"], &url).await;
    server.stop().await;

    let documents = folder().join("generated/gql/persisted-documents.json");
    let settings = format!(
        "[persisted]\nonly_trusted = true\ndocuments = {documents:?}\n[search]\nsufficient_hits = 1\n{CATALOGUE}"
    );
    home.configure(&settings);
    let server = home.serve().await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    node("node", &["--test", "codegen.test.mjs"], &url).await;
    server.stop().await;
}
