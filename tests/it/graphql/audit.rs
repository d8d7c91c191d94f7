//! The audits of the GraphQL-over-HTTP specification, from the npm package `graphql-http`.

use std::process::Stdio;

use tokio::process::Command;

use super::server::Server;

/// Runs where `QUARRY_TEST_HTTP_AUDIT` is set, as it is in CI: it needs node and, once,
/// `npm ci --prefix tests/http-audit`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_audit_passes() {
    if std::env::var_os("QUARRY_TEST_HTTP_AUDIT").is_none() {
        return;
    }
    let server = Server::start().await;
    let audit = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http-audit/audit.mjs"))
        .arg(format!("http://{}/graphql", server.address))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("node runs");
    let said = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{said}{}", String::from_utf8_lossy(&audit.stderr));
    assert!(said.contains("61 of 61"), "{said}");
}
