//! Searches that boost documents by their clicks and sales.

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::server::Endpoint;
use crate::support::wait::until;

const RECORD: &str =
    "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
const BOOSTED: &str = "query($boost: [SearchBoost!]) { search(query: \"lamp\", boost: $boost, explain: true) { \
    edges { node { key } explanation { factors { factor attribute interactions } } } } }";

#[tokio::test]
async fn visitors_raise_documents_also_after_a_kill() {
    let folder = Folder::new("");
    let mut server = folder.serve().await;
    let indexed = server.endpoint.index("shop", &[("a", "lamp"), ("b", "lamp"), ("c", "lamp")]).await;
    let documents = indexed.data["indexDocuments"]["documents"].clone();
    let id = |at: usize| &documents[at]["id"];
    // One visitor clicks often, three click once.
    for click in 0..20 {
        record(
            &server.endpoint,
            json!({ "kind": "CLICK", "documentId": id(0), "sessionId": "s-0",
            "idempotencyKey": format!("c-{click}") }),
        )
        .await;
    }
    for visitor in 1..=3 {
        record(
            &server.endpoint,
            json!({ "kind": "CLICK", "documentId": id(1), "sessionId": format!("s-{visitor}") }),
        )
        .await;
    }
    record(&server.endpoint, json!({ "kind": "CONVERSION", "documentId": id(2), "quantity": 9 })).await;
    // Months ago, half of the world clicked the third one.
    for visitor in 10..20 {
        record(
            &server.endpoint,
            json!({ "kind": "CLICK", "documentId": id(2), "sessionId": format!("s-{visitor}"),
            "occurredAt": "2026-01-05T10:00:00Z" }),
        )
        .await;
    }
    server.process.kill();

    let server = folder.serve().await;
    let by_clicks = json!([{ "interactions": "CLICK", "saturation": 1 }]);
    until("clicks are counted", async || {
        let edges = boosted(&server.endpoint, &by_clicks).await;
        let keys: Vec<&Value> = edges.iter().map(|edge| &edge["node"]["key"]).collect();
        let factors: Vec<&Value> = edges.iter().map(|edge| &edge["explanation"]["factors"][0]).collect();
        let expected = [1.75, 1.5, 1.0]
            .map(|factor| json!({ "factor": factor, "attribute": null, "interactions": "CLICK" }));
        (keys == ["b", "a", "c"] && factors.iter().copied().eq(&expected)).then_some(())
    })
    .await;
    let by_sales = json!([{ "interactions": "CONVERSION", "saturation": 1, "weight": 3 }]);
    assert_eq!(boosted(&server.endpoint, &by_sales).await[0]["node"]["key"], "c");
    for wrong in [
        json!([{ "saturation": 1 }]),
        json!([{ "attribute": "x", "interactions": "CLICK", "saturation": 1 }]),
    ] {
        let response = server.endpoint.query(BOOSTED, json!({ "boost": wrong })).await;
        assert_eq!(response.errors[0]["extensions"]["argumentPath"], "boost.0", "{:?}", response.errors);
    }
    server.stop().await;
}

async fn record(endpoint: &Endpoint, input: Value) {
    let data = endpoint.data(RECORD, json!({ "input": input })).await;
    assert_eq!(data["recordInteraction"]["accepted"], true);
}

async fn boosted(endpoint: &Endpoint, boost: &Value) -> Vec<Value> {
    let data = endpoint.data(BOOSTED, json!({ "boost": boost })).await;
    data["search"]["edges"].as_array().expect("edges").clone()
}
