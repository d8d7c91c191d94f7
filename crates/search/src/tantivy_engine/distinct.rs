//! The best document of each value of a field.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tantivy::DocId;
use tantivy::columnar::StrColumn;
use uuid::Uuid;

use super::attribute_column::FieldValues;
use super::ranked_doc::RankedDoc;
use super::segment::IndexSegment;

/// The documents of a search by the values of a field.
pub(super) struct Groups {
    /// A label field or an attribute, by its name in the API.
    field: String,
    best: HashMap<GroupKey, RankedDoc>,
    segment: SegmentGroups,
}

/// The values of the segment whose documents are added.
#[derive(Default)]
struct SegmentGroups {
    ordinal: Option<usize>,
    /// A column that cannot be read has no values: searches of its words report that.
    values: Option<FieldValues>,
    /// The digests of the labels that were read, by ordinal.
    labels: HashMap<u64, u128>,
}

/// The value that documents of a group share.
#[derive(PartialEq, Eq, Hash)]
enum GroupKey {
    /// The digest of a label.
    Label(u128),
    /// The bits of a number or date.
    Number(u64),
    /// A document without a value, by its id.
    Alone(u128),
}

impl Groups {
    pub(super) fn by(field: &str) -> Self {
        Self { field: field.to_owned(), best: HashMap::new(), segment: SegmentGroups::default() }
    }

    /// The number of groups.
    pub(super) fn len(&self) -> usize {
        self.best.len()
    }

    /// Adds a document, which replaces the best of its group if it precedes it.
    pub(super) fn add(
        &mut self,
        mut ranked: RankedDoc,
        segment: &IndexSegment,
        precedes: impl Fn(&RankedDoc, &RankedDoc) -> bool,
    ) {
        if self.segment.ordinal != Some(ranked.segment) {
            let values = segment.values(&self.field).ok().flatten();
            self.segment = SegmentGroups { ordinal: Some(ranked.segment), values, labels: HashMap::new() };
        }
        let key = self.segment.value(ranked.doc).unwrap_or(GroupKey::Alone(ranked.key.id));
        match self.best.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(ranked);
            }
            Entry::Occupied(mut entry) => {
                let best = entry.get_mut();
                let collapsed = best.collapsed + 1;
                if precedes(&ranked, best) {
                    std::mem::swap(best, &mut ranked);
                }
                best.collapsed = collapsed;
            }
        }
    }

    /// Returns the best document of each group, in any order.
    pub(super) fn into_best(self) -> impl Iterator<Item = RankedDoc> {
        self.best.into_values()
    }
}

impl SegmentGroups {
    fn value(&mut self, doc: DocId) -> Option<GroupKey> {
        match self.values.as_ref()? {
            FieldValues::Labels(column) => label(column, doc, &mut self.labels).map(GroupKey::Label),
            FieldValues::Numbers(column) => {
                column.first(doc).map(|number| GroupKey::Number(number.to_bits()))
            }
            FieldValues::Dates(column) => column.first(doc).map(|at| GroupKey::Number(at.cast_unsigned())),
        }
    }
}

/// Returns the digest of a document's first label, which documents of other segments share.
fn label(column: &StrColumn, doc: DocId, digests: &mut HashMap<u64, u128>) -> Option<u128> {
    let ordinal = column.term_ords(doc).next()?;
    match digests.entry(ordinal) {
        Entry::Occupied(entry) => Some(*entry.get()),
        Entry::Vacant(entry) => {
            let mut text = String::new();
            column.ord_to_str(ordinal, &mut text).ok().filter(|found| *found)?;
            Some(*entry.insert(Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_u128()))
        }
    }
}
