//! Errors of every stage have a code, and limits apply before execution.

use std::time::Duration;

use quarry::graphql::TimeLimits;
use serde_json::{Value, json};

use super::server::{Server, Setup, code, read};

#[tokio::test]
async fn every_stage_has_its_codes() {
    let server = Server::start().await;
    for (query, variables, expected) in [
        ("{", json!({}), "GRAPHQL_PARSE_FAILED"),
        ("nonsense", json!({}), "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{ search { totalCount } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{ search(query: 1) { totalCount } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{ search(query: \"\") }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{ sources { ...F } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { ...F }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("query($q: Strin) { search(query: $q) { totalCount } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("query($q: String!) { search(query: $q) { totalCount } }", json!({}), "BAD_USER_INPUT"),
        ("query($q: String!) { search(query: $q) { totalCount } }", json!({"q": 1}), "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", json!({}), "BAD_USER_INPUT"),
        ("subscription { crawlProgress(source: \"messages\") { id } }", json!({}), "BAD_USER_INPUT"),
        ("mutation { startCrawl(source: \"nowhere\") { id } }", json!({}), "NOT_FOUND"),
    ] {
        // Twice, since cached documents take another path.
        for _ in 0..2 {
            let answer = server.ask(query, variables.clone()).await;
            let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{query} did not fail"));
            for error in errors {
                assert_eq!(code(error), expected, "{query}: {error}");
                assert!(!error["message"].as_str().unwrap().contains('\n'), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_source_whose_documents_clients_send_is_not_crawled() {
    let server = Server::start().await;
    let text = "mutation { indexDocuments(input: {documents: [{source: \"sent\", key: \"1\", text: \"x\"}]}) { inserted } }";
    assert_eq!(server.data(text, json!({})).await["indexDocuments"]["inserted"], 1);
    let unknown = server.error("mutation { startCrawl(source: \"snet\") { id } }", json!({})).await;
    assert_eq!(unknown["message"], "The source \"snet\" does not exist. Crawled sources: \"messages\".");
    let error = server.error("mutation { startCrawl(source: \"sent\") { id } }", json!({})).await;
    assert_eq!(code(&error), "NOT_FOUND");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("no `url`") && message.contains("`indexDocuments`"), "{message}");
}

#[tokio::test]
async fn a_cached_document_is_still_checked() {
    let server = Server::start().await;
    let query = "query($q: String!, $n: Int) { search(query: $q, first: $n) { totalCount } }";
    server.data(query, json!({"q": "x", "n": 1})).await;
    for (variables, message) in [
        (json!({"n": 1}), "$q of type String! is required"),
        (json!({"q": null}), "$q is null"),
        (json!({"q": "x", "n": "1"}), "$n must be Int"),
        (json!({"q": "x", "n": 1_000}), "first must be"),
    ] {
        let error = server.error(query, variables).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
    // An error that validation detects only with a variable is reported then, too.
    let query = "query($s: [String!]) { search(query: \"\", filter: {source: $s, bogus: 1}) { totalCount } }";
    for variables in [json!({}), json!({"s": ["x"]}), json!({"s": ["x"]})] {
        let answer = server.ask(query, variables.clone()).await;
        if !variables["s"].is_null() {
            assert_eq!(code(&answer["errors"][0]), "GRAPHQL_VALIDATION_FAILED");
        }
    }
}

#[tokio::test]
async fn expensive_documents_are_rejected_immediately() {
    let server = Server::start().await;
    let mut bomb = "{ ...f0 }".to_owned();
    for level in 0..22 {
        bomb += &format!(" fragment f{level} on Query {{ ...f{n} ...f{n} }}", n = level + 1);
    }
    bomb += " fragment f22 on Query { __typename }";
    let aliases: String = (0..200).map(|n| format!("a{n}: __typename ")).collect();
    let fields = "__typename ".repeat(3_000);
    let brackets = format!("{{ search(query: {}", "[".repeat(50_000));
    let pages = "{ search(query: \"\", first: 100) { nodes { author { documents(first: 100) { nodes { author { \
        documents(first: 100) { nodes { id } } } } } } } } }";
    for query in
        [&bomb, &format!("{{ {aliases} }}"), &format!("{{ {fields} }}"), &brackets, &pages.to_owned()]
    {
        let error = server.error(query, json!({})).await;
        assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn the_introspection_of_graphiql_passes() {
    let server = Server::start().await;
    let of_type = "kind name ofType { ".repeat(9) + "kind name" + &" }".repeat(9);
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }} \
         subscriptionType {{ name kind }} types {{ ...FullType }} directives {{ name description isRepeatable locations \
         args(includeDeprecated: true) {{ ...InputValue }} }} }} }} \
         fragment FullType on __Type {{ kind name description specifiedByURL isOneOf \
         fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }} \
         type {{ ...TypeRef }} isDeprecated deprecationReason }} inputFields(includeDeprecated: true) {{ ...InputValue }} \
         interfaces {{ ...TypeRef }} enumValues(includeDeprecated: true) {{ name description isDeprecated \
         deprecationReason }} possibleTypes {{ ...TypeRef }} }} \
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated \
         deprecationReason }} fragment TypeRef on __Type {{ {of_type} }}"
    );
    for _ in 0..2 {
        let schema = server.data(&query, json!({})).await["__schema"].take();
        assert_eq!(schema["queryType"]["name"], "Query");
        assert!(schema["types"].as_array().unwrap().len() > 20);
    }
}

#[tokio::test]
async fn operations_have_a_time_limit() {
    let index_timeout = Duration::from_secs(3_600);
    let times = TimeLimits { mutation: Duration::from_millis(50), ..TimeLimits::default() };
    let server =
        Server::start_with(Setup { indexing: false, index_timeout, times, ..Setup::default() }).await;
    let query = "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"1\", text: \"x\"}]}) { inserted } }";
    assert_eq!(code(&server.error(query, json!({})).await), "TIMEOUT");
    let response = server
        .post(&json!({"query": query}))
        .header("accept", "application/graphql-response+json")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(read(response).await.get("data"), None::<&Value>);
}

#[tokio::test]
async fn a_request_id_is_accepted_and_created() {
    let server = Server::start().await;
    let named = server
        .post(&json!({"query": "{ __typename }"}))
        .header("x-request-id", "abc-1")
        .send()
        .await
        .unwrap();
    assert_eq!(named.headers()["x-request-id"], "abc-1");
    let odd = server
        .post(&json!({"query": "{ __typename }"}))
        .header("x-request-id", "a b\"")
        .send()
        .await
        .unwrap();
    let given = odd.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert!(!given.is_empty() && given != "a b\"");
    server.store.clone().close().await.unwrap();
    let failed =
        server.post(&json!({"query": "{ sources { name } }"})).header("x-request-id", "abc-2").send().await;
    let answer = read(failed.unwrap()).await;
    assert_eq!(answer["errors"][0]["extensions"]["requestId"], "abc-2");
    assert_eq!(code(&answer["errors"][0]), "STORE_UNAVAILABLE");
}
