//! The committed `schema.graphql`, which must be current and describe every element.
//!
//! `tests/clients/schema.test.mjs` checks its compatibility with the released schema.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    EnumType, InputObjectType, InterfaceType, ObjectType, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use quarry::graphql::schema_sdl;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The descriptions of a schema's elements by their paths.
fn descriptions(sdl: &str) -> BTreeMap<String, Option<String>> {
    let mut descriptions = BTreeMap::new();
    for definition in parse_schema(sdl).expect("a schema").definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeDefinition { description, name, kind, .. } = definition.node;
        let name = name.node.to_string();
        let mut add = |path: String, description: Option<Positioned<String>>| {
            descriptions.insert(path, description.map(|text| text.node));
        };
        match kind {
            TypeKind::Object(ObjectType { fields, .. })
            | TypeKind::Interface(InterfaceType { fields, .. }) => {
                for field in fields.into_iter().map(|field| field.node) {
                    let path = format!("{name}.{}", field.name.node);
                    for argument in field.arguments.into_iter().map(|argument| argument.node) {
                        add(format!("{path}({})", argument.name.node), argument.description);
                    }
                    add(path, field.description);
                }
            }
            TypeKind::InputObject(InputObjectType { fields }) => {
                for field in fields.into_iter().map(|field| field.node) {
                    add(format!("{name}.{}", field.name.node), field.description);
                }
            }
            TypeKind::Enum(EnumType { values }) => {
                for value in values.into_iter().map(|value| value.node) {
                    add(format!("{name}.{}", value.value.node), value.description);
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
        add(name, description);
    }
    descriptions
}

#[test]
fn the_committed_schema_is_current() {
    let committed = std::fs::read_to_string(root().join("schema.graphql")).unwrap_or_default();
    assert!(
        committed == schema_sdl(),
        "schema.graphql is stale: run `cargo run -- schema > schema.graphql` (`quarry schema > schema.graphql`)"
    );
}

#[test]
fn every_element_is_described() {
    let bare: Vec<_> = descriptions(&schema_sdl())
        .into_iter()
        .filter(|(_, description)| description.as_deref().unwrap_or_default().trim().is_empty())
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}
