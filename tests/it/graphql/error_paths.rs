//! Paths of errors: the failed field with its index in every list above.
//!
//! A field with a page size can be made to fail: the tests send an invalid one along each path of the schema from the
//! root to such a field.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition};
use chrono::Utc;
use quarry::domain::{CrawlId, Scope};
use quarry::graphql::schema_sdl;
use quarry::search::SearchError;
use serde_json::{Value, json};

use super::crawls::{end, lease, source, take_page};
use super::keys::{Key, gate, guarded, send};
use super::search::scripted;
use super::server::{Server, code, read};

/// A search without results.
const TYPE_IN: &str =
    "mutation { logKeystroke(input: {sessionId: \"s\", text: \"coffee\", resultCount: 0}) { accepted } }";

/// The object types of the schema with their fields and interfaces.
struct Schema {
    fields: BTreeMap<String, Vec<FieldDefinition>>,
    objects_of: BTreeMap<String, Vec<String>>,
}

impl Schema {
    fn read() -> Self {
        let (mut fields, mut objects_of) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
        for definition in parse_schema(schema_sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            let name = definition.node.name.node.to_string();
            for interface in object.implements {
                objects_of.entry(interface.node.to_string()).or_default().push(name.clone());
            }
            fields.insert(name, object.fields.into_iter().map(|field| field.node).collect());
        }
        Self { fields, objects_of }
    }

    /// The paths from an object type to fields with a page size, through each type once.
    fn ways(&self, object: &str, passed: &[&str], way: &[Step], ways: &mut Vec<Vec<Step>>) {
        for field in &self.fields[object] {
            let (named, lists) = unwrap(&field.ty.node);
            let step = |on: Option<&str>| Step {
                field: field.name.node.to_string(),
                arguments: arguments(field),
                lists,
                on: on.map(str::to_owned),
            };
            let extended = |on| [way, &[step(on)]].concat();
            if field.arguments.iter().any(|argument| argument.node.name.node == "first") {
                ways.push(extended(None));
            }
            let objects = match self.objects_of.get(named) {
                Some(objects) => {
                    objects.iter().map(|object| (Some(object.as_str()), object.as_str())).collect()
                }
                None if self.fields.contains_key(named) => vec![(None, named)],
                None => Vec::new(),
            };
            for (on, next) in objects.into_iter().filter(|(_, next)| !passed.contains(next)) {
                self.ways(next, &[passed, &[next]].concat(), &extended(on), ways);
            }
        }
    }
}

/// A field on a path.
#[derive(Clone, Debug)]
struct Step {
    field: String,
    /// The required arguments.
    arguments: Vec<String>,
    /// The number of lists around the type.
    lists: usize,
    /// The object type of the next field, if this field has an abstract type.
    on: Option<String>,
}

/// The named type that a type wraps, and the number of lists around it.
fn unwrap(ty: &Type) -> (&str, usize) {
    match &ty.base {
        BaseType::Named(name) => (name, 0),
        BaseType::List(item) => {
            let (name, lists) = unwrap(item);
            (name, lists + 1)
        }
    }
}

fn arguments(field: &FieldDefinition) -> Vec<String> {
    let required = |ty: &Type, has_default: bool| !ty.nullable && !has_default;
    let arguments = field.arguments.iter().map(|argument| &argument.node);
    arguments
        .filter(|argument| required(&argument.ty.node, argument.default_value.is_some()))
        .map(|argument| argument.name.node.to_string())
        .collect()
}

/// A value of a required argument.
fn value(field: &str, argument: &str, ids: &BTreeMap<&str, Value>, on: Option<&str>) -> String {
    match (field, argument) {
        ("document", "source") => json!("shop").to_string(),
        ("document", "key") => json!("1").to_string(),
        ("mergedSearch", "searches") => r#"[{ query: "" }]"#.to_owned(),
        ("node", "id") => ids[on.unwrap()].to_string(),
        ("nodes", "ids") => json!([ids[on.unwrap()], ids[on.unwrap()]]).to_string(),
        ("search", "query") | ("suggest", "prefix") => json!("").to_string(),
        ("category", "name") | ("clickedDocuments", "query") => json!("tea").to_string(),
        other => panic!("add a value for {other:?}"),
    }
}

/// The query of a path; its last field gets an invalid page size.
fn query(way: &[Step], ids: &BTreeMap<&str, Value>) -> String {
    let mut query = String::new();
    for (index, step) in way.iter().enumerate().rev() {
        let Step { field, arguments, on, .. } = step;
        let mut given: Vec<String> = arguments
            .iter()
            .map(|argument| format!("{argument}: {}", value(field, argument, ids, on.as_deref())))
            .collect();
        let is_last = index + 1 == way.len();
        if is_last {
            given.push("first: -1".to_owned());
        }
        let given = if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) };
        let inner = match on {
            Some(on) => format!("{{ ... on {on} {query} }}"),
            None if is_last => "{ __typename }".to_owned(),
            None => query,
        };
        query = format!("{{ k{index}: {field}{given} {inner} }}");
    }
    query
}

/// A server with records of all types, and the ids for `node`.
async fn filled() -> (Server, BTreeMap<&'static str, Value>) {
    let server = Server::start().await;
    let lease = lease(&server.store).await;
    let crawl = server.store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    take_page(&server.store, &lease, &crawl, 0).await;
    end(&server.store, &lease, &crawl).await;
    let document = |key: &str| json!({"source": "shop", "key": key, "text": "tea", "category": "tea", "authorKey": "ada"});
    let stored = server.index(json!([document("1"), document("2")])).await;
    let document = stored["documents"][0]["id"].clone();
    let sell =
        "mutation($id: ID!) { recordInteraction(input: {documentId: $id, kind: CONVERSION}) { accepted } }";
    server.data(sell, json!({"id": document})).await;
    let found = server.data("{ search(query: \"tea\") { searchId } }", json!({})).await;
    let click = "mutation($id: ID!, $search: ID!) {
        recordInteraction(input: {documentId: $id, searchId: $search, kind: CLICK}) { accepted } }";
    server.data(click, json!({"id": document, "search": found["search"]["searchId"]})).await;
    let author = server.data("{ search(query: \"\") { nodes { author { id } } } }", json!({})).await;
    let author = author["search"]["nodes"][0]["author"]["id"].clone();
    server.data(TYPE_IN, json!({})).await;
    server.flush().await;
    let CrawlId(crawl) = crawl.id;
    let ids = [("Crawl", json!(format!("crawl_{crawl}"))), ("Document", document), ("Author", author)];
    (server, ids.into())
}

#[tokio::test]
async fn the_path_of_an_error_has_an_index_for_every_list() {
    let (server, ids) = filled().await;
    let mut ways = Vec::new();
    Schema::read().ways("Query", &["Query"], &[], &mut ways);
    let mut through_lists = 0;
    for way in &ways {
        let query = query(way, &ids);
        let answer = server.ask(&query, json!({})).await;
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
        // The response key of each field, and an index for each list around it.
        let mut expected: Vec<&str> = Vec::new();
        let keys: Vec<String> = (0..way.len()).map(|index| format!("k{index}")).collect();
        for (step, key) in way.iter().zip(&keys) {
            expected.push(key);
            expected.extend(std::iter::repeat_n("0", step.lists));
        }
        // The last field fails before its list begins.
        expected.truncate(expected.len() - way.last().unwrap().lists);
        for error in errors {
            assert_eq!(code(error), "BAD_USER_INPUT", "{query}: {error}");
            let path: Vec<&str> = error["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(|segment| if segment.is_u64() { "0" } else { segment.as_str().unwrap() })
                .collect();
            assert_eq!(path, expected, "{query}");
        }
        through_lists += usize::from(expected.contains(&"0"));
    }
    assert!(through_lists >= 9, "only {through_lists} of {} ways lead through lists", ways.len());
}

#[tokio::test]
async fn the_index_is_that_of_the_failed_item() {
    let (server, ids) = filled().await;
    // The second of the sources has no crawls.
    let error = server
        .error("{ s: sources { name c: crawls { pages(first: 101) { totalCount } } } }", json!({}))
        .await;
    assert_eq!(error["path"], json!(["s", 0, "c", 0, "pages"]));
    let query =
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Crawl { pages(first: 101) { totalCount } } } }";
    let ids = json!([ids["Document"], ids["Crawl"], ids["Author"]]);
    let answer = server.ask(query, json!({"ids": ids})).await;
    assert_eq!(answer["errors"][0]["path"], json!(["nodes", 1, "pages"]));
    assert_eq!(answer["data"], json!({"nodes": [{}, null, {}]}));
}

#[tokio::test]
async fn a_denial_has_the_path_of_its_field() {
    let key = Key::new("web", &[Scope::Search]);
    let server = guarded(&gate(&[&key])).await;
    for (query, path, data) in [
        ("{ sources { name crawls { id } } }", json!(["sources", 0, "crawls"]), Value::Null),
        (
            "{ s: sources { name c: lastCrawl { id } } }",
            json!(["s", 0, "c"]),
            json!({"s": [{"name": "messages", "c": null}]}),
        ),
        ("{ nodes(ids: [\"crawl_1\"]) { id } }", json!(["nodes", 0]), json!({"nodes": [null]})),
    ] {
        let answer = read(send(&server, query, Some(&key.bearer())).await).await;
        let error = &answer["errors"][0];
        assert_eq!((code(error), &error["path"], &answer["data"]), ("FORBIDDEN", &path, &data), "{query}");
    }
}

#[tokio::test]
async fn an_error_in_a_row_of_a_report_has_its_path() {
    let (server, _) = scripted(Some(|| SearchError::TooBusy)).await;
    server.data(TYPE_IN, json!({})).await;
    server.flush().await;
    let query = json!({"query": "{ reports { z: zeroResultSearches { rows { query h: hitsNow } } } }"});
    let answer = read(server.post(&query).send().await.unwrap()).await;
    assert_eq!(answer["errors"][0]["path"], json!(["reports", "z", "rows", 0, "h"]), "{answer}");
}
