//! The effects of rules on the documents of a snapshot.
//!
//! Pinned and hidden documents are excluded from the evaluation of a query; the pinned ones return at their
//! positions.

use std::sync::Arc;

use foldhash::HashSet;
use tantivy::DocId;
use tantivy_common::BitSet;

use super::super::cursor::SearchCursor;
use super::super::explanation::FactorScore;
use super::super::filter::DocumentFilter;
use super::super::placement::{self, Placed, RankedHits};
use super::super::request::{FacetRequest, SearchRequest};
use super::super::rules::{AppliedRule, RuleEffects, RuleFactor, Rulebook};
use super::boosts::Boosts;
use super::facets::{FacetCounts, FacetField, SegmentFacets};
use super::filter_sets::filter_set;
use super::ranked_doc::RankedDoc;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::weights::bounded;

/// The documents that rules pin, hide, boost or bury in a search.
#[derive(Default)]
pub(super) struct Curation {
    /// Pinned documents within the filter, by position.
    pub(super) pinned: Vec<PinnedDoc>,
    /// Pinned and hidden documents.
    pub(super) excluded: HashSet<(usize, DocId)>,
    factors: Vec<SegmentFactors>,
    /// The boosts of the request.
    boosts: Boosts,
}

/// The rules of a search.
#[derive(Clone, Copy)]
pub(super) struct ActiveRules<'a> {
    pub(super) rulebook: &'a Rulebook,
    /// The effects of the rules whose conditions it meets.
    pub(super) effects: Option<&'a RuleEffects>,
    /// True if its hits are ordered by relevance: positions and factors do not apply to others.
    pub(super) by_relevance: bool,
    /// The boosts of the request.
    pub(super) boosts: &'a Boosts,
}

/// A pinned document.
#[derive(Clone, Copy, Debug)]
pub(super) struct PinnedDoc {
    position: u32,
    /// The ordinal of its segment.
    pub(super) segment: usize,
    pub(super) doc: DocId,
    /// The index of its rule among those that applied.
    pub(super) rule: usize,
}

/// A factor with its documents in each segment.
struct SegmentFactors {
    factor: f32,
    segments: Vec<Arc<BitSet>>,
    /// The index of its rule among those that applied.
    rule: usize,
}

/// The factors of the documents of one segment.
pub(super) struct ScoreFactors {
    /// Those of rules.
    sets: Vec<(f32, Arc<BitSet>)>,
    boosts: Boosts,
}

/// A document of a page.
pub(super) struct PlacedDoc {
    pub(super) segment: usize,
    pub(super) doc: DocId,
    pub(super) placement: Placement,
    pub(super) cursor: SearchCursor,
}

/// The reason for the position of a document.
pub(super) enum Placement {
    Ranked(RankedDoc),
    /// The index of the rule that pinned it.
    Pinned(usize),
}

impl Curation {
    /// Looks up the documents of rules that apply to a search with a filter.
    pub(super) fn of(
        rules: ActiveRules<'_>,
        snapshot: &IndexSnapshot,
        filter: &DocumentFilter,
        boosts: Boosts,
    ) -> tantivy::Result<Self> {
        let mut curation = Self { boosts, ..Self::default() };
        let Some(effects) = rules.effects else { return Ok(curation) };
        for document in &effects.hidden {
            curation.excluded.extend(snapshot.find(document.0.as_u128())?);
        }
        if !rules.by_relevance {
            return Ok(curation);
        }
        for (&position, pin) in &effects.pinned {
            let Some((segment, doc)) = snapshot.find(pin.document.0.as_u128())? else { continue };
            let is_within =
                filter.is_empty() || filter_set(&snapshot.segments[segment], filter)?.contains(doc);
            if is_within {
                curation.excluded.insert((segment, doc));
                curation.pinned.push(PinnedDoc { position, segment, doc, rule: pin.rule });
            }
        }
        for RuleFactor { filter, factor, rule } in &effects.factors {
            let segments = snapshot.segments.iter().map(|segment| filter_set(segment, filter));
            let segments = segments.collect::<tantivy::Result<_>>()?;
            curation.factors.push(SegmentFactors { factor: *factor, segments, rule: *rule });
        }
        Ok(curation)
    }

    /// Returns true if no score changes.
    pub(super) fn keeps_scores(&self) -> bool {
        self.factors.is_empty() && self.boosts.is_empty()
    }

    /// Returns the product of the factors of a document within its bounds, and the factors.
    pub(super) fn explain(
        &self,
        snapshot: &IndexSnapshot,
        ordinal: usize,
        doc: DocId,
        rules: &[AppliedRule],
    ) -> (f32, Vec<FactorScore>) {
        let of_rules = self.factors.iter().filter(|of| of.segments[ordinal].contains(doc));
        let of_rules = of_rules.map(|of| FactorScore {
            factor: of.factor,
            rule: rules.get(of.rule).cloned(),
            value: None,
        });
        let of_boosts = self.boosts.factors(&snapshot.segments[ordinal], doc);
        let of_boosts =
            of_boosts.map(|(value, factor)| FactorScore { factor, rule: None, value: Some(value.clone()) });
        let factors: Vec<FactorScore> = of_rules.chain(of_boosts).collect();
        (bounded(factors.iter().map(|of| of.factor)), factors)
    }

    /// Counts the values of pinned documents in facets.
    pub(super) fn count_pinned(
        &self,
        snapshot: &IndexSnapshot,
        facets: &mut FacetCounts<'_>,
        counts_field: impl Fn(&FacetRequest, &FacetField) -> bool,
    ) -> tantivy::Result<()> {
        for pinned in &self.pinned {
            let segment = &snapshot.segments[pinned.segment];
            let mut counts = SegmentFacets::open(facets, &counts_field, pinned.segment, segment)?;
            counts.count(pinned.doc);
            facets.add(counts)?;
        }
        Ok(())
    }

    /// Returns the factors of the documents of a segment, if scores change.
    pub(super) fn factors(&self, ordinal: usize) -> Option<Box<ScoreFactors>> {
        if self.keeps_scores() {
            return None;
        }
        let sets = self.factors.iter().map(|of| (of.factor, of.segments[ordinal].clone()));
        Some(Box::new(ScoreFactors { sets: sets.collect(), boosts: self.boosts.clone() }))
    }
}

impl ScoreFactors {
    /// Returns the score of a document with its factors.
    pub(super) fn apply(&self, score: f32, segment: &IndexSegment, doc: DocId) -> f32 {
        let sets = self.sets.iter().filter(|(_, set)| set.contains(doc)).map(|(factor, _)| *factor);
        let boosts = self.boosts.factors(segment, doc).map(|(_, factor)| factor);
        let factor = bounded(sets.chain(boosts));
        // Without words, all documents score 0, and factors alone order them.
        if score == 0.0 { factor - 1.0 } else { score * factor }
    }
}

/// Inserts pinned documents into a page, and returns it with true if hits follow.
pub(super) fn place(
    request: &SearchRequest,
    pinned: &[PinnedDoc],
    ranked: Vec<RankedDoc>,
    total: u64,
    after: Option<SearchCursor>,
    depth: u8,
) -> (Vec<PlacedDoc>, bool) {
    let pinned: Vec<(u32, PinnedDoc)> = pinned.iter().map(|pin| (pin.position, *pin)).collect();
    let ranked =
        RankedHits { hits: ranked.into_iter().map(|doc| (doc.key.clone(), doc)).collect(), first: 0 };
    let (page, has_next) = placement::place(request, &pinned, ranked, total, after, depth);
    let placed = page.into_iter().map(|(placed, cursor)| {
        let (segment, doc, placement) = match placed {
            Placed::Pinned(pin) => (pin.segment, pin.doc, Placement::Pinned(pin.rule)),
            Placed::Ranked(hit) => (hit.segment, hit.doc, Placement::Ranked(hit)),
        };
        PlacedDoc { segment, doc, placement, cursor }
    });
    (placed.collect(), has_next)
}
