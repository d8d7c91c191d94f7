//! The weights of fields in scores.

use super::attributes::Attributes;
use quarry_config::{AttributeUse, WeightSettings};

/// The weights of fields in scores. A match in a field adds in proportion to its weight.
///
/// They are those of the index, not of a source: a search ranks the documents of all sources in one list.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldWeights {
    /// The weight of titles.
    pub title: f32,
    /// Those of other fields that have one.
    others: Vec<(WeightedField, f32)>,
}

/// A field besides the title whose matches may add to scores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WeightedField {
    Text,
    Author,
    Category,
    /// An attribute by its name.
    Attribute(String),
}

impl Default for FieldWeights {
    fn default() -> Self {
        Self { title: 1.0, others: Vec::new() }
    }
}

impl FieldWeights {
    /// Collects the weights of settings and of declared attributes.
    pub fn of(settings: &WeightSettings, attributes: &Attributes) -> Self {
        let fields = [
            (WeightedField::Text, settings.text),
            (WeightedField::Author, settings.author),
            (WeightedField::Category, settings.category),
        ];
        let searched = attributes.iter().filter(|(_, attribute)| attribute.has(AttributeUse::Search));
        let attributes =
            searched.map(|(name, attribute)| (WeightedField::Attribute(name.to_owned()), attribute.weight));
        #[expect(clippy::cast_possible_truncation, reason = "weights are at most 10")]
        let others = fields.into_iter().chain(attributes).map(|(field, weight)| (field, weight as f32));
        #[expect(clippy::cast_possible_truncation, reason = "weights are at most 10")]
        let title = settings.title as f32;
        Self { title, others: others.filter(|(_, weight)| *weight > 0.0).collect() }
    }

    /// Returns the fields besides the title that have a weight.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &WeightedField> {
        self.others.iter().map(|(field, _)| field)
    }

    /// Returns the weight of a field.
    pub(crate) fn weight(&self, field: &WeightedField) -> f32 {
        self.others.iter().find(|(known, _)| known == field).map_or(0.0, |(_, weight)| *weight)
    }
}
