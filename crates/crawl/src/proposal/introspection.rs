//! The introspection of a GraphQL schema: the parts that lists follow from.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The query: the fields of all types, with three levels of lists and non-null types.
pub(super) const QUERY: &str = "query { __schema { queryType { name } types { name kind fields { name \
    args { name defaultValue type { ...Named } } type { ...Named } } } } } \
    fragment Named on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

#[derive(Deserialize)]
struct Reply {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "__schema")]
    schema: RawSchema,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSchema {
    query_type: TypeName,
    types: Vec<SchemaType>,
}

#[derive(Deserialize)]
struct TypeName {
    name: String,
}

#[derive(Deserialize)]
struct SchemaType {
    name: String,
    kind: String,
    #[serde(default)]
    fields: Option<Vec<SchemaField>>,
}

/// A field with its arguments.
#[derive(Deserialize)]
pub(super) struct SchemaField {
    pub(super) name: String,
    #[serde(default)]
    pub(super) args: Vec<SchemaArgument>,
    #[serde(rename = "type")]
    pub(super) of: TypeRef,
}

/// An argument of a field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaArgument {
    pub(super) name: String,
    default_value: Option<String>,
    #[serde(rename = "type")]
    pub(super) of: TypeRef,
}

/// A type with its wrappers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeRef {
    kind: String,
    name: Option<String>,
    of_type: Option<Box<TypeRef>>,
}

impl SchemaArgument {
    /// Returns true if a field cannot be requested without it.
    pub(super) fn is_required(&self) -> bool {
        self.of.kind == "NON_NULL" && self.default_value.is_none()
    }
}

impl TypeRef {
    /// The name of the innermost type.
    pub(super) fn name(&self) -> &str {
        self.of_type.as_ref().map_or_else(|| self.name.as_deref().unwrap_or_default(), |of| of.name())
    }

    pub(super) fn is_list(&self) -> bool {
        self.kind == "LIST" || self.of_type.as_ref().is_some_and(|of| of.is_list())
    }

    /// Returns true for a scalar or an enum, or a list of them.
    pub(super) fn is_leaf(&self) -> bool {
        self.of_type.as_ref().map_or(matches!(self.kind.as_str(), "SCALAR" | "ENUM"), |of| of.is_leaf())
    }

    /// Writes the type as in a declaration of a variable.
    pub(super) fn declaration(&self) -> String {
        match (&self.of_type, self.kind.as_str()) {
            (Some(of), "NON_NULL") => format!("{}!", of.declaration()),
            (Some(of), "LIST") => format!("[{}]", of.declaration()),
            _ => self.name().to_owned(),
        }
    }
}

/// A schema.
pub(super) struct Schema {
    query: String,
    types: BTreeMap<String, Vec<SchemaField>>,
}

impl Schema {
    /// Parses the response to [`QUERY`]; `None` for another response.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let schema = serde_json::from_str::<Reply>(text).ok()?.data?.schema;
        let types = schema.types.into_iter().filter(|of| matches!(of.kind.as_str(), "OBJECT" | "INTERFACE"));
        let types = types.map(|of| (of.name, of.fields.unwrap_or_default())).collect();
        Some(Self { query: schema.query_type.name, types })
    }

    /// The fields of the root.
    pub(super) fn queries(&self) -> &[SchemaField] {
        self.types.get(&self.query).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_object(&self, of: &TypeRef) -> bool {
        self.types.contains_key(of.name())
    }

    /// The fields of an object that can be requested without arguments; `None` for other types.
    pub(super) fn fields(&self, of: &TypeRef) -> Option<impl Iterator<Item = &SchemaField>> {
        let fields = self.types.get(of.name())?;
        Some(fields.iter().filter(|field| !field.args.iter().any(SchemaArgument::is_required)))
    }
}
