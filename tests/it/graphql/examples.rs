//! The example queries of GraphiQL execute unchanged.

use quarry::http::EXAMPLE_QUERIES;
use serde_json::{Value, json};

use super::server::Server;

#[tokio::test]
async fn every_example_executes() {
    let server = Server::start().await;
    let mut subscriptions = 0;
    for example in EXAMPLE_QUERIES {
        let variables = match example.variables {
            "" => json!({}),
            variables => serde_json::from_str::<Value>(variables).unwrap(),
        };
        // The subscription needs another transport: here, its selection of a crawl is queried.
        if let Some((_, selection)) = example.query.split_once("crawlProgress(source: $source)") {
            subscriptions += 1;
            server.data(&format!("{{ sources {{ lastCrawl {selection} }}"), json!({})).await;
        } else {
            server.data(example.query, variables).await;
        }
    }
    assert_eq!(subscriptions, 1);
}
