use async_graphql::{Enum, Object};

use crate::list::List;
use quarry_config::AttributeConfig;

/// The GraphQL type of a declared attribute.
pub(crate) struct SourceAttribute(AttributeConfig);

/// An attribute of a source's documents that is indexed.
#[Object(name = "Attribute")]
impl SourceAttribute {
    /// The name in filters, facets and orders.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The JSON pointer to the value within `Document.attributes`.
    async fn pointer(&self) -> String {
        self.0.path()
    }

    /// The type of its values.
    async fn r#type(&self) -> AttributeType {
        self.0.r#type.into()
    }

    /// The uses that the source declares.
    async fn uses(&self) -> List<Vec<AttributeUse>> {
        let uses = quarry_config::AttributeUse::ALL.into_iter().filter(|usage| self.0.has(*usage));
        uses.map(AttributeUse::from).collect()
    }

    /// The weight of its words in scores, if they are searched: 0 to 10.
    async fn weight(&self) -> f64 {
        self.0.weight
    }
}

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_config::AttributeType")]
pub(crate) enum AttributeType {
    /// Text that is compared as a whole.
    String,
    /// Text that is searched by words.
    Text,
    /// A number of 64-bit floating point.
    Number,
    /// True or false.
    Boolean,
    /// A point in time.
    Date,
    /// A point on Earth.
    Geo,
}

/// A use of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_config::AttributeUse")]
pub(crate) enum AttributeUse {
    /// Its words are searched.
    Search,
    /// `DocumentFilter.attributes` restricts its values.
    Filter,
    /// `facets` counts its values.
    Facet,
    /// `orderBy` sorts by its values.
    Sort,
    /// `suggest` completes texts to its values.
    Suggest,
}

impl From<&AttributeConfig> for SourceAttribute {
    fn from(attribute: &AttributeConfig) -> Self {
        Self(attribute.clone())
    }
}
