//! The fields of a declared attribute in the index, and its values in a document.

use tantivy::schema::{
    FAST, Field, IndexRecordOption, OwnedValue, SchemaBuilder, TextFieldIndexing, TextOptions,
};

use super::indexed_document::IndexedDocument;
use crate::attribute_values::AttributeValues;
use quarry_config::AttributeType;

/// The beginning of the fields of attributes: `attribute_number_price`.
const PREFIX: &str = "attribute_";
/// The same of the second field of a point.
const LONGITUDE_PREFIX: &str = "longitude_";

/// The kind of columns that hold an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Label,
    Number,
    /// Microseconds since 1970.
    Date,
    /// Latitude and longitude.
    Point,
}

impl ColumnKind {
    pub(super) fn of(kind: AttributeType) -> Self {
        match kind {
            AttributeType::String | AttributeType::Text | AttributeType::Boolean => Self::Label,
            AttributeType::Number => Self::Number,
            AttributeType::Date => Self::Date,
            AttributeType::Geo => Self::Point,
        }
    }

    const ALL: [Self; 4] = [Self::Label, Self::Number, Self::Date, Self::Point];

    fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Number => "number",
            Self::Date => "date",
            Self::Point => "point",
        }
    }
}

/// An attribute in the index.
#[derive(Clone, Debug)]
pub(super) struct AttributeField {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
    pub(super) field: Field,
    /// The longitudes of points, in the order of their latitudes.
    longitude: Option<Field>,
}

impl AttributeField {
    /// Adds the fields of an attribute to a schema.
    pub(super) fn add(builder: &mut SchemaBuilder, name: String, kind: ColumnKind) -> Self {
        let field = column_name(&name, kind);
        let field = match kind {
            ColumnKind::Label => {
                let indexing = TextFieldIndexing::default()
                    .set_tokenizer("raw")
                    .set_index_option(IndexRecordOption::Basic)
                    .set_fieldnorms(false);
                let options = TextOptions::default().set_indexing_options(indexing).set_fast("raw");
                builder.add_text_field(&field, options)
            }
            ColumnKind::Number | ColumnKind::Point => builder.add_f64_field(&field, FAST),
            ColumnKind::Date => builder.add_i64_field(&field, FAST),
        };
        let longitude =
            (kind == ColumnKind::Point).then(|| builder.add_f64_field(&longitude_column_name(&name), FAST));
        Self { name, kind, field, longitude }
    }

    /// Returns name and kind of the attribute whose first field this is.
    pub(super) fn parse(field: &str) -> Option<(String, ColumnKind)> {
        let (kind, name) = field.strip_prefix(PREFIX)?.split_once('_')?;
        let kind = ColumnKind::ALL.into_iter().find(|known| known.name() == kind)?;
        Some((name.to_owned(), kind))
    }

    /// Adds the values of a document.
    pub(super) fn add_values(&self, indexed: &mut IndexedDocument, values: &AttributeValues) {
        match values {
            AttributeValues::Labels(labels) => {
                for label in different(labels) {
                    indexed.add(self.field, OwnedValue::Str(label.clone()));
                }
            }
            AttributeValues::Numbers(numbers) => {
                for number in different(numbers) {
                    indexed.add(self.field, OwnedValue::F64(*number));
                }
            }
            AttributeValues::Dates(dates) => {
                for date in different(dates) {
                    indexed.add(self.field, OwnedValue::I64(date.timestamp_micros()));
                }
            }
            AttributeValues::Points(points) => {
                for point in points {
                    indexed.add(self.field, OwnedValue::F64(point.latitude.0));
                    if let Some(longitude) = self.longitude {
                        indexed.add(longitude, OwnedValue::F64(point.longitude.0));
                    }
                }
            }
        }
    }
}

/// Returns each value once: a document counts once for each of its values.
fn different<T: PartialEq>(values: &[T]) -> impl Iterator<Item = &T> {
    values.iter().enumerate().filter(|(at, value)| !values[..*at].contains(value)).map(|(_, value)| value)
}

/// Returns the name of the attribute's column, that of the latitudes of points.
pub(super) fn column_name(name: &str, kind: ColumnKind) -> String {
    format!("{PREFIX}{}_{name}", kind.name())
}

/// Returns the name of the column of longitudes.
pub(super) fn longitude_column_name(name: &str) -> String {
    format!("{LONGITUDE_PREFIX}{name}")
}
