//! The weights of fields in scores.

use super::attributes::Attributes;
use quarry_config::WeightSettings;

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

impl WeightedField {
    /// Returns the name of the field in the API.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Author => "author",
            Self::Category => "category",
            Self::Attribute(name) => name,
        }
    }
}

/// The beginning of the names of fields of an index that contain their terms: `weighted_author`,
/// `weighted_attribute_brand`.
const PREFIX: &str = "weighted_";
const ATTRIBUTE_PREFIX: &str = "attribute_";

impl WeightedField {
    /// Returns the name of the field of an index that contains its terms; an attribute may have the name of another field.
    pub(crate) fn index_name(&self) -> String {
        let prefix = if matches!(self, Self::Attribute(_)) { ATTRIBUTE_PREFIX } else { "" };
        format!("{PREFIX}{prefix}{}", self.name())
    }

    /// Returns the field whose terms a field of an index contains.
    pub(crate) fn of_index(name: &str) -> Option<Self> {
        if let Some(attribute) = name.strip_prefix(PREFIX)?.strip_prefix(ATTRIBUTE_PREFIX) {
            return Some(Self::Attribute(attribute.to_owned()));
        }
        [Self::Text, Self::Author, Self::Category].into_iter().find(|of| of.index_name() == name)
    }
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
        // That of an attribute that is not searched is 0.
        let attributes = attributes
            .iter()
            .map(|(name, attribute)| (WeightedField::Attribute(name.to_owned()), attribute.weight));
        let others = fields.into_iter().chain(attributes).filter(|(_, weight)| *weight > 0.0);
        Self {
            title: single(settings.title),
            others: others.map(|(field, weight)| (field, single(weight))).collect(),
        }
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

/// Returns a weight in the precision of scores.
#[expect(clippy::cast_possible_truncation, reason = "weights are at most 10")]
fn single(weight: f64) -> f32 {
    weight as f32
}
