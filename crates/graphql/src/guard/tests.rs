use async_graphql::parser::parse_query;
use async_graphql::{Value, Variables};
use futures_util::StreamExt;

use super::*;
use crate::loaders::Loaders;
use crate::schema_builder::schema_of;
use crate::subgraph::SubgraphQuery;

/// A valid operation of each root field.
const OPERATIONS: &[(&str, &str)] = &[
    ("_entities", "{ _entities(representations: []) { __typename } }"),
    ("_service", "{ _service { sdl } }"),
    ("access", "{ access { scopes } }"),
    ("document", "{ document(source: \"s\", key: \"k\") { id } }"),
    ("loggingHealth", "{ loggingHealth { lastError } }"),
    ("mergedSearch", "{ mergedSearch(searches: [{ query: \"x\" }]) { hasNextPage } }"),
    ("node", "{ node(id: \"x\") { id } }"),
    ("nodes", "{ nodes(ids: []) { id } }"),
    ("reports", "{ reports { __typename } }"),
    ("search", "{ search(query: \"x\") { totalCount } }"),
    ("searchLog", "{ searchLog { totalCount } }"),
    ("searchRules", "{ searchRules { rules { id } } }"),
    ("sources", "{ sources { name } }"),
    ("suggest", "{ suggest(prefix: \"x\") { text } }"),
    ("deleteDocuments", "mutation { deleteDocuments(input: { ids: [] }) { deleted } }"),
    ("deleteRules", "mutation { deleteRules(ids: []) { deleted } }"),
    ("deleteStopWords", "mutation { deleteStopWords(ids: []) { deleted } }"),
    ("deleteSynonyms", "mutation { deleteSynonyms(ids: []) { deleted } }"),
    ("eraseSearcher", "mutation { eraseSearcher(input: { sessionId: \"s\" }) { __typename } }"),
    ("indexDocuments", "mutation { indexDocuments(input: { documents: [] }) { inserted } }"),
    (
        "logKeystroke",
        "mutation { logKeystroke(input: { sessionId: \"s\", inputId: \"i\", sequence: 1, text: \"x\" }) { accepted } }",
    ),
    ("logKeystrokes", "mutation { logKeystrokes(input: []) { accepted } }"),
    ("previewSource", "mutation { previewSource(source: \"s\") { works } }"),
    ("putRules", "mutation { putRules(rules: []) { inserted } }"),
    ("putStopWords", "mutation { putStopWords(stopWords: []) { inserted } }"),
    ("putSynonyms", "mutation { putSynonyms(synonyms: []) { inserted } }"),
    (
        "recordInteraction",
        "mutation { recordInteraction(input: { documentId: \"x\", kind: CLICK }) { accepted } }",
    ),
    ("startCrawl", "mutation { startCrawl(source: \"s\") { id } }"),
    ("crawlProgress", "subscription { crawlProgress(source: \"s\") { id } }"),
    ("searchLogged", "subscription { searchLogged { id } }"),
];

/// The first error of an operation that is executed without the pre-check and without services.
async fn run_unchecked(text: &str, caller: Option<Principal>) -> Option<ServerError> {
    let mut request = async_graphql::Request::new(text).data(Loaders::default());
    if let Some(caller) = caller {
        request = request.data(caller);
    }
    let schema = schema_of(SubgraphQuery::default()).finish();
    let mut answers = std::pin::pin!(schema.execute_stream(request));
    let answer = answers.next().await.expect("a response");
    answer.errors.into_iter().next()
}

#[tokio::test]
async fn each_resolver_denies_by_itself() {
    let names: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
    let rows: Vec<&str> = ROOT_FIELDS.iter().map(|row| row.name).collect();
    assert_eq!(names, rows, "an operation of each row, in order");
    for ((name, text), row) in OPERATIONS.iter().zip(ROOT_FIELDS) {
        let code = async |caller| {
            let error = run_unchecked(text, caller).await;
            error.as_ref().map(|error| {
                error.source::<Failure>().unwrap_or_else(|| panic!("{name} is not executed: {error:?}")).code
            })
        };
        for scope in Scope::ALL {
            let found = code(Some(Principal::with_key("one".into(), [scope]))).await;
            let is_denied = found == Some(ErrorCode::Forbidden);
            assert_eq!(is_denied, !row.scopes.contains(&scope), "{name} by {scope}: {found:?}");
        }
        assert_eq!(code(Some(Principal::anonymous())).await, Some(ErrorCode::Unauthenticated), "{name}");
        assert_eq!(code(None).await, Some(ErrorCode::InternalServerError), "{name} without a caller");
    }
}

#[test]
fn a_field_without_a_row_is_denied_to_everyone() {
    let none = serde_json::json!({});
    let all = Principal::with_key("all".into(), Scope::ALL);
    for caller in [Principal::unrestricted(), all, Principal::anonymous()] {
        for (text, denied) in [
            ("{ serach { totalCount } }", "serach"),
            ("{ sources { name } a: _sdl { sdl } }", "a"),
            ("{ ...F } fragment F on Query { nonsense }", "nonsense"),
            ("mutation { search }", "search"),
            ("subscription { sources { name } }", "sources"),
        ] {
            let errors = check_as(text, none.clone(), &caller).unwrap_err();
            // The error of a caller without a key is the same whether or not the field exists.
            let code = if caller == Principal::anonymous() {
                "UNAUTHENTICATED"
            } else {
                "GRAPHQL_VALIDATION_FAILED"
            };
            assert_eq!(errors.last(), Some(&format!("{denied} {code}")), "{text}");
        }
    }
    let message = |name| {
        authorize(OperationType::Query, name, &Principal::unrestricted(), Disclosure::Schema).unwrap_err().1
    };
    assert_eq!(message("serach"), "Unknown field \"serach\" on type \"Query\". Did you mean \"search\"?");
    assert_eq!(message("indexDocuments"), "Unknown field \"indexDocuments\" on type \"Query\".");
}

fn check_as(text: &str, variables: serde_json::Value, caller: &Principal) -> Result<(), Vec<String>> {
    let document = parse_query(text).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let variables = Variables::from_json(variables);
    let root = RootFields::of(&document, &operation.node, &variables);
    check(&root, caller, Introspection::Auto).map_err(|errors| {
        let code = |error: &ServerError| match error.extensions.as_ref().and_then(|all| all.get("code")) {
            Some(Value::String(code)) => code.clone(),
            other => panic!("{other:?}"),
        };
        let path = |error: &ServerError| match &error.path[..] {
            [PathSegment::Field(name)] => name.clone(),
            other => panic!("{other:?}"),
        };
        errors.iter().map(|error| format!("{} {}", path(error), code(error))).collect()
    })
}

fn denied(text: &str, variables: serde_json::Value) -> Vec<String> {
    let caller = Principal::with_key("shop".into(), [Scope::Search]);
    check_as(text, variables, &caller).err().unwrap_or_default()
}

#[test]
fn fields_in_fragments_are_checked() {
    let none = serde_json::json!({});
    for text in [
        "{ reports { __typename } }",
        "{ sources { name } ... { reports { __typename } } }",
        "{ ... on Query { ...a } } fragment a on Query { ...b } fragment b on Query { reports { __typename } }",
        "{ ...a ...a } fragment a on Query { reports { __typename } }",
    ] {
        assert_eq!(denied(text, none.clone()), ["reports FORBIDDEN"], "{text}");
    }
    assert_eq!(
        denied(
            "{ a: searchLog { totalCount } b: loggingHealth { lastError } sources { name } }",
            none.clone()
        ),
        ["a FORBIDDEN", "b FORBIDDEN"]
    );
    assert!(denied("{ __typename sources { name } ...gone }", none).is_empty());
}

#[test]
fn a_skipped_field_requires_no_scope() {
    // The variables include defaults when the operation is checked.
    let text = "query($a: Boolean!, $b: Boolean) { reports @include(if: $a) { __typename } ... @skip(if: $a) \
                { searchLog { totalCount } } loggingHealth @include(if: $b) { lastError } }";
    assert_eq!(denied(text, serde_json::json!({"a": true, "b": false})), ["reports FORBIDDEN"]);
    assert_eq!(denied(text, serde_json::json!({"a": false, "b": false})), ["searchLog FORBIDDEN"]);
    let health = "loggingHealth FORBIDDEN";
    assert_eq!(denied(text, serde_json::json!({"a": true, "b": true})), ["reports FORBIDDEN", health]);
    // A field counts as requested if its condition is invalid or missing.
    assert_eq!(denied(text, serde_json::json!({"b": "x"})).len(), 3);
}

#[test]
fn an_anonymous_caller_is_unauthenticated() {
    let none = serde_json::json!({});
    let text = "{ search(query: \"\") { totalCount } }";
    assert_eq!(
        check_as(text, none.clone(), &Principal::anonymous()),
        Err(vec!["search UNAUTHENTICATED".to_owned()])
    );
    assert_eq!(check_as(text, none.clone(), &Principal::unrestricted()), Ok(()));
    assert_eq!(check_as("{ __typename }", none, &Principal::anonymous()), Ok(()));
}

#[test]
fn introspection_is_allowed_by_its_setting() {
    let key = Principal::with_key("shop".into(), [Scope::Search]);
    let callers = [Principal::unrestricted(), key, Principal::anonymous()];
    for (setting, allowed) in [
        (Introspection::Auto, [true, true, false]),
        (Introspection::On, [true, true, true]),
        (Introspection::Off, [false, false, false]),
    ] {
        for text in ["{ __schema { description } }", "{ a: __type(name: \"Query\") { name } }"] {
            let document = parse_query(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            let variables = Variables::default();
            let root = RootFields::of(&document, &operation.node, &variables);
            let may = callers.each_ref().map(|caller| check(&root, caller, setting).is_ok());
            assert_eq!(may, allowed, "{setting:?} {text}");
        }
    }
}
