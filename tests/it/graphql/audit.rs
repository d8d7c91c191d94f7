//! The audits of the GraphQL-over-HTTP specification, from the npm package `graphql-http`.
//!
//! They run where `QUARRY_TEST_HTTP_AUDIT` is set, as in CI: they need node and, once,
//! `npm ci --prefix tests/http-audit`.

use std::net::SocketAddr;
use std::process::Stdio;

use async_graphql_axum::GraphQL;
use axum::Router;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::server::Server;

/// The number of audits.
const AUDITS: u32 = 61;

fn are_enabled() -> bool {
    std::env::var_os("QUARRY_TEST_HTTP_AUDIT").is_some()
}

/// Audits a server: the number of audits that pass, and the report.
#[expect(clippy::print_stderr, reason = "the counts are the result of a run by hand")]
async fn audit(server: &str, address: SocketAddr) -> (u32, String) {
    let audit = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http-audit/audit.mjs"))
        .arg(format!("http://{address}/graphql"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("node runs");
    let report = String::from_utf8_lossy(&[audit.stdout, audit.stderr].concat()).into_owned();
    let passed = report.lines().find_map(|line| line.strip_suffix(&format!(" of {AUDITS}"))?.parse().ok());
    let passed = passed.unwrap_or_else(|| panic!("no count: {report}"));
    eprintln!("{server}: {passed} of {AUDITS} audits pass");
    (passed, report)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_audit_passes() {
    if are_enabled() {
        let server = Server::start().await;
        let (passed, report) = audit("quarry", server.address).await;
        assert_eq!(passed, AUDITS, "{report}");
    }
}

/// The baseline that `docs/decisions/async-graphql-axum.md` compares; revisit that decision if this fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_graphql_axum_passes_fewer_audits() {
    if !are_enabled() {
        return;
    }
    let server = Server::start().await;
    let routes = Router::new().route_service("/graphql", GraphQL::new(server.api.executor()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let (passed, report) = audit("async-graphql-axum", address).await;
    assert!(passed < AUDITS, "{report}");
    serving.abort();
}
