//! Documents with several values, or with unusual spellings of values.

use serde_json::{Value, json};

use super::super::server::Server;
use super::{one, setup};

/// A server with one document.
async fn with_product(attributes: Value) -> Server {
    let server = Server::start_with(setup()).await;
    server.index(json!([{"source": "shop", "key": "1", "text": "lamp", "attributes": attributes}])).await;
    server
}

async fn total(server: &Server, condition: &Value) -> u64 {
    let query = "query($filter: DocumentFilter) { search(query: \"lamp\", filter: $filter) { totalCount } }";
    let data = server.data(query, json!({"filter": one(condition.clone())})).await;
    data["search"]["totalCount"].as_u64().unwrap()
}

#[tokio::test]
async fn one_value_meets_all_conditions() {
    let server = with_product(json!({
        "price": [8, 12.5, 30],
        "created": ["2023-05-01", "2025-05-01"],
        "place": [[11.0, 48.0], [-170.0, 10.0]],
    }))
    .await;
    let munich = json!({"latitude": 48.1, "longitude": 11.0, "meters": 20_000});
    let (west, east) = (
        json!({"south": 0, "west": -180, "north": 60, "east": -160}),
        json!({"south": 0, "west": 0, "north": 60, "east": 20}),
    );
    for (condition, expected) in [
        (json!({"name": "price", "gt": 9, "lt": 12}), 0),
        (json!({"name": "price", "in": [8, 9], "gt": 10}), 0),
        (json!({"name": "price", "in": [8, 12.5], "gte": 10}), 1),
        (json!({"name": "price", "in": [8], "gte": 8, "lte": 8}), 1),
        (json!({"name": "price", "in": [30], "lt": 30}), 0),
        (json!({"name": "price", "in": [], "lt": 9}), 1),
        (json!({"name": "created", "in": ["2023-05-01"], "gte": "2024-01-01"}), 0),
        (json!({"name": "created", "in": ["2023-05-01", "2025-05-01"], "gte": "2024-01-01"}), 1),
        (json!({"name": "place", "near": munich}), 1),
        (json!({"name": "place", "within": west}), 1),
        (json!({"name": "place", "near": munich, "within": west}), 0),
        (json!({"name": "place", "near": munich, "within": east}), 1),
    ] {
        assert_eq!(total(&server, &condition).await, expected, "{condition}");
    }
}
