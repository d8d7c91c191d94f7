//! The fields of the index that hold the words of fields with a weight.

use tantivy::schema::{Field, SchemaBuilder, TextOptions};

use crate::field_weights::WeightedField;

/// A field with the terms of a field that has a weight.
#[derive(Clone, Debug)]
pub(super) struct WeightedTerms {
    pub(super) of: WeightedField,
    pub(super) field: Field,
}

impl WeightedTerms {
    /// Adds the field to a schema.
    pub(super) fn add(builder: &mut SchemaBuilder, of: WeightedField, options: TextOptions) -> Self {
        let field = builder.add_text_field(&of.index_name(), options);
        Self { of, field }
    }
}
