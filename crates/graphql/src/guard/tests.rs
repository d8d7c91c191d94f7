use std::collections::BTreeMap;

use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use async_graphql::parser::{parse_query, parse_schema};
use async_graphql::{Value, Variables};

use super::*;
use crate::schema_sdl;

/// The fields of each object type, with their descriptions.
fn fields() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut types = BTreeMap::new();
    for definition in parse_schema(schema_sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let fields = object.fields.into_iter().map(|field| {
            let description = field.node.description.map(|text| text.node).unwrap_or_default();
            (field.node.name.node.to_string(), description.replace('\n', " "))
        });
        types.insert(definition.node.name.node.to_string(), fields.collect());
    }
    types
}

#[test]
fn every_root_field_has_scopes_and_says_so() {
    let types = fields();
    for (name, rules) in [("Query", QUERY), ("Mutation", MUTATION), ("Subscription", SUBSCRIPTION)] {
        let described = &types[name];
        let ruled: Vec<&str> = rules.iter().map(|(field, _)| *field).collect();
        let there: Vec<&str> = described.keys().map(String::as_str).collect();
        assert_eq!(ruled, there, "the fields of {name} and their scopes, in order");
        for (field, scopes) in rules {
            assert!(!scopes.is_empty(), "{name}.{field} is for nobody");
            let description = &described[*field];
            let (_, stated) =
                description.rsplit_once("Scope: ").unwrap_or_else(|| panic!("{name}.{field}: {description}"));
            for scope in Scope::ALL {
                let is_stated = stated.contains(scope.as_str());
                assert_eq!(is_stated, scopes.contains(&scope), "{name}.{field}: {description}");
            }
        }
    }
}

fn check_as(text: &str, variables: serde_json::Value, caller: &Caller) -> Result<(), Vec<String>> {
    let document = parse_query(text).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let variables = Variables::from_json(variables);
    let root = RootFields::of(&document, &operation.node, &variables);
    check(operation.node.ty, &root, caller, Introspection::Auto).map_err(|errors| {
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

fn refused(text: &str, variables: serde_json::Value) -> Vec<String> {
    let caller = Caller::with_key("shop".into(), [Scope::Search]);
    check_as(text, variables, &caller).err().unwrap_or_default()
}

#[test]
fn fields_are_found_wherever_they_stand() {
    let none = serde_json::json!({});
    for text in [
        "{ reports { __typename } }",
        "{ sources { name } ... { reports { __typename } } }",
        "{ ... on Query { ...a } } fragment a on Query { ...b } fragment b on Query { reports { __typename } }",
        "{ ...a ...a } fragment a on Query { reports { __typename } }",
    ] {
        assert_eq!(refused(text, none.clone()), ["reports FORBIDDEN"], "{text}");
    }
    assert_eq!(
        refused(
            "{ a: searchLog { totalCount } b: loggingHealth { lastError } sources { name } }",
            none.clone()
        ),
        ["a FORBIDDEN", "b FORBIDDEN"]
    );
    assert!(refused("{ __typename sources { name } nonsense ...gone }", none).is_empty());
}

#[test]
fn what_is_left_out_needs_no_scope() {
    // Defaults stand among the variables by then.
    let text = "query($a: Boolean!, $b: Boolean) { reports @include(if: $a) { __typename } ... @skip(if: $a) \
                { searchLog { totalCount } } loggingHealth @include(if: $b) { lastError } }";
    assert_eq!(refused(text, serde_json::json!({"a": true, "b": false})), ["reports FORBIDDEN"]);
    assert_eq!(refused(text, serde_json::json!({"a": false, "b": false})), ["searchLog FORBIDDEN"]);
    let health = "loggingHealth FORBIDDEN";
    assert_eq!(refused(text, serde_json::json!({"a": true, "b": true})), ["reports FORBIDDEN", health]);
    // What cannot be told is asked for.
    assert_eq!(refused(text, serde_json::json!({"b": "x"})).len(), 3);
}

#[test]
fn who_has_no_key_is_told_so() {
    let none = serde_json::json!({});
    let text = "{ search(query: \"\") { totalCount } }";
    assert_eq!(
        check_as(text, none.clone(), &Caller::anonymous()),
        Err(vec!["search UNAUTHENTICATED".to_owned()])
    );
    assert_eq!(check_as(text, none.clone(), &Caller::unchecked()), Ok(()));
    assert_eq!(check_as("{ __typename }", none, &Caller::anonymous()), Ok(()));
}

#[test]
fn introspection_is_for_whom_it_is_set() {
    let key = Caller::with_key("shop".into(), [Scope::Search]);
    let callers = [Caller::unchecked(), key, Caller::anonymous()];
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
            let may =
                callers.each_ref().map(|caller| check(operation.node.ty, &root, caller, setting).is_ok());
            assert_eq!(may, allowed, "{setting:?} {text}");
        }
    }
}
