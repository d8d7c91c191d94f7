use std::collections::{BTreeMap, BTreeSet, HashSet};

use async_graphql::Variables;
use async_graphql::parser::types::{BaseType, FieldDefinition, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{parse_query, parse_schema};

use super::*;
use crate::schema_builder::schema_of;
use crate::subgraph::SubgraphQuery;

const ROOTS: [(OperationType, &str); 3] =
    [(Query, "Query"), (Mutation, "Mutation"), (Subscription, "Subscription")];

/// The fields of each object type.
fn types() -> BTreeMap<String, BTreeMap<String, FieldDefinition>> {
    let sdl = schema_of(SubgraphQuery::default()).finish().sdl();
    let mut types = BTreeMap::new();
    for definition in parse_schema(&sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let fields = object.fields.into_iter().map(|field| (field.node.name.node.to_string(), field.node));
        types.insert(definition.node.name.node.to_string(), fields.collect());
    }
    types
}

#[test]
fn each_root_field_has_a_row_and_its_description_states_the_scopes() {
    let types = types();
    for (on, name) in ROOTS {
        let fields = &types[name];
        let rows: Vec<&RootField> = ROOT_FIELDS.iter().filter(|row| row.on == on).collect();
        let declared: Vec<&str> = rows.iter().map(|row| row.name).collect();
        let defined: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(declared, defined, "the rows and the fields of {name}, in order");
        for RootField { name: field, scopes, .. } in rows {
            assert!(!scopes.is_empty(), "{name}.{field} is denied to all callers");
            let description = &fields[*field].description.as_ref().unwrap().node.replace('\n', " ");
            let (_, stated) =
                description.rsplit_once("Scope: ").unwrap_or_else(|| panic!("{name}.{field}: {description}"));
            for scope in Scope::ALL {
                let is_stated = stated.contains(scope.as_str());
                assert_eq!(is_stated, scopes.contains(&scope), "{name}.{field}: {description}");
            }
        }
    }
}

#[test]
fn the_costs_of_nested_fields_are_those_of_fields_without_pages() {
    let types = types();
    for NestedField { name, base_cost, rows } in NESTED_FIELDS {
        let fields: Vec<&FieldDefinition> = types.values().filter_map(|fields| fields.get(*name)).collect();
        assert!(!fields.is_empty(), "{name} is not in the schema");
        let mut arguments = fields.iter().flat_map(|field| &field.arguments);
        assert!(arguments.all(|argument| argument.node.name.node != "first"), "{name} is paged");
        assert!(*base_cost > 1 || *rows > 1, "{name} needs no row");
        assert!(ROOT_FIELDS.iter().all(|root| root.name != *name), "{name} has the name of a root field");
    }
}

fn has_first(field: &FieldDefinition) -> bool {
    field.arguments.iter().any(|argument| argument.node.name.node == "first")
}

#[test]
fn fields_with_an_argument_first_are_paged() {
    let types = types();
    let fields = types.values().flatten().filter(|(_, field)| has_first(field));
    let paged: BTreeSet<&str> = fields.map(|(name, _)| name.as_str()).collect();
    assert_eq!(paged, BTreeSet::from(PAGED_FIELDS));
}

#[test]
fn pages_are_objects_with_items() {
    let types = types();
    let is_paged_field =
        |(name, field): &(&String, &FieldDefinition)| has_first(field) || fixed_rows(name).is_some();
    for (name, field) in types.values().flatten().filter(is_paged_field) {
        let (base, is_list) = match &field.ty.node.base {
            BaseType::Named(named) => (named.to_string(), false),
            BaseType::List(items) => match &items.base {
                BaseType::Named(named) => (named.to_string(), true),
                BaseType::List(_) => panic!("{name} is a list of lists"),
            },
        };
        // Each facet is a page of buckets.
        assert_eq!(is_list && name != "facets", LISTS.contains(&name.as_str()), "{name}");
        let has_items = types[&base].keys().any(|field| PAGE_ITEMS.contains(&field.as_str()));
        assert!(has_items || !is_page(name), "{name}");
    }
}

#[test]
fn operations_are_grouped_by_their_root_fields() {
    for (text, expected) in [
        ("{ search }", FieldGroup::Search),
        ("query reports { s: search }", FieldGroup::Search),
        ("{ __typename search }", FieldGroup::Search),
        ("{ search __typename }", FieldGroup::Search),
        ("{ search(query: \"x\") { nodes { id } } search { totalCount } }", FieldGroup::Search),
        ("{ search suggest }", FieldGroup::Mixed),
        ("{ search suggest search }", FieldGroup::Mixed),
        ("{ node nodes document }", FieldGroup::Documents),
        (
            "{ ... on Query { ...F } } fragment F on Query { ...G } fragment G on Query { reports }",
            FieldGroup::Reports,
        ),
        ("{ ...F ...F } fragment F on Query { ...F reports }", FieldGroup::Reports),
        ("{ __schema { types { name } } }", FieldGroup::Introspection),
        ("mutation { logKeystroke }", FieldGroup::Keystrokes),
        ("subscription { searchLogged }", FieldGroup::SearchLog),
        ("{ nonsense }", FieldGroup::Refused),
        ("{ logKeystroke }", FieldGroup::Refused),
        ("{ ...Missing }", FieldGroup::Refused),
    ] {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let group = FieldGroup::of(&RootFields::of(&document, &operation.node, &Variables::default()));
        assert_eq!(group, expected, "{text}");
    }
}

#[test]
fn each_group_has_a_name_of_its_own_and_is_at_its_discriminant() {
    let names: HashSet<&str> = FieldGroup::ALL.iter().map(|group| group.as_str()).collect();
    assert_eq!(names.len(), FieldGroup::ALL.len());
    assert_eq!(FieldGroup::SearchLog.as_str(), "search_log");
    for (index, group) in FieldGroup::ALL.iter().copied().enumerate() {
        assert_eq!(group as usize, index);
    }
}

#[test]
fn the_groups_of_an_operation_are_those_of_its_fields() {
    use FieldGroup::{
        Crawl, Documents, Erasure, Interactions, Introspection, Keystrokes, Mixed, Refused, Rules, SearchLog,
    };
    let groups = |kind| FieldGroup::of_kind(kind).collect::<Vec<_>>();
    assert_eq!(
        groups(OperationKind::Mutation),
        [Documents, Crawl, Keystrokes, Interactions, Rules, Erasure, Introspection, Mixed, Refused]
    );
    assert_eq!(groups(OperationKind::Subscription), [SearchLog, Crawl, Introspection, Mixed, Refused]);
    assert_eq!(groups(OperationKind::Query).len(), 11);
}
