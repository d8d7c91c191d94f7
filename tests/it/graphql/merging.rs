//! Fields that share a response key are one field, as the specification has it.

use serde_json::json;

use super::server::{Server, code};

#[tokio::test]
async fn a_mutation_that_is_written_twice_is_run_once() {
    let server = Server::start().await;
    let twice = "mutation($d: [DocumentInput!]!) { indexDocuments(input: {documents: $d}) { inserted } ...F \
                 indexDocuments(input: {documents: $d}) { unchanged } } \
                 fragment F on Mutation { indexDocuments(input: {documents: $d}) { inserted } }";
    // The first time it is validated, the second time it is known.
    for key in ["1", "2"] {
        let document = json!({"source": "notes", "key": key, "text": "Green tea"});
        let answer = server.data(twice, json!({ "d": [document] })).await;
        // Run again, it would find that nothing changes.
        assert_eq!(answer, json!({"indexDocuments": {"inserted": 1, "unchanged": 0}}));
    }
}

#[tokio::test]
async fn fields_are_answered_in_their_order_with_all_that_was_selected() {
    let server = Server::start().await;
    let text = "query Q($no: Boolean!) { b: sources { name } ...F search(query: \"x\") { totalCount } \
                search(query: \"x\") @skip(if: $no) { relaxed } a: __typename } \
                fragment F on Query { search(query: \"x\") { edges { cursor } } ...G } \
                fragment G on Query { search(query: \"x\") { relaxed } }";
    for no in [true, false, true] {
        let answer = server.post(&json!({"query": text, "variables": {"no": no}})).send().await.unwrap();
        let answer = answer.text().await.unwrap();
        let expected = "{\"data\":{\"b\":[{\"name\":\"messages\"}],\"search\":{\"edges\":[],\"relaxed\":false,\"totalCount\":0},\"a\":\"Query\"}}";
        assert_eq!(answer, expected, "{no}");
    }
}

#[tokio::test]
async fn fields_that_do_not_go_together_are_refused() {
    let server = Server::start().await;
    for text in [
        "{ search(query: \"x\") { totalCount } search(query: \"y\") { totalCount } }",
        "{ a: sources { name } a: search(query: \"x\") { totalCount } }",
        "{ search(query: \"x\") { nonsense } search(query: \"x\") { totalCount } }",
        "{ search(query: \"x\") { totalCount } search(query: \"x\") { relaxed } } fragment F on Query { __typename }",
    ] {
        let answer = server.ask(text, json!({})).await;
        assert_eq!(code(&answer["errors"][0]), "GRAPHQL_VALIDATION_FAILED", "{text}: {answer}");
        assert_eq!(answer.get("data"), None, "{answer}");
    }
}
