//! Paging of connections in both directions, by Relay's specification.

use chrono::Utc;
use serde_json::{Value, json};

use super::crawls::{end, lease, source, take_page};
use super::server::{Server, code};

/// A connection: the operation that pages through it, and its pointer in the response.
struct Connection {
    query: String,
    pointer: &'static str,
}

impl Connection {
    fn new(field: &str, pointer: &'static str) -> Self {
        let paging = "first: $first, after: $after, last: $last, before: $before";
        let selection = "edges { cursor } pageInfo { hasPreviousPage hasNextPage startCursor endCursor }";
        let field = field.replace("PAGE", &format!("{paging}) {{ {selection} }}"));
        let query = format!("query($first: Int, $after: String, $last: Int, $before: String) {{ {field} }}");
        Self { query, pointer }
    }

    /// The cursors of a page with `hasPreviousPage` and `hasNextPage`.
    async fn page(&self, server: &Server, variables: Value) -> (Vec<String>, bool, bool) {
        let data = server.data(&self.query, variables).await;
        let connection = data.pointer(self.pointer).unwrap_or_else(|| panic!("{}: {data}", self.query));
        let edges = connection["edges"].as_array().unwrap();
        let cursors: Vec<String> =
            edges.iter().map(|edge| edge["cursor"].as_str().unwrap().to_owned()).collect();
        let info = &connection["pageInfo"];
        assert_eq!(info["startCursor"], json!(cursors.first()));
        assert_eq!(info["endCursor"], json!(cursors.last()));
        let has = |name: &str| info[name].as_bool().unwrap();
        (cursors, has("hasPreviousPage"), has("hasNextPage"))
    }
}

/// A server whose three connections have five items each.
async fn filled() -> (Server, [Connection; 3]) {
    let server = Server::start().await;
    let lease = lease(&server.store).await;
    let crawl = server.store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    for position in 0..5 {
        take_page(&server.store, &lease, &crawl, position).await;
    }
    end(&server.store, &lease, &crawl).await;
    let documents: Vec<Value> = (0..5)
        .map(|n| json!({"source": "shop", "key": format!("{n}"), "text": "tea", "authorKey": "ada"}))
        .collect();
    server.index(json!(documents)).await;
    for n in 0..5 {
        let query = "mutation($s: ID!) { logKeystroke(input: {sessionId: $s, text: \"tea\"}) { accepted } }";
        server.data(query, json!({"s": n})).await;
    }
    server.flush().await;
    let connections = [
        Connection::new("searchLog(PAGE", "/searchLog"),
        Connection::new("sources { lastCrawl { pages(PAGE } }", "/sources/0/lastCrawl/pages"),
        Connection::new(
            "document(source: \"shop\", key: \"0\") { author { documents(PAGE } }",
            "/document/author/documents",
        ),
    ];
    (server, connections)
}

#[tokio::test]
async fn pages_from_either_end_make_up_the_list() {
    let (server, connections) = filled().await;
    for connection in connections {
        let (all, ..) = connection.page(&server, json!({})).await;
        assert_eq!(all.len(), 5, "{}", connection.query);
        for size in [1, 2, 5, 7] {
            let mut forward = Vec::new();
            let mut after = Value::Null;
            loop {
                let variables = json!({"first": size, "after": after});
                let (page, has_previous, has_next) = connection.page(&server, variables).await;
                assert_eq!(has_previous, !after.is_null());
                forward.extend(page);
                after = json!(forward.last());
                if !has_next {
                    break;
                }
            }
            assert_eq!(forward, all, "{size} at a time");
            let mut backward = Vec::new();
            let mut before = Value::Null;
            loop {
                let variables = json!({"last": size, "before": before});
                let (page, has_previous, has_next) = connection.page(&server, variables).await;
                assert_eq!(has_next, !before.is_null());
                backward.splice(0..0, page);
                before = json!(backward.first());
                if !has_previous {
                    break;
                }
            }
            assert_eq!(backward, all, "{size} at a time, backward");
        }
        // Between two cursors, from either end.
        let bounds = |counted: &str, size: i32| json!({"after": all[0], "before": all[4], counted: size});
        let page = connection.page(&server, bounds("first", 2)).await;
        assert_eq!(page, (all[1..3].to_vec(), true, true));
        let page = connection.page(&server, bounds("last", 2)).await;
        assert_eq!(page, (all[2..4].to_vec(), true, true));
        let page = connection.page(&server, bounds("last", 3)).await;
        assert_eq!(page, (all[1..4].to_vec(), false, true));
    }
}

#[tokio::test]
async fn errors_name_invalid_paging_arguments() {
    let (server, connections) = filled().await;
    for connection in connections {
        for (variables, argument, problem) in [
            (json!({"first": 1, "last": 1}), "last", "cannot be combined with first"),
            (json!({"last": -1}), "last", "must be from 0 to 100, but is -1"),
            (json!({"last": 101}), "last", "must be from 0 to 100, but is 101"),
            (json!({"before": "nonsense"}), "before", "is not a cursor of this list"),
            (json!({"after": "nonsense"}), "after", "is not a cursor of this list"),
        ] {
            let error = server.error(&connection.query, variables).await;
            assert_eq!(code(&error), "BAD_USER_INPUT");
            assert_eq!(error["extensions"]["argumentPath"], argument);
            assert!(
                error["message"].as_str().unwrap().starts_with(&format!("{argument} {problem}")),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_search_pages_forward_only() {
    let server = Server::start().await;
    let error = server.error("{ search(query: \"tea\", last: 1) { totalCount } }", json!({})).await;
    assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED");
    assert!(error["message"].as_str().unwrap().contains("\"last\""), "{error}");
}

#[tokio::test]
async fn last_costs_as_much_as_first() {
    let server = Server::start().await;
    let query = "query($n: Int) { search(query: \"\", first: 100) { nodes { author { documents(last: $n) \
        { nodes { id key text title source category } } } } } }";
    server.data(query, json!({"n": 10})).await;
    let error = server.error(query, json!({"n": 100})).await;
    assert!(error["message"].as_str().unwrap().contains("page sizes"), "{error}");
}
