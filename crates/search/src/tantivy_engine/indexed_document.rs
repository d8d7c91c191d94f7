//! A document as tantivy indexes it.

use tantivy::schema::{Field, OwnedValue};

/// A document to index.
///
/// `TantivyDocument` encodes every value as bytes, and tokens as JSON, only to decode them at once.
#[derive(Clone, Debug, Default)]
pub(super) struct IndexedDocument(Vec<(Field, OwnedValue)>);

impl IndexedDocument {
    pub(super) fn add(&mut self, field: Field, value: OwnedValue) {
        self.0.push((field, value));
    }
}

impl tantivy::Document for IndexedDocument {
    type Value<'a> = &'a OwnedValue;
    type FieldsValuesIter<'a> = Box<dyn Iterator<Item = (Field, &'a OwnedValue)> + 'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        Box::new(self.0.iter().map(|(field, value)| (*field, value)))
    }
}
