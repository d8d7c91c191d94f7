//! Errors for callers that may not introspect the schema: they contain none of its names.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use quarry::domain::Scope;
use quarry::graphql::{Introspection, Limits, schema_sdl};
use serde_json::{Value, json};

use super::keys::{Key, gate};
use super::server::{Server, Setup, read};

/// Names of types, fields, arguments and values of the schema.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for definition in parse_schema(schema_sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        names.insert(definition.node.name.node.to_string());
        match definition.node.kind {
            TypeKind::Object(object) => {
                for field in object.fields {
                    names.insert(field.node.name.node.to_string());
                    let arguments = field.node.arguments.iter();
                    names.extend(arguments.map(|argument| argument.node.name.node.to_string()));
                }
            }
            TypeKind::Enum(of) => {
                names.extend(of.values.iter().map(|value| value.node.value.node.to_string()))
            }
            TypeKind::InputObject(of) => {
                names.extend(of.fields.iter().map(|field| field.node.name.node.to_string()));
            }
            _ => {}
        }
    }
    // Names of GraphQL itself, and words of any sentence.
    for word in [
        "Query",
        "Mutation",
        "Subscription",
        "String",
        "Int",
        "Float",
        "Boolean",
        "ID",
        "document",
        "field",
        "key",
        "text",
        "value",
        "not",
        "to",
        "from",
        "type",
    ] {
        names.remove(word);
    }
    names
}

/// Invalid documents with variables, each with a guess.
fn guesses() -> Vec<(&'static str, Value)> {
    vec![
        ("{ serch }", json!({})),
        ("{ sorces { nme } }", json!({})),
        ("mutation { deleteDocument }", json!({})),
        ("subscription { searchLoged }", json!({})),
        ("{ search(query: \"\") { totalCont nods { tilte } } }", json!({})),
        ("{ search(qery: \"\") { totalCount } }", json!({})),
        ("{ search { totalCount } }", json!({})),
        ("{ search(query: 7, sort: SIDEWAYS) { totalCount } }", json!({})),
        ("{ search(query: \"\", filter: {sorce: 1}) { totalCount } }", json!({})),
        ("{ search(query: \"\") }", json!({})),
        ("{ sources { name { x } } }", json!({})),
        ("{ __typename ... on Document { x } }", json!({})),
        ("{ __typename ... on Documant { x } }", json!({})),
        ("query($a: SearchSort) { __typename }", json!({"a": 1})),
        ("query($a: IndexDocumentsInput!) { __typename }", json!({"a": {}})),
        ("query($a: DocumentFilter) { __typename }", json!({"a": {"x": 1}})),
        ("query($a: String) { search(query: \"\", first: $a) { totalCount } }", json!({})),
        ("mutation { logKeystroke(input: {}) { accepted } }", json!({})),
        ("{ __typename @nothing }", json!({})),
    ]
}

async fn errors(server: &Server, query: &str, variables: Value, key: Option<&Key>) -> Vec<Value> {
    let mut request = server.post(&json!({ "query": query, "variables": variables }));
    if let Some(key) = key {
        request = request.header("authorization", key.bearer());
    }
    read(request.send().await.unwrap()).await["errors"].as_array().cloned().unwrap_or_default()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|word| !word.is_empty())
}

#[tokio::test]
async fn errors_without_introspection_contain_only_names_of_the_request() {
    let key = Key::new("all", &Scope::ALL);
    let auto = Server::start_with(Setup { gate: gate(&[&key]), ..Setup::default() }).await;
    let limits = Limits { introspection: Introspection::Off, ..Limits::default() };
    let off = Server::start_with(Setup { gate: gate(&[&key]), limits, ..Setup::default() }).await;
    let open = Server::start_with(Setup { limits, ..Setup::default() }).await;
    let names = names();
    for (server, key) in [(&auto, None), (&off, None), (&off, Some(&key)), (&open, None)] {
        let mut seen = 0;
        for (query, variables) in guesses() {
            let sent: BTreeSet<&str> = words(query).collect();
            let errors = errors(server, query, variables, key).await;
            seen += errors.len();
            for error in errors {
                let message = error["message"].as_str().unwrap();
                let disclosed: Vec<_> =
                    words(message).filter(|word| names.contains(*word) && !sent.contains(word)).collect();
                assert_eq!(disclosed, [""; 0], "{query}: {message}");
                assert!(!message.contains("Did you mean"), "{query}: {message}");
            }
        }
        assert!(seen > 15, "only {seen} errors");
    }
}

#[tokio::test]
async fn errors_without_a_key_confirm_no_guess() {
    let key = Key::new("all", &Scope::ALL);
    let server = Server::start_with(Setup { gate: gate(&[&key]), ..Setup::default() }).await;
    // A name of the schema, and another one of the same form.
    for (right, wrong, variables) in [
        ("{ search }", "{ sxarch }", json!({})),
        ("mutation { indexDocuments }", "mutation { indexDocumants }", json!({})),
        ("subscription { crawlProgress }", "subscription { crawlProgrxss }", json!({})),
        ("{ __typename ... on Document { x } }", "{ __typename ... on Documxnt { x } }", json!({})),
        ("query($a: SearchSort) { __typename }", "query($a: SxarchSort) { __typename }", json!({"a": 1})),
        (
            "query($a: DocumentFilter) { __typename }",
            "query($a: DxcumentFilter) { __typename }",
            json!({"a": {}}),
        ),
    ] {
        let disclosed = async |query: &str| {
            let errors = errors(&server, query, variables.clone(), None).await;
            json!(errors).to_string().replace(['x', 'X'], "").replace("indexDocuments", "")
        };
        let plain = |text: String| {
            // Apart from echoed names, both errors are equal.
            ["search", "sarch", "indeDocuments", "indeDocumants", "crawlProgress", "crawlProgrss"]
                .iter()
                .fold(text, |text, name| text.replace(name, "NAME"))
        };
        assert_eq!(plain(disclosed(right).await), plain(disclosed(wrong).await), "{right}");
    }
}

#[tokio::test]
async fn errors_with_introspection_contain_suggestions() {
    let key = Key::new("all", &Scope::ALL);
    let auto = Server::start_with(Setup { gate: gate(&[&key]), ..Setup::default() }).await;
    let open = Server::start().await;
    for (server, key) in [(&auto, Some(&key)), (&open, None)] {
        let errors = errors(server, "{ serch }", json!({}), key).await;
        assert!(errors[0]["message"].as_str().unwrap().contains("Did you mean \"search\"?"), "{errors:?}");
    }
}
