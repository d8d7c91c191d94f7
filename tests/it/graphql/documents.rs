//! Documents, authors and nodes: stored, read, batched, deleted.

use std::time::Duration;

use quarry::domain::{DocumentDraft, DocumentKey, SourceName};
use serde_json::{Value, json};

use super::look_ups::LookUps;
use super::server::{SOURCE, Server, Setup, code};

fn note(key: &str, text: &str) -> Value {
    json!({"source": "notes", "key": key, "text": text})
}

#[tokio::test]
async fn a_document_is_stored_found_updated_and_deleted() {
    let server = Server::start().await;
    let first = server.index(json!([note("1", "one"), note("2", "two")])).await;
    assert_eq!(
        (&first["inserted"], &first["updated"], &first["unchanged"]),
        (&json!(2), &json!(0), &json!(0))
    );
    let second = server.index(json!([note("2", "two"), note("1", "uno")])).await;
    assert_eq!(
        (&second["inserted"], &second["updated"], &second["unchanged"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(second["documents"][0], first["documents"][1]);
    assert_eq!(second["documents"][1], first["documents"][0]);

    let found = server.data("{ search(query: \"uno\") { nodes { key } } }", json!({})).await;
    assert_eq!(found["search"]["nodes"], json!([{"key": "1"}]));

    let id = first["documents"][0]["id"].as_str().unwrap();
    let query = "mutation($ids: [ID!]!) { deleteDocuments(input: {ids: $ids}) { deleted } }";
    let unknown = "doc_00000000000000000000000000000000";
    let removed = server.data(query, json!({"ids": [id, id, unknown]})).await;
    assert_eq!(removed["deleteDocuments"]["deleted"], 1);
    let found = server
        .data(
            "query($id: ID!) { search(query: \"uno\") { totalCount } node(id: $id) { id } \
             document(source: \"notes\", key: \"1\") { id } }",
            json!({"id": id}),
        )
        .await;
    assert_eq!(found, json!({"search": {"totalCount": 0}, "node": null, "document": null}));
}

#[tokio::test]
async fn all_fields_of_a_document_are_read_back() {
    let server = Server::start().await;
    server
        .index(json!([{
            "source": "notes", "key": "k/1", "title": "T", "text": "text", "category": "c", "authorKey": "7",
            "authorName": "Ada", "publishedAt": "2025-05-05T09:47:20.159674+02:00", "attributes": {"a": [1, {"b": null}]},
        }]))
        .await;
    let query = "{ document(source: \"notes\", key: \"k/1\") { __typename id source key title text category publishedAt \
        attributes indexedAt author { __typename id source key name documentCount } } }";
    let document = server.data(query, json!({})).await["document"].take();
    for (field, value) in [
        ("__typename", json!("Document")),
        ("source", json!("notes")),
        ("key", json!("k/1")),
        ("title", json!("T")),
        ("text", json!("text")),
        ("category", json!("c")),
        ("publishedAt", json!("2025-05-05T07:47:20.159Z")),
        ("attributes", json!({"a": [1, {"b": null}]})),
    ] {
        assert_eq!(document[field], value, "{field}");
    }
    assert_eq!(document["indexedAt"].as_str().unwrap().len(), "2025-05-05T07:47:20.159Z".len());
    let author = &document["author"];
    assert_eq!(
        (&author["key"], &author["name"], &author["documentCount"]),
        (&json!("7"), &json!("Ada"), &json!(1))
    );
    let nodes = server
        .data(
            "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Author { name } ... on Document { key } } }",
            json!({"ids": [author["id"], document["id"], "crawl_1", author["id"]]}),
        )
        .await["nodes"]
        .take();
    assert_eq!(nodes[0]["name"], "Ada");
    assert_eq!(nodes[1]["key"], "k/1");
    assert_eq!(nodes[2], Value::Null);
    assert_eq!(nodes[3], nodes[0]);
}

#[tokio::test]
async fn the_numbers_of_attributes_keep_their_digits() {
    let server = Server::start().await;
    let attributes = r#"{"id":18446744073709551617,"price":1.10,"ratio":[0.1234567890123456789,1E2]}"#;
    let draft = DocumentDraft {
        source: SourceName::parse("notes").unwrap(),
        key: DocumentKey::parse("1").unwrap(),
        title: None,
        text: "x".to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: attributes.to_owned(),
    };
    server.store.upsert_documents(&[draft]).await.unwrap();
    // Twice in one selection, because responses merge the values of a field.
    let query = "{ document(source: \"notes\", key: \"1\") { attributes ... { attributes } } }";
    let response = server.post(&json!({"query": query})).send().await.unwrap().text().await.unwrap();
    assert_eq!(response, format!(r#"{{"data":{{"document":{{"attributes":{attributes}}}}}}}"#));
}

#[tokio::test]
async fn an_invalid_document_rejects_the_batch_with_its_path() {
    let server = Server::start().await;
    let query = "mutation($documents: [DocumentInput!]!) \
        { indexDocuments(input: {documents: $documents}) { inserted } }";
    for (bad, path) in [
        (note("", "x"), "input.documents.1.key"),
        (json!({"source": "", "key": "1", "text": "x"}), "input.documents.1.source"),
        (json!({"source": "a", "key": "1", "text": "x", "attributes": [1]}), "input.documents.1.attributes"),
        (
            json!({"source": "a", "key": "1", "text": "x", "authorName": "x".repeat(5_000)}),
            "input.documents.1.authorName",
        ),
        (json!({"source": "a", "key": "1", "text": "x".repeat((1 << 20) + 1)}), "input.documents.1.text"),
    ] {
        let error = server.error(query, json!({"documents": [note("1", "good"), bad]})).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert_eq!(error["extensions"]["argumentPath"], path);
        assert!(error["message"].as_str().unwrap().starts_with(path), "{error}");
    }
    let many: Vec<_> = (0..1_001).map(|n| note(&n.to_string(), "x")).collect();
    let error = server.error(query, json!({"documents": many})).await;
    assert!(error["message"].as_str().unwrap().contains("send at most 1000"), "{error}");
    let none = server.data("{ document(source: \"notes\", key: \"1\") { id } }", json!({})).await;
    assert_eq!(none["document"], Value::Null);

    let query = "mutation($ids: [ID!]!) { deleteDocuments(input: {ids: $ids}) { deleted } }";
    for bad in ["", "nonsense", "doc_1", "author_00000000000000000000000000000000"] {
        let error = server.error(query, json!({"ids": ["doc_00000000000000000000000000000000", bad]})).await;
        assert_eq!(
            (code(&error), &error["extensions"]["argumentPath"]),
            ("BAD_USER_INPUT", &json!("input.ids.1"))
        );
    }
}

#[tokio::test]
async fn the_last_of_two_documents_with_the_same_key_is_stored() {
    let server = Server::start().await;
    let payload = server.index(json!([note("1", "first"), note("2", "x"), note("1", "last")])).await;
    assert_eq!(payload["inserted"], 2);
    let keys: Vec<_> =
        payload["documents"].as_array().unwrap().iter().map(|d| d["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["1", "2", "1"]);
    let stored = server.data("{ document(source: \"notes\", key: \"1\") { text } }", json!({})).await;
    assert_eq!(stored["document"]["text"], "last");
    assert_eq!(server.index(json!([])).await["inserted"], 0);
}

#[tokio::test]
async fn waiting_for_a_stopped_indexer_times_out() {
    let index_timeout = Duration::from_millis(20);
    let server = Server::start_with(Setup { indexing: false, index_timeout, ..Setup::default() }).await;
    let query = "mutation($wait: Boolean!) { indexDocuments(input: {wait: $wait, documents: \
        [{source: \"notes\", key: \"1\", text: \"x\"}]}) { inserted } }";
    let error = server.error(query, json!({"wait": true})).await;
    assert_eq!(code(&error), "TIMEOUT");
    assert!(error["message"].as_str().unwrap().contains("are stored"), "{error}");
    let stored = server.data(query, json!({"wait": false})).await;
    assert_eq!(stored["indexDocuments"]["inserted"], 0);
    assert!(
        server.data("{ document(source: \"notes\", key: \"1\") { id } }", json!({})).await["document"]
            .is_object()
    );
}

#[tokio::test]
async fn an_author_has_documents_newest_first_page_by_page() {
    let server = Server::start().await;
    let documents: Vec<_> = (0..7)
        .map(|n| {
            // Two have the same time, and one has none.
            let at = if n == 6 { Value::Null } else { json!(format!("2025-01-0{}T00:00:00Z", n / 2 + 1)) };
            json!({"source": "notes", "key": n.to_string(), "text": "x", "authorKey": "a", "publishedAt": at})
        })
        .collect();
    server.index(json!(documents)).await;
    let query = "query($first: Int, $after: String) { document(source: \"notes\", key: \"0\") { author { name \
        documentCount documents(first: $first, after: $after) { totalCount edges { cursor } nodes { id key publishedAt } \
        pageInfo { hasNextPage hasPreviousPage endCursor } } } } }";
    let page = async |first: Value, after: Value| {
        server.data(query, json!({"first": first, "after": after})).await["document"]["author"]["documents"]
            .take()
    };
    let all = page(Value::Null, Value::Null).await;
    assert_eq!(all["totalCount"], 7);
    let nodes = all["nodes"].as_array().unwrap();
    assert_eq!(nodes[6]["publishedAt"], Value::Null);
    assert!(nodes[..6].is_sorted_by(|a, b| {
        let key = |node: &Value| (std::cmp::Reverse(node["publishedAt"].to_string()), node["id"].to_string());
        key(a) < key(b)
    }));
    let mut walked = Vec::new();
    let mut after = Value::Null;
    loop {
        let part = page(json!(2), after.clone()).await;
        assert_eq!(part["pageInfo"]["hasPreviousPage"], !after.is_null());
        walked.extend(part["nodes"].as_array().unwrap().clone());
        if part["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = part["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(&walked, nodes);
    let error = server.error(query, json!({"after": "garbage"})).await;
    assert_eq!(code(&error), "BAD_USER_INPUT");
}

#[tokio::test]
async fn malformed_ids_are_rejected() {
    let server = Server::start().await;
    let error = server.error("{ node(id: \"nonsense\") { id } }", json!({})).await;
    assert_eq!((code(&error), &error["extensions"]["argumentPath"]), ("BAD_USER_INPUT", &json!("id")));
    let error = server.error("{ nodes(ids: [\"crawl_1\", \"x\"]) { id } }", json!({})).await;
    assert_eq!(error["extensions"]["argumentPath"], "ids.1");
    let many = vec!["crawl_1"; 101];
    let error = server.error("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({"ids": many})).await;
    assert!(error["message"].as_str().unwrap().contains("send at most 100"), "{error}");
}

#[tokio::test]
async fn sources_are_configured_or_have_documents() {
    let server = Server::start().await;
    server.index(json!([note("1", "x"), note("2", "y")])).await;
    let query = "{ sources { name documentCount lastCrawl { id } crawls { id } } }";
    let nothing = |name: &str, count: i32| json!({"name": name, "documentCount": count, "lastCrawl": null, "crawls": []});
    assert_eq!(
        server.data(query, json!({})).await["sources"],
        json!([nothing(SOURCE, 0), nothing("notes", 2)])
    );
}

// On one thread with the server, so that only its look-ups are counted.
#[tokio::test]
async fn each_level_of_relations_is_one_look_up() {
    LookUps::listen();
    let server = Server::start().await;
    let documents: Vec<_> = (0..30)
        .map(|n| json!({"source": "notes", "key": n.to_string(), "text": "x", "authorKey": format!("a{}", n % 12)}))
        .collect();
    server.index(json!(documents)).await;

    LookUps::take();
    server.data("{ search(query: \"\", first: 30) { nodes { id text attributes } } }", json!({})).await;
    assert_eq!(LookUps::take(), [], "hits come from the index");

    let query = "{ search(query: \"\", first: 30) { nodes { author { name documentCount documents(first: 1) \
        { totalCount nodes { author { key } } } } } } }";
    server.data(query, json!({})).await;
    let expected = [
        ("authors", 12),
        ("document counts of authors", 12),
        ("pages of authors", 12),
        ("authors", 12),
        ("document counts of authors", 12),
    ];
    let mut expected: Vec<_> = expected.map(|(of, keys)| (of.to_owned(), keys)).into();
    let mut made = LookUps::take();
    expected.sort();
    made.sort();
    assert_eq!(made, expected);
}
