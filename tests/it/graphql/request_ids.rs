//! Request ids in responses, and in errors whose cause is logged.

use sea_orm::ConnectionTrait;
use serde_json::json;

use super::server::{Server, code, read};
use crate::support::folder::Folder;
use crate::support::wait::until;

#[tokio::test]
async fn every_response_of_every_path_has_a_request_id() {
    let server = Server::start().await;
    // Makes the server ready.
    server.index(json!([{"source": "a", "key": "1", "text": "green tea"}])).await;
    let post = |content_type: &str, body: &str| {
        server.request("POST", "/graphql").header("content-type", content_type).body(body.to_owned())
    };
    let json = "application/json";
    for (request, status) in [
        (server.get("/livez"), 200),
        (server.get("/readyz"), 200),
        (server.get("/metrics"), 200),
        (server.get("/graphiql"), 200),
        (server.get("/graphiql/nothing.js"), 404),
        (server.get("/nowhere"), 404),
        (server.request("DELETE", "/livez"), 405),
        (server.request("PUT", "/graphql"), 405),
        (server.get("/graphql"), 400),
        (server.get("/graphql/ws"), 426),
        (post("text/plain", "x"), 415),
        (post(json, "{").header("accept", "text/html"), 406),
        (post(json, "{"), 400),
        (post(json, "{\"query\": \"{\"}"), 200),
        (post(json, "{\"query\": \"{ nonsense }\"}"), 200),
        (post(json, "{\"query\": \"{ __typename }\"}"), 200),
        (post(json, "[{\"query\": \"{ __typename }\"}]"), 200),
    ] {
        let named = request.try_clone().unwrap().header("x-request-id", "mine.1").send().await.unwrap();
        assert_eq!(named.status(), status);
        assert_eq!(named.headers()["x-request-id"], "mine.1");
        let unnamed = [request.try_clone().unwrap().send().await.unwrap(), request.send().await.unwrap()];
        let ids = unnamed.map(|response| response.headers()["x-request-id"].to_str().unwrap().to_owned());
        assert!(ids[0] != ids[1] && ids.iter().all(|id| id.len() >= 10), "{ids:?}");
    }
}

#[tokio::test]
async fn the_request_id_of_a_client_is_kept_only_if_it_is_safe() {
    let server = Server::start().await;
    let long = "x".repeat(65);
    for odd in ["", "a b", "a\"b", "{}", "ü", long.as_str()] {
        let request = server.get("/livez").header("x-request-id", odd.as_bytes());
        let given = request.send().await.unwrap().headers()["x-request-id"].clone();
        assert_ne!(given.as_bytes(), odd.as_bytes());
        assert!(!given.is_empty());
    }
}

#[tokio::test]
async fn error_header_and_log_have_the_same_request_id() {
    let folder = Folder::new("[log]\nlevel = \"debug\"\nformat = \"json\"");
    let server = folder.serve().await;
    // A database without its tables fails with an unexpected error.
    drop_table(&folder, "search_logs").await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("http://{}/graphql", server.endpoint.address()))
        .header("content-type", "application/json")
        .header("x-request-id", "trace-me-7")
        .body(json!({"query": "{ searchLog { totalCount } }"}).to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "trace-me-7");
    let answer = read(response).await;
    assert_eq!(code(&answer["errors"][0]), "INTERNAL_SERVER_ERROR", "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["requestId"], "trace-me-7");
    for line_text in ["a resolver failed", "request answered"] {
        until(line_text, async || {
            let log = server.process.stderr();
            let line = log.lines().find(|line| line.contains("trace-me-7") && line.contains(line_text))?;
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["request.id"], "trace-me-7");
            Some(())
        })
        .await;
    }
}

/// Drops a table.
async fn drop_table(folder: &Folder, table: &str) {
    let database = sea_orm::Database::connect(folder.database_url()).await.unwrap();
    database.execute_unprepared(&format!("DROP TABLE {table}")).await.unwrap();
}
