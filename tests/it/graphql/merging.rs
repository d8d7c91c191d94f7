//! Merging of fields with the same response key, by the specification.

use serde_json::json;

use super::server::{Server, code};

#[tokio::test]
async fn a_mutation_selected_twice_is_executed_once() {
    let server = Server::start().await;
    let twice = "mutation($d: [DocumentInput!]!) { indexDocuments(input: {documents: $d}) { inserted } ...F \
                 indexDocuments(input: {documents: $d}) { unchanged } } \
                 fragment F on Mutation { indexDocuments(input: {documents: $d}) { inserted } }";
    // The first time it is validated, the second time it is cached.
    for key in ["1", "2"] {
        let document = json!({"source": "notes", "key": key, "text": "Green tea"});
        let answer = server.data(twice, json!({ "d": [document] })).await;
        // A second execution would change nothing.
        assert_eq!(answer, json!({"indexDocuments": {"inserted": 1, "unchanged": 0}}));
    }
}

#[tokio::test]
async fn a_fragment_spread_twice_is_executed_once() {
    let server = Server::start().await;
    for spread in ["...F ...F", "...F ...G", "...F ... on Mutation { ...F }"] {
        let text = format!(
            "mutation($d: [DocumentInput!]!) {{ {spread} }} \
             fragment F on Mutation {{ indexDocuments(input: {{documents: $d}}) {{ inserted unchanged }} }}{}",
            if spread.contains("G") { " fragment G on Mutation { ...F }" } else { "" }
        );
        for again in [false, true] {
            let document =
                json!({"source": "notes", "key": format!("{spread} {again}"), "text": "Green tea"});
            let answer = server.data(&text, json!({ "d": [document] })).await;
            assert_eq!(answer, json!({"indexDocuments": {"inserted": 1, "unchanged": 0}}), "{spread}");
        }
    }
}

#[tokio::test]
async fn an_invalid_operation_is_not_executed_in_part() {
    let server = Server::start().await;
    let document =
        "indexDocuments(input: {documents: [{source: \"notes\", key: \"1\", text: \"x\"}]}) { inserted }";
    let text = format!(
        "mutation($k: ID) {{ {document} {document} deleteDocuments(input: {{ids: [$k]}}) {{ deleted }} }}"
    );
    let refused = server.ask(&text, json!({ "k": null })).await;
    assert_eq!(refused.get("data"), None, "{refused}");
    let found = server.data("{ document(source: \"notes\", key: \"1\") { id } }", json!({})).await;
    assert_eq!(found["document"], json!(null));
}

#[tokio::test]
async fn defaults_of_variables_apply_to_skip_and_include() {
    let server = Server::start().await;
    let text = "query($no: Boolean = true, $yes: Boolean = true) { a: sources @skip(if: $no) { name } \
                b: sources @include(if: $yes) { name } c: sources @skip(if: $yes) { name } }";
    let sources = json!([{"name": "messages"}]);
    assert_eq!(server.data(text, json!({})).await, json!({ "b": sources }));
    let given = json!({"no": false, "yes": false});
    assert_eq!(server.data(text, given).await, json!({"a": sources, "c": sources}));
}

#[tokio::test]
async fn merged_fields_keep_their_order_and_selections() {
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
async fn conflicting_fields_are_rejected() {
    let server = Server::start().await;
    for text in [
        "{ search(query: \"x\") { totalCount } search(query: \"y\") { totalCount } }",
        "{ a: sources { name } a: search(query: \"x\") { totalCount } }",
        "{ search(query: \"x\") { nonsense } search(query: \"x\") { totalCount } }",
        "{ a: sources { name } ... on Query { a: search(query: \"x\") { totalCount } } }",
        "{ a: search(query: \"x\") { totalCount } ...F } fragment F on Query { a: search(query: \"y\") { totalCount } }",
        "{ search(query: \"x\") { totalCount } search(query: \"x\") { relaxed } } fragment F on Query { __typename }",
    ] {
        let answer = server.ask(text, json!({})).await;
        assert_eq!(code(&answer["errors"][0]), "GRAPHQL_VALIDATION_FAILED", "{text}: {answer}");
        assert_eq!(answer.get("data"), None, "{answer}");
    }
}
