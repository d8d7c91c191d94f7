//! Rules of documents by the specification, however often a document is sent.

use serde_json::{Value, json};

use super::server::{Server, code};
use crate::support::events::{Event, Events};

#[tokio::test]
async fn a_typename_is_validated_like_any_field() {
    let server = Server::start().await;
    for (query, on, expected) in [
        ("query($on: Boolean!) { __typename @include(if: $on) }", true, json!({"__typename": "Query"})),
        ("query($on: Boolean!) { __typename @include(if: $on) }", false, json!({})),
        (
            "query($on: Boolean!) { search(query: \"\") { kind: __typename @skip(if: $on) totalCount } }",
            false,
            json!({"search": {"kind": "SearchConnection", "totalCount": 0}}),
        ),
        (
            "query($on: Boolean!) { sources { ...F } } fragment F on Source { __typename @skip(if: $on) name }",
            true,
            json!({"sources": [{"name": "messages"}]}),
        ),
    ] {
        for _ in 0..2 {
            assert_eq!(server.data(query, json!({"on": on})).await, expected, "{query}");
        }
    }
    for (query, message) in [
        ("{ __typename @once }", "Unknown directive \"once\""),
        ("{ sources { __typename @include } }", "argument \"if\" of type \"Boolean!\" is required"),
        ("{ __typename @skip(if: 1) }", "Invalid value for argument \"if\""),
        ("{ __typename @skip(unless: true, if: true) }", "Unknown argument \"unless\""),
        ("{ __typename @skip(if: false) @skip(if: false) }", "Duplicate directive \"skip\""),
        ("{ ... { __typename @include(if: $on) } }", "Variable \"$on\" is not defined"),
        ("{ sources { __typename(of: 1) } }", "Unknown argument \"of\" on field \"__typename\""),
        ("{ __typename { name } }", "Field \"__typename\" must not have a selection"),
    ] {
        assert_is_invalid(&server, query, json!({}), message).await;
    }
}

#[tokio::test]
async fn a_condition_is_never_null() {
    let server = Server::start().await;
    let query = "query($hidden: Boolean) { sources @skip(if: $hidden) { name } }";
    for variables in [json!({}), json!({"hidden": null}), json!({"hidden": true})] {
        let message = "\"$hidden\" of type \"Boolean\" is the condition of \"@skip\"";
        assert_is_invalid(&server, query, variables, message).await;
    }
}

#[tokio::test]
async fn a_subscription_has_one_field() {
    let server = Server::start().await;
    let subscribe = async |query: &str| {
        let request = server.post(&json!({ "query": query })).header("accept", "text/event-stream");
        Events::of(request.send().await.unwrap())
    };
    let two = "subscription { one: searchLogged { id } two: crawlProgress(source: \"messages\") { id } }";
    let mut refused = subscribe(two).await;
    let answer = refused.answer().await;
    assert_eq!(code(&answer["errors"][0]), "GRAPHQL_VALIDATION_FAILED", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("\"one\" and \"two\""), "{answer}");
    assert_eq!(refused.next().await, Some(Event::Complete));

    // Fields with the same response key are one field.
    server.data("mutation { startCrawl(source: \"messages\") { id } }", json!({})).await;
    let same = "subscription { crawlProgress(source: \"messages\") { state } ...F } \
                fragment F on Subscription { crawlProgress(source: \"messages\") { pagesFetched } }";
    let answer = subscribe(same).await.answer().await;
    let crawl = &answer["data"]["crawlProgress"];
    assert!(crawl["state"].is_string() && crawl["pagesFetched"].is_number(), "{answer}");
}

#[tokio::test]
async fn an_input_object_has_each_field_once() {
    let server = Server::start().await;
    for query in [
        "{ search(query: \"\", filter: {category: [\"tea\"], source: [\"a\"], category: []}) { totalCount } }",
        "query($f: DocumentFilter = {not: {source: [\"a\"], source: [\"b\"]}}) { \
         search(query: \"\", filter: $f) { totalCount } }",
        "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"1\", key: \"2\", text: \"x\"}]}) \
         { inserted } }",
    ] {
        assert_is_invalid(&server, query, json!({}), "occurs twice in an input object").await;
    }
}

/// Asserts that validation refuses a document, which is not executed.
async fn assert_is_invalid(server: &Server, query: &str, variables: Value, message: &str) {
    for _ in 0..2 {
        let found = server.validation_error(query, &variables).await;
        assert!(found.contains(message), "{query}: {found}");
    }
}
