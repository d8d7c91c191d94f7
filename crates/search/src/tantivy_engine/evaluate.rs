//! The evaluation of a query: counts all matches, and collects the best.
//!
//! `SegmentScan` visits each match of each segment, and answers every kind of request. Requests without
//! filter, exclusion, facets and cursor take a shorter path where one applies: `single` or `frequent`.

use std::collections::BTreeSet;

use tantivy::query::Scorer;
use tantivy::{DocSet, TERMINATED};

use super::super::cursor::{SearchCursor, SortKey};
use super::super::engine::{Facet, SearchError};
use super::super::highlight::Highlighter;
use super::super::query::ParsedQuery;
use super::super::request::{MatchPolicy, SearchRequest, SearchSort};
use super::facets::{FacetCounts, SegmentFacets};
use super::failure::search_error;
use super::frequent::collect_frequent;
use super::plan::{Planner, QueryPlan, UnitPlan};
use super::scan::{Clause, SegmentScan};
use super::schema::Fields;
use super::scorers::UnitScorer;
use super::single::collect_single;
use super::snapshot::IndexSnapshot;
use super::top_docs::{RankedDoc, TopDocsCollector};
use quarry_config::Language;

/// The result of a query.
pub(super) struct Matches {
    pub(super) total: u64,
    /// The requested page, and the next document if there is one.
    pub(super) top_docs: Vec<RankedDoc>,
    pub(super) facets: Vec<Facet>,
    pub(super) relaxed: bool,
    pub(super) highlighter: Highlighter,
}

/// Evaluates a request; relaxes it to any of its words if no document contains all.
pub(super) fn evaluate(
    snapshot: &IndexSnapshot,
    fields: &Fields,
    languages: &BTreeSet<Language>,
    request: &SearchRequest,
) -> Result<Matches, SearchError> {
    let query = ParsedQuery::parse(&request.query);
    let cursor = match &request.after {
        Some(text) => Some(SearchCursor::decode(text, request.sort).ok_or(SearchError::InvalidCursor)?),
        None => None,
    };
    let mut highlighter = Highlighter::default();
    let planner = Planner { snapshot, fields, languages };
    let plan = planner.plan(&query, request, &mut highlighter).map_err(search_error)?;
    // A page continues the answer that its cursor comes from.
    let mut relaxed = cursor.is_some_and(|cursor| cursor.relaxed);
    let any = request.match_policy == MatchPolicy::Any || relaxed;
    let mut evaluation =
        Evaluation { plan: &plan, snapshot, request, any, after: cursor.map(|cursor| cursor.key) };
    let mut collected = evaluation.run().map_err(search_error)?;
    let may_relax = request.relaxes && !any && cursor.is_none() && plan.included.len() > 1;
    if collected.total == 0 && may_relax {
        evaluation.any = true;
        collected = evaluation.run().map_err(search_error)?;
        relaxed = collected.total > 0;
    }
    let Collected { total, top_docs, facets } = collected;
    Ok(Matches { total, top_docs, facets, relaxed, highlighter })
}

/// One evaluation of a plan.
struct Evaluation<'a> {
    plan: &'a QueryPlan,
    snapshot: &'a IndexSnapshot,
    request: &'a SearchRequest,
    /// True if one of the units suffices.
    any: bool,
    after: Option<SortKey>,
}

/// The documents of one evaluation.
struct Collected {
    total: u64,
    top_docs: Vec<RankedDoc>,
    facets: Vec<Facet>,
}

impl Evaluation<'_> {
    fn run(&self) -> tantivy::Result<Collected> {
        let request = self.request;
        let after = self.after.map(|key| self.current_key(key)).transpose()?;
        let mut collector = TopDocsCollector::new(request.sort, request.first.saturating_add(1), after);
        let mut facets = request.facets.then(FacetCounts::default);
        let allows_fast_paths = self.allows_fast_paths();
        let single = if allows_fast_paths {
            collect_single(&self.plan.included, self.snapshot, &mut collector)?
        } else {
            None
        };
        let total = match single {
            Some(total) => total,
            None => (0..self.snapshot.segments.len())
                .map(|ordinal| {
                    self.collect_segment(ordinal, allows_fast_paths, &mut collector, facets.as_mut())
                })
                .sum::<tantivy::Result<u64>>()?,
        };
        let facets = facets.map(FacetCounts::into_facets).unwrap_or_default();
        Ok(Collected { total, top_docs: collector.into_docs(), facets })
    }

    /// Returns true if the result depends on the included units only, newest first among equals.
    fn allows_fast_paths(&self) -> bool {
        self.plan.excluded.is_empty()
            && self.after.is_none()
            && !self.request.facets
            && self.request.sort != SearchSort::Oldest
            && self.request.filter.is_empty()
    }

    /// Collects and counts the matching documents of a segment.
    fn collect_segment(
        &self,
        ordinal: usize,
        allows_fast_paths: bool,
        collector: &mut TopDocsCollector,
        facets: Option<&mut FacetCounts>,
    ) -> tantivy::Result<u64> {
        let segment = &self.snapshot.segments[ordinal];
        let mut units = self.scorers(&self.plan.included, ordinal)?;
        if allows_fast_paths
            && !self.any
            && let Some(total) =
                collect_frequent(&mut units, self.snapshot.documents, ordinal, segment, collector)
        {
            return Ok(total);
        }
        let mut scan = self.scan(ordinal, units)?;
        let mut counts = if facets.is_some() { Some(SegmentFacets::open(segment)?) } else { None };
        let mut total = 0;
        while scan.doc() != TERMINATED {
            total += 1;
            if let Some(counts) = &mut counts {
                counts.count(scan.doc());
            }
            let score = if collector.requires_scores() { scan.score() } else { 0.0 };
            collector.collect(score, ordinal, scan.doc(), segment);
            scan.advance();
        }
        if let (Some(facets), Some(counts)) = (facets, counts) {
            facets.add(counts)?;
        }
        Ok(total)
    }

    /// Returns the present sort key of a cursor's document.
    ///
    /// Scores change with every commit, so that of a document that still matches is computed again.
    fn current_key(&self, key: SortKey) -> tantivy::Result<SortKey> {
        if self.request.sort != SearchSort::Relevance {
            return Ok(key);
        }
        let Some((ordinal, doc)) = self.snapshot.find(key.id)? else { return Ok(key) };
        let mut scan = self.scan(ordinal, self.scorers(&self.plan.included, ordinal)?)?;
        if scan.seek(doc) != doc {
            return Ok(key);
        }
        let published_at = self.snapshot.segments[ordinal].published_at(doc);
        Ok(SortKey { score: scan.score(), published_at, id: key.id })
    }

    fn scorers(&self, units: &[UnitPlan], ordinal: usize) -> tantivy::Result<Vec<UnitScorer>> {
        units.iter().map(|unit| unit.scorer(self.snapshot, ordinal)).collect()
    }

    fn scan(&self, ordinal: usize, units: Vec<UnitScorer>) -> tantivy::Result<SegmentScan> {
        let segment = self.snapshot.segments[ordinal].clone();
        let excluded = self.scorers(&self.plan.excluded, ordinal)?;
        SegmentScan::new(segment, Clause::of_units(units, self.any), excluded, &self.request.filter)
    }
}
