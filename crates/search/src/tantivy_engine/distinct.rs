//! The best document of each value of a field.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tantivy::DocId;
use tantivy::columnar::StrColumn;
use uuid::Uuid;

use super::attribute_column::AttributeColumn;
use super::ranked_doc::RankedDoc;
use super::segment::IndexSegment;

/// The documents of a search by the values of a field.
pub(super) struct Groups {
    /// A label field or an attribute, by its name in the API.
    field: String,
    best: HashMap<GroupKey, RankedDoc>,
    /// The values of the labels that were read, by segment and ordinal.
    labels: HashMap<(usize, u64), u128>,
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
        Self { field: field.to_owned(), best: HashMap::new(), labels: HashMap::new() }
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
        let key = self.key(&ranked, segment);
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

    fn key(&mut self, ranked: &RankedDoc, segment: &IndexSegment) -> GroupKey {
        self.value(ranked.segment, ranked.doc, segment).unwrap_or(GroupKey::Alone(ranked.key.id))
    }

    fn value(&mut self, ordinal: usize, doc: DocId, segment: &IndexSegment) -> Option<GroupKey> {
        let labels = match self.field.as_str() {
            "authorKey" => segment.labels("author_key").ok()??,
            field @ ("source" | "category") => segment.labels(field).ok()??,
            attribute => match segment.attribute(attribute)? {
                AttributeColumn::Labels { values, .. } => values.clone()?,
                AttributeColumn::Numbers(column) => {
                    return column.first(doc).map(|number| GroupKey::Number(number.to_bits()));
                }
                AttributeColumn::Dates(column) => {
                    return column.first(doc).map(|at| GroupKey::Number(at.cast_unsigned()));
                }
                AttributeColumn::Points(_) => return None,
            },
        };
        self.label(ordinal, &labels, doc)
    }

    fn label(&mut self, segment: usize, labels: &StrColumn, doc: DocId) -> Option<GroupKey> {
        let ordinal = labels.term_ords(doc).next()?;
        let digest = match self.labels.entry((segment, ordinal)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let mut text = String::new();
                labels.ord_to_str(ordinal, &mut text).ok().filter(|found| *found)?;
                *entry.insert(Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_u128())
            }
        };
        Some(GroupKey::Label(digest))
    }
}
