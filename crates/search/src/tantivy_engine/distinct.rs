//! The best document of each value of a field.

use std::collections::{BTreeMap, HashMap, btree_map, hash_map};

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

/// The documents of the segment that is read, by the ordinals of their labels.
#[derive(Default)]
struct SegmentGroups {
    ordinal: Option<usize>,
    /// A column that cannot be read has no values: searches of its words report that.
    values: Option<FieldValues>,
    best: BTreeMap<u64, RankedDoc>,
}

/// The value that documents of a group share.
#[derive(PartialEq, Eq, Hash)]
enum GroupKey {
    Label(Box<[u8]>),
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
        ranked: RankedDoc,
        segment: &IndexSegment,
        precedes: impl Fn(&RankedDoc, &RankedDoc) -> bool,
    ) {
        if self.segment.ordinal != Some(ranked.segment) {
            self.end_segment(&precedes);
            let values = segment.values(&self.field).ok().flatten();
            self.segment =
                SegmentGroups { ordinal: Some(ranked.segment), values, ..SegmentGroups::default() };
        }
        let number = match &self.segment.values {
            Some(FieldValues::Labels(column)) => match column.term_ords(ranked.doc).next() {
                Some(label) => {
                    return match self.segment.best.entry(label) {
                        btree_map::Entry::Vacant(entry) => drop(entry.insert(ranked)),
                        btree_map::Entry::Occupied(entry) => unite(entry.into_mut(), ranked, &precedes),
                    };
                }
                None => None,
            },
            Some(FieldValues::Numbers(column)) => column.first(ranked.doc).map(f64::to_bits),
            Some(FieldValues::Dates(column)) => column.first(ranked.doc).map(i64::cast_unsigned),
            None => None,
        };
        self.add_to(number.map_or(GroupKey::Alone(ranked.key.id), GroupKey::Number), ranked, &precedes);
    }

    /// Adds the documents of the segment that was read to those of other segments, which share labels.
    pub(super) fn end_segment(&mut self, precedes: &impl Fn(&RankedDoc, &RankedDoc) -> bool) {
        let SegmentGroups { values, best, .. } = std::mem::take(&mut self.segment);
        let Some(FieldValues::Labels(column)) = values else { return };
        let (labels, mut best): (Vec<u64>, Vec<Option<RankedDoc>>) =
            best.into_iter().map(|(label, ranked)| (label, Some(ranked))).unzip();
        let mut at = best.iter_mut();
        // In order: to look each label up would decompress a block for each.
        let read = column.dictionary().sorted_ords_to_term_cb(&labels, |label| {
            if let Some(ranked) = at.next().and_then(Option::take) {
                self.add_to(GroupKey::Label(label.into()), ranked, precedes);
            }
        });
        // A damaged dictionary leaves documents over, which are shown without a group.
        if read.is_err() {
            for ranked in best.into_iter().flatten() {
                self.add_to(GroupKey::Alone(ranked.key.id), ranked, precedes);
            }
        }
    }

    fn add_to(
        &mut self,
        group: GroupKey,
        ranked: RankedDoc,
        precedes: &impl Fn(&RankedDoc, &RankedDoc) -> bool,
    ) {
        match self.best.entry(group) {
            hash_map::Entry::Vacant(entry) => drop(entry.insert(ranked)),
            hash_map::Entry::Occupied(entry) => unite(entry.into_mut(), ranked, precedes),
        }
    }

    /// Returns the best document of each group, in any order.
    pub(super) fn into_best(self) -> impl Iterator<Item = RankedDoc> {
        self.best.into_values()
    }
}

/// Keeps the better of two documents of a group, and counts the other one.
fn unite(best: &mut RankedDoc, mut other: RankedDoc, precedes: &impl Fn(&RankedDoc, &RankedDoc) -> bool) {
    let collapsed = best.collapsed + other.collapsed + 1;
    if precedes(&other, best) {
        std::mem::swap(best, &mut other);
    }
    best.collapsed = collapsed;
}
