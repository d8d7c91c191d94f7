use async_graphql::{Enum, InputObject};

use super::attribute_filter::declared;
use super::geo::GeoPoint;
use crate::failure::Failure;
use crate::scalars::OrDefault;
use quarry_config::{AttributeType, AttributeUse};
use quarry_search::{AttributeOrder, Attributes};

/// The maximum number of attributes of one order.
const MAX_ORDERS: usize = 8;

/// An order of documents by a declared attribute. Documents without a value come last in both directions.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SearchOrder {
    /// The name of the attribute, as declared in the settings of a source.
    attribute: String,
    /// The direction; of several values of a document, the first one in it counts.
    #[graphql(default)]
    direction: OrDefault<SortDirection>,
    /// The point whose distance orders attributes of type geo.
    near: Option<GeoPoint>,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::SortDirection")]
pub(crate) enum SortDirection {
    /// Smallest, earliest or nearest first.
    #[default]
    #[graphql(name = "ASC")]
    Ascending,
    /// Largest, latest or farthest first.
    #[graphql(name = "DESC")]
    Descending,
}

impl SearchOrder {
    /// Validates orders, and converts them to those of the engine.
    pub(crate) fn checked(
        orders: Option<Vec<Self>>,
        attributes: &Attributes,
    ) -> Result<Vec<AttributeOrder>, Failure> {
        let orders = orders.unwrap_or_default();
        Failure::check_count("orderBy", orders.len(), MAX_ORDERS, "attributes")?;
        orders.into_iter().enumerate().map(|(at, order)| order.checked_at(at, attributes)).collect()
    }

    fn checked_at(self, at: usize, attributes: &Attributes) -> Result<AttributeOrder, Failure> {
        let path = format!("orderBy.{at}");
        let attribute =
            declared(attributes, &format!("{path}.attribute"), &self.attribute, AttributeUse::Sort)?;
        let is_geo = attribute.kind == AttributeType::Geo;
        let near = self.near.map(|near| near.checked(&format!("{path}.near"))).transpose()?;
        if is_geo != near.is_some() {
            let problem = if is_geo {
                "is missing: attributes of type geo are ordered by the distance from a point"
            } else {
                "is for attributes of type geo: leave it out"
            };
            return Err(Failure::bad_input(format!("{path}.near"), problem));
        }
        Ok(AttributeOrder { name: self.attribute, direction: self.direction.0.into(), near })
    }
}
