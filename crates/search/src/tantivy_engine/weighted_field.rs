//! The fields of the index that hold the words of fields with a weight.

use tantivy::schema::{Field, SchemaBuilder, TextOptions};

use crate::field_weights::WeightedField;

/// The beginning of their names: `weighted_author`, `weighted_attribute_brand`.
const PREFIX: &str = "weighted_";
const ATTRIBUTE_PREFIX: &str = "attribute_";

/// A field with the terms of a field that has a weight.
#[derive(Clone, Debug)]
pub(super) struct WeightedTerms {
    pub(super) of: WeightedField,
    pub(super) field: Field,
}

impl WeightedTerms {
    /// Adds the field to a schema.
    pub(super) fn add(builder: &mut SchemaBuilder, of: WeightedField, options: TextOptions) -> Self {
        let field = builder.add_text_field(&name(&of), options);
        Self { of, field }
    }

    /// Returns the field whose terms a field of the index holds.
    pub(super) fn parse(field: &str) -> Option<WeightedField> {
        if let Some(attribute) = field.strip_prefix(PREFIX)?.strip_prefix(ATTRIBUTE_PREFIX) {
            return Some(WeightedField::Attribute(attribute.to_owned()));
        }
        let own = [WeightedField::Text, WeightedField::Author, WeightedField::Category];
        own.into_iter().find(|of| name(of) == field)
    }
}

/// Returns the name of the field of the index; an attribute may have the name of another field.
fn name(of: &WeightedField) -> String {
    let prefix = if matches!(of, WeightedField::Attribute(_)) { ATTRIBUTE_PREFIX } else { "" };
    format!("{PREFIX}{prefix}{}", of.name())
}
