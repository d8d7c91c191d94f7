//! The best document of each value of a field.

use std::collections::{BTreeMap, HashMap, btree_map, hash_map};

use super::attribute_column::{FieldValues, for_each_label};
use super::ranked_doc::RankedDoc;
use super::segment::IndexSegment;
use crate::request::SearchRequest;

/// The documents of a search by the values of a field.
pub(super) struct Groups<'r> {
    request: &'r SearchRequest,
    /// A label field or an attribute, by its name in the API.
    field: &'r str,
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

impl<'r> Groups<'r> {
    /// Groups the documents of a request; `None` if it does not collapse any.
    pub(super) fn of(request: &'r SearchRequest) -> Option<Self> {
        let field = request.distinct.as_deref()?;
        Some(Self { request, field, best: HashMap::new(), segment: SegmentGroups::default() })
    }

    /// Adds a document, which replaces the best of its group if it precedes it.
    pub(super) fn add(&mut self, ranked: RankedDoc, segment: &IndexSegment) {
        if self.segment.ordinal != Some(ranked.segment) {
            self.end_segment();
            let values = segment.values(self.field).ok().flatten();
            self.segment =
                SegmentGroups { ordinal: Some(ranked.segment), values, ..SegmentGroups::default() };
        }
        let number = match &self.segment.values {
            Some(FieldValues::Labels(column)) => {
                if let Some(label) = column.term_ords(ranked.doc).next() {
                    return match self.segment.best.entry(label) {
                        btree_map::Entry::Vacant(entry) => drop(entry.insert(ranked)),
                        btree_map::Entry::Occupied(entry) => unite(self.request, entry.into_mut(), ranked),
                    };
                }
                None
            }
            Some(FieldValues::Numbers(column)) => column.first(ranked.doc).map(f64::to_bits),
            Some(FieldValues::Dates(column)) => column.first(ranked.doc).map(i64::cast_unsigned),
            None => None,
        };
        self.add_to(number.map_or(GroupKey::Alone(ranked.key.id), GroupKey::Number), ranked);
    }

    /// Returns the best document of each group, in any order.
    pub(super) fn into_best(mut self) -> Vec<RankedDoc> {
        self.end_segment();
        self.best.into_values().collect()
    }

    /// Adds the documents of the segment that was read to those of other segments, which share labels.
    fn end_segment(&mut self) {
        let SegmentGroups { values, best, .. } = std::mem::take(&mut self.segment);
        let Some(FieldValues::Labels(column)) = values else { return };
        let (labels, mut best): (Vec<u64>, Vec<Option<RankedDoc>>) =
            best.into_iter().map(|(label, ranked)| (label, Some(ranked))).unzip();
        // A damaged dictionary leaves documents over, which are shown without a group.
        let _ = for_each_label(&column, &labels, |position, label| {
            if let Some(ranked) = best[position].take() {
                self.add_to(GroupKey::Label(label.into()), ranked);
            }
        });
        for ranked in best.into_iter().flatten() {
            self.add_to(GroupKey::Alone(ranked.key.id), ranked);
        }
    }

    fn add_to(&mut self, group: GroupKey, ranked: RankedDoc) {
        match self.best.entry(group) {
            hash_map::Entry::Vacant(entry) => drop(entry.insert(ranked)),
            hash_map::Entry::Occupied(entry) => unite(self.request, entry.into_mut(), ranked),
        }
    }
}

/// Keeps the better of two documents of a group, and counts the other one.
fn unite(request: &SearchRequest, best: &mut RankedDoc, mut other: RankedDoc) {
    let collapsed = best.collapsed + other.collapsed + 1;
    if other.key.compare(&best.key, &request.order_by, request.sort).is_lt() {
        std::mem::swap(best, &mut other);
    }
    best.collapsed = collapsed;
}
