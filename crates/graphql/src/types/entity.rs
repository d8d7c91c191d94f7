use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Union, Value};

use super::{Author, Document, Node, Search};
use crate::failure::Failure;
use crate::ids::NodeId;
use quarry_domain::{AuthorId, DocumentId, DocumentKey, SourceName};

/// An object with a `@key`, which other subgraphs extend.
#[derive(Union)]
#[graphql(name = "_Entity")]
pub(crate) enum Entity {
    /// An author.
    Author(Author),
    /// A document.
    Document(Document),
    /// A logged search.
    Search(Search),
}

impl Entity {
    /// The entity of a node; `None` if the type of the node has no key.
    pub(crate) fn of(node: Node) -> Option<Self> {
        match node {
            Node::Author(author) => Some(Self::Author(author)),
            Node::Document(document) => Some(Self::Document(document)),
            Node::Search(search) => Some(Self::Search(search)),
            Node::Crawl(_) => None,
        }
    }
}

/// The type of an entity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EntityType {
    Author,
    Document,
    Search,
}

/// The GraphQL type of a representation.
pub(crate) struct Representation(Value);

/// A representation of an entity: an object of `__typename` and the fields of a `@key`.
#[Scalar(name = "_Any")]
impl ScalarType for Representation {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Object(_) => Ok(Self(value)),
            _ => Err(InputValueError::custom("send an object of `__typename` and the fields of a key")),
        }
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

impl Representation {
    /// Reads the id of the entity; `None` if no entity can have these fields.
    pub(crate) fn id(&self, path: &str) -> Result<Option<NodeId>, Failure> {
        let ty = match self.text("__typename") {
            Some("Author") => EntityType::Author,
            Some("Document") => EntityType::Document,
            Some("Search") => EntityType::Search,
            _ => {
                let problem = "is not the name of an entity's type: send the one of a type with a `@key`, as \
                               `quarry schema --federation` prints them";
                return Err(Failure::bad_input(format!("{path}.__typename"), problem));
            }
        };
        if self.field("id").is_some() {
            let id = self.text("id").and_then(NodeId::parse).filter(|id| type_of(*id) == Some(ty));
            let problem = "is not an id of this type: pass it as the server returned it";
            return id.map(Some).ok_or_else(|| Failure::bad_input(format!("{path}.id"), problem));
        }
        match (ty, self.text("source"), self.text("key")) {
            (EntityType::Search, ..) => Err(Failure::bad_input(path, "has no key: send `id`")),
            (_, Some(source), Some(key)) => Ok(derived_id(ty, source, key)),
            _ => Err(Failure::bad_input(path, "has no key: send `id`, or the texts `source` and `key`")),
        }
    }

    /// A field other than null.
    fn field(&self, name: &str) -> Option<&Value> {
        let Value::Object(fields) = &self.0 else { return None };
        fields.get(name).filter(|value| **value != Value::Null)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.field(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The type of a node with a key.
fn type_of(id: NodeId) -> Option<EntityType> {
    match id {
        NodeId::Author(_) => Some(EntityType::Author),
        NodeId::Document(_) => Some(EntityType::Document),
        NodeId::Search(_) => Some(EntityType::Search),
        NodeId::Crawl(_) => None,
    }
}

/// The id of the entity with these names in an upstream; `None` if they are invalid, so that no entity has them.
fn derived_id(ty: EntityType, source: &str, key: &str) -> Option<NodeId> {
    let source = SourceName::parse(source).ok()?;
    match ty {
        EntityType::Author => Some(NodeId::Author(AuthorId::of(&source, key))),
        EntityType::Document => {
            Some(NodeId::Document(DocumentId::of(&source, &DocumentKey::parse(key).ok()?)))
        }
        EntityType::Search => None,
    }
}
