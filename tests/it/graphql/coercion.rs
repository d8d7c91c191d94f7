//! Coercion of variables by the specification, over every transport; errors contain the path of the value.

use serde_json::{Value, json};
use url::Url;

use super::server::{Server, code, read};

async fn indexed() -> Server {
    let server = Server::start().await;
    server.index(json!([{"source": "shop", "key": "1", "text": "tea", "authorKey": "ada"}])).await;
    server
}

#[tokio::test]
async fn numbers_with_an_empty_fraction_are_integers() {
    let server = indexed().await;
    let query = "query($n: Int) { search(query: \"tea\", first: $n) { nodes { key } } }";
    // As texts, so that no library rewrites the JSON. Twice, since cached documents take another path.
    for number in ["1.0", "1e0", "10E-1", "1.0", "1"] {
        let body = format!(r#"{{"query": {}, "variables": {{"n": {number}}}}}"#, json!(query));
        let post = server.request("POST", "/graphql").header("content-type", "application/json").body(body);
        let answer = read(post.send().await.unwrap()).await;
        assert_eq!(answer, json!({"data": {"search": {"nodes": [{"key": "1"}]}}}), "{number}");
        let parameters = [("query", query), ("variables", &format!("{{\"n\": {number}}}"))];
        let url = Url::parse_with_params("http://server/graphql", parameters).unwrap();
        let get = server.get(&format!("/graphql?{}", url.query().unwrap()));
        let answer = read(get.send().await.unwrap()).await;
        assert_eq!(answer["data"]["search"]["nodes"][0]["key"], "1", "{number}");
    }
    let none = server.data(query, json!({"n": -0.0})).await;
    assert_eq!(none["search"]["nodes"], json!([]));
}

#[tokio::test]
async fn integers_are_coerced_within_inputs_and_lists() {
    let server = indexed().await;
    let query = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    let keystroke =
        json!({"sessionId": 7.0, "inputId": 8, "text": "tea", "sequence": 3.0, "resultCount": 2e0});
    // A single value is coerced to a list.
    for input in [json!([keystroke]), keystroke] {
        let data = server.data(query, json!({"input": input})).await;
        assert!(data["logKeystrokes"]["accepted"].is_number(), "{data}");
    }
    server.flush().await;
    let log = server
        .data("{ searchLog(filter: {sessionId: 7}) { nodes { sessionId resultCount } } }", json!({}))
        .await;
    assert_eq!(log["searchLog"]["nodes"], json!([{"sessionId": "7", "resultCount": 2}]));
}

#[tokio::test]
async fn fractions_are_rejected_as_integers() {
    let server = indexed().await;
    let search = "query($n: Int) { search(query: \"tea\", first: $n) { totalCount } }";
    let log = "mutation($i: LogKeystrokeInput!) { logKeystroke(input: $i) { accepted } }";
    let keystroke = |session: Value, sequence: Value| json!({"i": {"sessionId": session, "text": "tea", "sequence": sequence}});
    for (query, variables, message) in [
        (
            search,
            json!({"n": 1.5}),
            "The variable $n must be Int: an integer from -2147483648 to 2147483647.",
        ),
        (search, json!({"n": 1e300}), "The variable $n must be Int: an integer from"),
        (search, json!({"n": 2147483648.0}), "The variable $n must be Int: an integer from"),
        (log, keystroke(json!("s"), json!(0.5)), "The variable $i.sequence must be Long: an integer from"),
        (
            log,
            keystroke(json!(0.5), json!(1)),
            "The variable $i.sessionId must be ID!: a string, or an integer",
        ),
        (
            log,
            keystroke(json!(1e20), json!(1)),
            "The variable $i.sessionId must be ID!: a string, or an integer",
        ),
    ] {
        let error = server.error(query, variables).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
    }
    // By the specification, a literal with a fraction is not an integer.
    for query in [
        "{ search(query: \"tea\", first: 1.0) { totalCount } }",
        "query($n: Int = 1.0) { search(query: \"tea\", first: $n) { totalCount } }",
    ] {
        let answer = server.ask(query, json!({})).await;
        assert_eq!(code(&answer["errors"][0]), "GRAPHQL_VALIDATION_FAILED", "{query}: {answer}");
    }
}

#[tokio::test]
async fn a_literal_is_checked_before_execution() {
    let server = indexed().await;
    for (query, message) in [
        (
            "{ search(query: \"tea\", first: 70000000000) { totalCount } }",
            "The argument first must be Int: an integer from -2147483648 to 2147483647.",
        ),
        (
            "mutation($text: String!) { indexDocuments(input: {documents: [{source: \"a\", key: \"1\", text: $text}, \
             {source: \"a\", key: \"2\", text: $text, publishedAt: \"2025-06-07\"}]}) { inserted } }",
            "The argument input.documents.1.publishedAt must be an RFC 3339 date-time",
        ),
        (
            "{ search(query: \"\", filter: {not: {attributes: {name: \"a\", in: [1, [2]]}}}) { totalCount } }",
            "The argument filter.not.attributes.in.1 must be a string, a number or a boolean.",
        ),
        (
            "query($n: Int = -3000000000) { search(query: \"\", first: $n) { totalCount } }",
            "The default value of $n must be Int",
        ),
    ] {
        for _ in 0..2 {
            let found = server.validation_error(query, &json!({"text": "tea"})).await;
            assert!(found.starts_with(message), "{query}: {found}");
        }
    }
    // A variable of a scalar of several types.
    let query = "query($f: DocumentFilter) { search(query: \"\", filter: $f) { totalCount } }";
    let error = server.error(query, json!({"f": {"attributes": [{"name": "a", "lt": {"x": 1}}]}})).await;
    let message = "The variable $f.attributes.0.lt must be a string, a number or a boolean.";
    assert_eq!((code(&error), error["message"].as_str().unwrap()), ("BAD_USER_INPUT", message));
    // Two nulls within one argument leave it to the executor.
    let query = "query($a: AttributeValue, $b: Boolean) { search(query: \"\", filter: {attributes: [{name: \"a\", \
                 in: [$a]}]}, prefix: $b) { totalCount } }";
    let answer = server.ask(query, json!({"a": null, "b": null})).await;
    assert!(!answer.to_string().contains("occurred while"), "{answer}");
}

#[tokio::test]
async fn a_number_out_of_range_is_named() {
    let server = indexed().await;
    let query = "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) { inserted } }";
    let documents = r#"[{"source": "a", "key": "1", "text": "x"},
                        {"source": "a", "key": "2", "text": "x", "attributes": {"weight": [7, 1e500]}}]"#;
    let body =
        format!(r#"{{"query": {}, "variables": {{"input": {{"documents": {documents}}}}}}}"#, json!(query));
    let post = server.request("POST", "/graphql").header("content-type", "application/json").body(body);
    let answer = read(post.send().await.unwrap()).await;
    assert_eq!(code(&answer["errors"][0]), "BAD_USER_INPUT");
    let message = "The variable $input.documents.1.attributes.weight.1 is a number out of range: send one of 64 bits, \
                   or a string.";
    assert_eq!(answer["errors"][0]["message"], message);
}

#[tokio::test]
async fn the_error_of_a_null_names_the_argument() {
    let server = indexed().await;
    for (query, path) in [
        ("query($v: SearchSort) { search(query: \"tea\", sort: $v) { totalCount } }", "sort"),
        ("query($v: Boolean) { a: search(query: \"tea\", prefix: $v) { totalCount } }", "prefix"),
        (
            "query($v: Boolean) { ...F } fragment F on Query { search(query: \"tea\", typoTolerance: $v) { totalCount } }",
            "typoTolerance",
        ),
        ("query($v: Interval) { reports { searchVolume(interval: $v) { cache } } }", "interval"),
        ("mutation($v: Boolean) { startCrawl(source: \"messages\", allowShrink: $v) { id } }", "allowShrink"),
        ("mutation($v: Boolean) { deleteDocuments(input: {ids: [], wait: $v}) { deleted } }", "input.wait"),
        // Merged fields are validated separately.
        (
            "query($v: SearchSort) { search(query: \"tea\", sort: $v) { totalCount } ...F } \
             fragment F on Query { search(query: \"tea\", sort: $v) { relaxed } }",
            "sort",
        ),
    ] {
        // Before and after the document is cached: validation and the executor report different errors.
        for is_known in [false, true] {
            if is_known {
                server.data(query, json!({})).await;
            }
            let error = server.ask(query, json!({"v": null})).await["errors"][0].take();
            assert_eq!(code(&error), "BAD_USER_INPUT", "{query}: {error}");
            assert_eq!(error["extensions"]["argumentPath"], path, "{query}: {error}");
            let message = format!("{path} must not be null: omit it to use its default");
            assert_eq!(error["message"], message, "{query}");
        }
    }
}

#[tokio::test]
async fn a_malformed_id_fails_no_other_node() {
    let server = indexed().await;
    let found = server.data("{ search(query: \"tea\") { nodes { id author { id } } } }", json!({})).await;
    let document = &found["search"]["nodes"][0];
    let (document, author) = (&document["id"], &document["author"]["id"]);
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let unknown = "doc_00000000000000000000000000000000";
    let ids = json!([document, "nonsense", unknown, author, "", "author_1"]);
    let answer = server.ask(query, json!({"ids": ids})).await;
    let nodes = json!([{"id": document}, null, null, {"id": author}, null, null]);
    assert_eq!(answer["data"]["nodes"], nodes, "{answer}");
    let mut errors = answer["errors"].as_array().unwrap().clone();
    errors.sort_by_key(|error| error["path"][1].as_u64());
    for (error, index) in errors.iter().zip([1, 4, 5]) {
        assert_eq!(code(error), "BAD_USER_INPUT");
        assert_eq!(error["path"], json!(["nodes", index]));
        assert_eq!(error["extensions"]["argumentPath"], format!("ids.{index}"));
    }
    assert_eq!(errors.len(), 3);
}
