//! The committed `schema.graphql` is current, describes everything, and keeps the contract.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use quarry::graphql::schema_sdl;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every element of a schema: what names it, its type (or kind), and its description.
fn elements(sdl: &str) -> BTreeMap<String, (String, Option<String>)> {
    let mut elements = BTreeMap::new();
    for definition in parse_schema(sdl).expect("a schema").definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeDefinition { description, name, kind, .. } = definition.node;
        let name = name.node.to_string();
        let description = description.map(|text| text.node);
        let mut add_fields = |fields: Vec<FieldDefinition>| {
            for field in fields {
                let path = format!("{name}.{}", field.name.node);
                for argument in field.arguments {
                    let argument_path = format!("{path}({})", argument.node.name.node);
                    elements.insert(argument_path, input(argument.node));
                }
                let description = field.description.map(|text| text.node);
                elements.insert(path, (field.ty.node.to_string(), description));
            }
        };
        let kind = match kind {
            TypeKind::Object(object) => {
                add_fields(object.fields.into_iter().map(|field| field.node).collect());
                let mut implements: Vec<_> =
                    object.implements.iter().map(|name| name.node.to_string()).collect();
                implements.sort();
                format!("type implementing {implements:?}")
            }
            TypeKind::Interface(interface) => {
                add_fields(interface.fields.into_iter().map(|field| field.node).collect());
                "interface".to_owned()
            }
            TypeKind::InputObject(object) => {
                for field in object.fields {
                    elements.insert(format!("{name}.{}", field.node.name.node), input(field.node));
                }
                "input".to_owned()
            }
            TypeKind::Enum(of) => {
                for value in of.values {
                    let description = value.node.description.map(|text| text.node);
                    elements.insert(
                        format!("{name}.{}", value.node.value.node),
                        ("value".to_owned(), description),
                    );
                }
                "enum".to_owned()
            }
            TypeKind::Scalar => {
                let specified = definition.node.directives.iter().find(|d| d.node.name.node == "specifiedBy");
                let url = specified.and_then(|d| d.node.get_argument("url")).map(|url| url.node.to_string());
                format!("scalar specified by {url:?}")
            }
            TypeKind::Union(_) => "union".to_owned(),
        };
        elements.insert(name, (kind, description));
    }
    elements
}

fn input(value: InputValueDefinition) -> (String, Option<String>) {
    let default = value.default_value.map(|value| format!(" = {}", value.node)).unwrap_or_default();
    (format!("{}{default}", value.ty.node), value.description.map(|text| text.node))
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
fn everything_is_described() {
    let bare: Vec<_> = elements(&schema_sdl())
        .into_iter()
        .filter(|(_, (_, description))| description.as_deref().unwrap_or_default().trim().is_empty())
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

#[test]
fn the_contract_is_kept() {
    // The contract is shared by those who work on the project and is no part of it.
    let contract = root().join("../shared/design/schema.graphql");
    let contract = std::fs::read_to_string(&contract)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", contract.display()));
    let ours = elements(&schema_sdl());
    let mut broken = Vec::new();
    for (name, (kind, _)) in elements(&contract) {
        match ours.get(&name) {
            None => broken.push(format!("{name} is missing")),
            Some((ours, _)) if *ours != kind => broken.push(format!("{name} is {ours}, not {kind}")),
            Some(_) => {}
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
