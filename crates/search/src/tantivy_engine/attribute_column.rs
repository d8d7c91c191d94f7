//! The values of a declared attribute in a segment, and the documents that meet a condition of them.

use std::sync::Arc;

use tantivy::columnar::{Column, StrColumn};
use tantivy::index::SegmentReader;
use tantivy::{DocId, InvertedIndexReader};
use tantivy_common::BitSet;

use super::attribute_field::{AttributeField, ColumnKind, column_name, longitude_column_name};
use super::bit_sets::union;
use crate::attributes::Point;
use crate::filter::AttributeTest;

/// An attribute of a segment, with its columns open.
pub(super) enum AttributeColumn {
    Labels {
        /// `None` if no document has a value.
        values: Option<StrColumn>,
        terms: Arc<InvertedIndexReader>,
    },
    Numbers(Column<f64>),
    /// Microseconds since 1970.
    Dates(Column<i64>),
    Points(PointColumn),
}

/// The values of a field whose documents can be told apart by them.
pub(super) enum FieldValues {
    Labels(StrColumn),
    Numbers(Column<f64>),
    /// Microseconds since 1970.
    Dates(Column<i64>),
}

/// Points, as columns of the same length.
pub(super) struct PointColumn {
    latitudes: Column<f64>,
    longitudes: Column<f64>,
}

impl PointColumn {
    /// Returns the points of a document.
    pub(super) fn points(&self, doc: DocId) -> impl Iterator<Item = Point> + '_ {
        let degrees = self.latitudes.values_for_doc(doc).zip(self.longitudes.values_for_doc(doc));
        degrees.filter_map(|(latitude, longitude)| Point::new(latitude, longitude))
    }
}

impl AttributeColumn {
    pub(super) fn open(reader: &SegmentReader, field: &AttributeField) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        let name = column_name(&field.name, field.kind);
        let numbers = |name: &str| -> tantivy::Result<Column<f64>> {
            let empty = || Column::build_empty_column(reader.max_doc());
            Ok(columns.column_opt(name)?.unwrap_or_else(empty))
        };
        Ok(match field.kind {
            ColumnKind::Label => {
                Self::Labels { values: columns.str(&name)?, terms: reader.inverted_index(field.field)? }
            }
            ColumnKind::Number => Self::Numbers(numbers(&name)?),
            ColumnKind::Date => {
                let empty = || Column::build_empty_column(reader.max_doc());
                Self::Dates(columns.column_opt(&name)?.unwrap_or_else(empty))
            }
            ColumnKind::Point => Self::Points(PointColumn {
                latitudes: numbers(&name)?,
                longitudes: numbers(&longitude_column_name(&field.name))?,
            }),
        })
    }

    /// Returns the values; `None` for points, and if no document has a label.
    pub(super) fn values(&self) -> Option<FieldValues> {
        match self {
            Self::Labels { values, .. } => values.clone().map(FieldValues::Labels),
            Self::Numbers(column) => Some(FieldValues::Numbers(column.clone())),
            Self::Dates(column) => Some(FieldValues::Dates(column.clone())),
            Self::Points(_) => None,
        }
    }

    /// Returns the documents with a value that meets a test, deleted ones included.
    ///
    /// A test of another type finds nothing: the API checks types.
    pub(super) fn documents(&self, test: &AttributeTest, max_doc: DocId) -> tantivy::Result<BitSet> {
        let mut found = Found { set: BitSet::with_max_value(max_doc), docs: Vec::new() };
        match (self, test) {
            (Self::Labels { terms, .. }, AttributeTest::Labels(labels)) => {
                let mut infos = Vec::with_capacity(labels.len());
                for label in labels {
                    infos.extend(terms.terms().get(label)?);
                }
                return union(&infos, terms, max_doc);
            }
            (Self::Numbers(column), AttributeTest::Numbers(ranges)) => {
                for range in ranges {
                    found.add_range(column, range.from.0..=range.to.0);
                }
            }
            (Self::Dates(column), AttributeTest::Dates(ranges)) => {
                for range in ranges {
                    found.add_range(column, range.from..=range.to);
                }
            }
            (_, AttributeTest::Exists(true)) => self.add_existing(&mut found),
            (_, AttributeTest::Exists(false)) => {
                self.add_existing(&mut found);
                return Ok(complement(&found.set, max_doc));
            }
            (Self::Points(points), AttributeTest::Near { center, meters, within }) => {
                let (south, north) = center.latitudes_within(meters.0);
                found.add_points(points, (south, north), |point| {
                    center.meters_to(point) <= meters.0 && within.is_none_or(|area| area.contains(point))
                });
            }
            (Self::Points(points), AttributeTest::Within(area)) => {
                let latitudes = (area.south_west.latitude.0, area.north_east.latitude.0);
                found.add_points(points, latitudes, |point| area.contains(point));
            }
            _ => {}
        }
        Ok(found.set)
    }

    fn add_existing(&self, found: &mut Found) {
        match self {
            Self::Labels { values: None, .. } => {}
            Self::Labels { values: Some(values), .. } => found.add_range(values.ords(), 0..=u64::MAX),
            Self::Numbers(column) | Self::Points(PointColumn { latitudes: column, .. }) => {
                found.add_range(column, f64::NEG_INFINITY..=f64::INFINITY);
            }
            Self::Dates(column) => found.add_range(column, i64::MIN..=i64::MAX),
        }
    }
}

/// The documents that were found.
struct Found {
    set: BitSet,
    docs: Vec<DocId>,
}

impl Found {
    fn add_range<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static>(
        &mut self,
        column: &Column<T>,
        range: std::ops::RangeInclusive<T>,
    ) {
        self.list(column, range);
        for &doc in &self.docs {
            self.set.insert(doc);
        }
    }

    /// Lists the documents with a value within a range.
    fn list<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static>(
        &mut self,
        column: &Column<T>,
        range: std::ops::RangeInclusive<T>,
    ) {
        self.docs.clear();
        // Bit-packed columns clamp a range below their values to the least one.
        if *range.end() >= column.min_value() && *range.start() <= column.max_value() {
            column.get_docids_for_value_range(range, 0..self.set.max_value(), &mut self.docs);
        }
    }

    /// Adds the documents with a point between two latitudes that fits.
    fn add_points(&mut self, points: &PointColumn, (south, north): (f64, f64), fits: impl Fn(Point) -> bool) {
        self.list(&points.latitudes, south..=north);
        for &doc in &self.docs {
            if points.points(doc).any(&fits) {
                self.set.insert(doc);
            }
        }
    }
}

/// Calls `visit` with each label of ascending ordinals and its position among them.
///
/// In order: to look each up by itself would decompress a block for each.
pub(super) fn for_each_label(
    column: &StrColumn,
    ordinals: &[u64],
    mut visit: impl FnMut(usize, &[u8]),
) -> tantivy::Result<()> {
    let mut positions = 0..;
    column.dictionary().sorted_ords_to_term_cb(ordinals, |label| {
        if let Some(position) = positions.next() {
            visit(position, label);
        }
    })?;
    Ok(())
}

/// Returns the documents outside a set.
pub(super) fn complement(set: &BitSet, max_doc: DocId) -> BitSet {
    let mut others = BitSet::with_max_value(max_doc);
    for doc in (0..max_doc).filter(|doc| !set.contains(*doc)) {
        others.insert(doc);
    }
    others
}
