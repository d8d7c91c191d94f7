//! The fields of the index that hold the words of fields with a weight.

use tantivy::schema::{Field, IndexRecordOption, SchemaBuilder, TextFieldIndexing, TextOptions};

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
    /// Adds the field to a schema, with the name of the tokenizer of words.
    pub(super) fn add(builder: &mut SchemaBuilder, of: WeightedField, words: &str) -> Self {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(words)
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let name = match &of {
            WeightedField::Text => format!("{PREFIX}text"),
            WeightedField::Author => format!("{PREFIX}author"),
            WeightedField::Category => format!("{PREFIX}category"),
            WeightedField::Attribute(name) => format!("{PREFIX}{ATTRIBUTE_PREFIX}{name}"),
        };
        let field = builder.add_text_field(&name, TextOptions::default().set_indexing_options(indexing));
        Self { of, field }
    }

    /// Returns the field whose terms a field of the index holds.
    pub(super) fn parse(field: &str) -> Option<WeightedField> {
        let name = field.strip_prefix(PREFIX)?;
        Some(match name {
            "text" => WeightedField::Text,
            "author" => WeightedField::Author,
            "category" => WeightedField::Category,
            name => WeightedField::Attribute(name.strip_prefix(ATTRIBUTE_PREFIX)?.to_owned()),
        })
    }
}
