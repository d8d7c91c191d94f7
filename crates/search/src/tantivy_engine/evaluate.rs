//! The evaluation of a query: counts all matches of its tiers, and collects the best.
//!
//! `SegmentScan` visits each match of each segment, and answers every kind of request. Requests without
//! filter, exclusion, facets and cursor take a shorter path where one applies: `single` or `frequent`.

use std::sync::Arc;

use chrono::Utc;
use foldhash::HashSet;
use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, TERMINATED};

use super::super::cursor::{SearchCursor, SortKey};
use super::super::engine::{Facet, SearchError};
use super::super::query::ParsedQuery;
use super::super::request::{FacetRequest, SearchRequest, SearchSort};
use super::super::rules::{RuleEffects, Rulebook};
use super::boosts::Boosts;
use super::candidates::Candidates;
use super::clause::Clause;
use super::curation::{ActiveRules, Curation};
use super::facets::{FacetCounts, FacetField, SegmentFacets};
use super::failure::search_error;
use super::frequent::{Bonuses, are_frequent, collect_frequent};
use super::orders::Orders;
use super::plan::{SnapshotPlan, SnapshotPlanner, planner};
use super::proximity::ProximityScorer;
use super::ranked_doc::RankedDoc;
use super::scan::SegmentScan;
use super::schema::Fields;
use super::scorers::UnitScorer;
use super::single::collect_single;
use super::snapshot::IndexSnapshot;
use super::tiers::{RequiredUnits, Tier, TypoUse, tiers};
use super::top_docs::TopDocsCollector;
use crate::popularity::Popularity;
use quarry_domain::MatchTier;

/// The result of a query.
pub(super) struct Matches {
    pub(super) total: u64,
    /// The requested page, and the next document if there is one.
    pub(super) top_docs: Vec<RankedDoc>,
    /// For each facet request, one facet per field.
    pub(super) facets: Vec<Vec<Facet>>,
    /// The tiers that may have been used, as many as `depth`.
    pub(super) tiers: Vec<Tier>,
    pub(super) depth: u8,
    /// The last tier that found documents.
    pub(super) tier: MatchTier,
    pub(super) plan: SnapshotPlan,
    /// Has the pinned documents, which `total` includes, but not `top_docs`.
    pub(super) curation: Curation,
    /// For each tier, if scores are explained, whether it permits typos of each unit.
    pub(super) typos: Vec<Vec<bool>>,
    pub(super) effects: Option<RuleEffects>,
    /// The cursor before the page.
    pub(super) after: Option<SearchCursor>,
}

/// Evaluates a request, tier after tier until enough documents match.
pub(super) fn evaluate(
    snapshot: &IndexSnapshot,
    fields: &Fields,
    rulebook: &Rulebook,
    popularity: &Arc<Popularity>,
    request: &SearchRequest,
    sufficient: u64,
) -> Result<Matches, SearchError> {
    let query = ParsedQuery::parse(&request.query);
    let decode = |text: &String| SearchCursor::decode(text, request).ok_or(SearchError::InvalidCursor);
    let cursor = request.after.as_ref().map(decode).transpose()?;
    let effects = rulebook.rules.effects(&query, &request.filter, Utc::now);
    let mut facets = FacetCounts::new(&request.facets);
    // The tiers of a page are decided already.
    let sufficient = if cursor.is_some() { u64::MAX } else { sufficient };
    let by_relevance = request.sort == SearchSort::Relevance && request.order_by.is_empty();
    let boosts = &Boosts::of(&request.boosts, popularity);
    let rules = ActiveRules { rulebook, effects: effects.as_ref(), by_relevance, boosts };
    let mut matches = Evaluation::begin_with(snapshot, fields, rules, &query, request, None, sufficient)
        .and_then(|evaluation| {
            let through = cursor.as_ref().map(|cursor| cursor.depth);
            evaluation.run(cursor, through, &mut facets)
        })
        .map_err(search_error)?;
    for lifted in FacetField::lifted(&request.facets, &request.filter) {
        let Some(filter) = lifted.lifted_from(&request.filter) else { continue };
        let wider = request.for_counts(filter);
        // The same tiers, so that the counts of the filter's own values are those of the search.
        Evaluation::begin_with(snapshot, fields, rules, &query, &wider, Some(lifted), u64::MAX)
            .and_then(|evaluation| evaluation.run(None, Some(matches.depth), &mut facets))
            .map_err(search_error)?;
    }
    matches.effects = effects;
    matches.facets = facets.into_facets(snapshot)?;
    Ok(matches)
}

/// The evaluation of a plan.
struct Evaluation<'a> {
    planner: SnapshotPlanner<'a>,
    plan: SnapshotPlan,
    snapshot: &'a IndexSnapshot,
    request: &'a SearchRequest,
    /// The number of documents from which on no further tier is used; that of a page is decided already.
    sufficient: u64,
    /// The documents of earlier tiers: few, unless the index has changed since the first page.
    seen: HashSet<(usize, DocId)>,
    /// For each unit whether the present tier permits typos.
    units: Vec<bool>,
    /// The field whose filter is lifted to count its other values.
    lifted: Option<FacetField>,
    curation: Curation,
}

impl<'a> Evaluation<'a> {
    fn begin_with(
        snapshot: &'a IndexSnapshot,
        fields: &'a Fields,
        rules: ActiveRules<'a>,
        query: &ParsedQuery,
        request: &'a SearchRequest,
        lifted: Option<FacetField>,
        sufficient: u64,
    ) -> tantivy::Result<Self> {
        let (rulebook, filter) = (rules.rulebook, &request.filter);
        let planner = planner(snapshot, fields, rulebook, filter, request.highlights);
        let plan = planner.plan(query, request)?;
        let boosts = if rules.by_relevance { rules.boosts.clone() } else { Boosts::default() };
        let curation = Curation::of(rules, snapshot, filter, boosts)?;
        Ok(Self {
            planner,
            plan,
            snapshot,
            request,
            sufficient,
            seen: curation.excluded.clone(),
            units: Vec::new(),
            lifted,
            curation,
        })
    }

    /// Evaluates the tiers through a depth, or until enough documents match.
    fn run(
        mut self,
        cursor: Option<SearchCursor>,
        through: Option<u8>,
        facets: &mut FacetCounts<'_>,
    ) -> tantivy::Result<Matches> {
        let request = self.request;
        let tiers = tiers(request, &self.plan);
        let after = cursor.as_ref().map(|cursor| self.current_key(&tiers, cursor)).transpose()?;
        let mut collector = TopDocsCollector::new(request, after);
        // Pinned documents count as matches of the first tier.
        let pinned = self.curation.pinned.len() as u64;
        let (mut total, mut depth, mut typos) = (pinned, 0, Vec::new());
        let mut kind = tiers.first().map_or(MatchTier::AllWords, |tier| tier.kind);
        for (at, &tier) in tiers.iter().enumerate() {
            // A page continues the answer that its cursor comes from.
            let is_used = match through {
                Some(through) => tier.rank <= through,
                None => at == 0 || total < self.sufficient,
            };
            if !is_used {
                break;
            }
            self.begin(tier)?;
            typos.extend(request.explain.then(|| self.units.clone()));
            collector.begin_tier(tier.rank);
            let is_last = at + 1 == tiers.len();
            let found = self.collect(tier, is_last, &mut collector, facets)?;
            total += found;
            depth = tier.rank;
            if found > 0 {
                kind = tier.kind;
            }
        }
        let counts_field = |wanted: &FacetRequest, field: &FacetField| self.counts_field(wanted, field);
        self.curation.count_pinned(self.snapshot, facets, counts_field)?;
        let (top_docs, groups) = collector.into_docs();
        Ok(Matches {
            total: pinned + groups.unwrap_or(total - pinned),
            top_docs,
            facets: Vec::new(),
            tiers,
            depth,
            tier: kind,
            plan: self.plan,
            curation: self.curation,
            typos,
            effects: None,
            after: cursor,
        })
    }

    /// Looks up the typos that a tier permits.
    fn begin(&mut self, tier: Tier) -> tantivy::Result<()> {
        self.units = vec![false; self.plan.included.len()];
        for at in 0..self.units.len() {
            let uses_typos = match tier.typos {
                TypoUse::None => false,
                TypoUse::All => tier.required.includes(&self.plan.included[at]),
                TypoUse::Unknown => !self.is_known(at)?,
            };
            if uses_typos {
                self.planner.add_typos(&mut self.plan, at)?;
                self.units[at] = true;
            }
        }
        Ok(())
    }

    /// Returns true if a document within the filter contains a unit as it was typed.
    fn is_known(&self, unit: usize) -> tantivy::Result<bool> {
        for ordinal in 0..self.snapshot.segments.len() {
            let plan = &self.plan.included[unit].plan;
            let scorer = plan.scorer(self.snapshot, ordinal, RequiredUnits::All, false)?;
            let segment = self.snapshot.segments[ordinal].clone();
            let scan =
                SegmentScan::new(segment, Clause::all(vec![scorer]), Vec::new(), &self.request.filter)?;
            if scan.doc() != TERMINATED {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Collects and counts the documents of a tier.
    fn collect(
        &mut self,
        tier: Tier,
        is_last: bool,
        collector: &mut TopDocsCollector<'_>,
        facets: &mut FacetCounts<'_>,
    ) -> tantivy::Result<u64> {
        if self.allows_fast_paths()
            && let Some(total) = collect_single(&self.plan, &self.units, self.snapshot, collector)?
        {
            if total > 0 && total < self.sufficient && !is_last {
                self.see_all(tier)?;
            }
            return Ok(total);
        }
        let mut total = 0;
        let mut seen = Vec::new();
        for ordinal in 0..self.snapshot.segments.len() {
            let visited = if is_last { None } else { Some(&mut seen) };
            total += self.collect_segment(tier, ordinal, collector, facets, visited)?;
        }
        self.seen.extend(seen);
        Ok(total)
    }

    /// Returns true if the result depends on the included units only, newest first among equals.
    fn allows_fast_paths(&self) -> bool {
        self.plan.excluded.is_empty()
            && self.request.after.is_none()
            && self.seen.is_empty()
            && self.curation.keeps_scores()
            && self.request.facets.is_empty()
            && self.request.sort != SearchSort::Oldest
            && self.request.order_by.is_empty()
            && self.request.offset == 0
            && self.request.distinct.is_none()
            && self.request.filter.is_empty()
    }

    /// Collects and counts the matching documents of a segment.
    fn collect_segment(
        &self,
        tier: Tier,
        ordinal: usize,
        collector: &mut TopDocsCollector<'_>,
        facets: &mut FacetCounts<'_>,
        mut visited: Option<&mut Vec<(usize, DocId)>>,
    ) -> tantivy::Result<u64> {
        let segment = &self.snapshot.segments[ordinal];
        let mut proximity = if collector.requires_scores() { self.proximity(ordinal, tier)? } else { None };
        let mut units = self.scorers(tier, ordinal)?;
        let requires_all = tier.required == RequiredUnits::All;
        if requires_all && self.allows_fast_paths() && are_frequent(&units, self.snapshot.documents) {
            let bonuses = Bonuses { whole: &self.plan.wholes[ordinal], proximity: proximity.as_mut() };
            if let Some(total) = collect_frequent(&mut units, bonuses, ordinal, segment, collector)? {
                if total > 0 && total < self.sufficient {
                    self.visit(tier, ordinal, visited)?;
                }
                return Ok(total);
            }
            units = self.scorers(tier, ordinal)?;
        }
        let mut scan = self.scan_of(units, tier, ordinal)?;
        let counts_field = |wanted: &FacetRequest, field: &FacetField| self.counts_field(wanted, field);
        let mut counts = SegmentFacets::open(facets, counts_field, ordinal, segment)?;
        let mut candidates = Candidates::default();
        let mut total = 0;
        scan.for_each(collector.requires_scores(), |doc, score| {
            if self.seen.contains(&(ordinal, doc)) {
                return;
            }
            total += 1;
            counts.count(doc);
            if let Some(visited) = &mut visited
                && (visited.len() as u64) < self.sufficient
            {
                visited.push((ordinal, doc));
            }
            if proximity.as_ref().is_some_and(|proximity| proximity.may_add(doc)) {
                candidates.add(score, doc);
            } else {
                collector.collect(score, ordinal, doc, segment);
            }
        });
        if let Some(proximity) = &mut proximity {
            candidates.collect(proximity, ordinal, segment, collector)?;
        }
        facets.add(counts)?;
        Ok(total)
    }

    /// Returns true if this evaluation counts the values of a field for a facet request.
    fn counts_field(&self, wanted: &FacetRequest, field: &FacetField) -> bool {
        match &self.lifted {
            Some(lifted) => wanted.disjunctive && field == lifted,
            None => !wanted.disjunctive || field.lifted_from(&self.request.filter).is_none(),
        }
    }

    /// Notes all documents of a tier.
    fn see_all(&mut self, tier: Tier) -> tantivy::Result<()> {
        let mut seen = Vec::new();
        for ordinal in 0..self.snapshot.segments.len() {
            self.visit(tier, ordinal, Some(&mut seen))?;
        }
        self.seen.extend(seen);
        Ok(())
    }

    fn visit(
        &self,
        tier: Tier,
        ordinal: usize,
        visited: Option<&mut Vec<(usize, DocId)>>,
    ) -> tantivy::Result<()> {
        let Some(visited) = visited else { return Ok(()) };
        self.scan(tier, ordinal)?.for_each(false, |doc, _| visited.push((ordinal, doc)));
        Ok(())
    }

    /// Returns the present sort key of a cursor's document.
    ///
    /// Scores change with every commit, so that of a document that still matches is computed again.
    fn current_key(&mut self, tiers: &[Tier], cursor: &SearchCursor) -> tantivy::Result<SortKey> {
        let key = cursor.key.clone();
        let Some((ordinal, doc)) = self.snapshot.find(key.id)? else { return Ok(key) };
        let id = key.id;
        let mut current = key;
        for &tier in tiers.iter().filter(|tier| tier.rank <= cursor.depth) {
            self.begin(tier)?;
            if let Some(score) = self.score_of(tier, ordinal, doc)? {
                let segment = &self.snapshot.segments[ordinal];
                let values = Orders(&self.request.order_by).values(segment, doc);
                let published_at = segment.published_at(doc);
                current = SortKey { tier: tier.rank, values, score, published_at, id };
                break;
            }
            if tier.rank < cursor.depth {
                self.see_all(tier)?;
            }
        }
        self.seen.clone_from(&self.curation.excluded);
        Ok(current)
    }

    /// Returns the score of a document that matches in a tier.
    fn score_of(&self, tier: Tier, ordinal: usize, doc: DocId) -> tantivy::Result<Option<f32>> {
        let mut scan = self.scan(tier, ordinal)?;
        if scan.seek(doc) != doc {
            return Ok(None);
        }
        if self.request.sort != SearchSort::Relevance {
            return Ok(Some(0.0));
        }
        let mut score = scan.score();
        if let Some(mut proximity) = self.proximity(ordinal, tier)?
            && proximity.may_add(doc)
            && self.candidates(tier, ordinal, &proximity)?.reads(doc, &self.snapshot.segments[ordinal])
        {
            score += proximity.score(doc)?;
        }
        Ok(Some(score))
    }

    /// Returns the matches of a tier to whose scores the distances of words may add.
    fn candidates(
        &self,
        tier: Tier,
        ordinal: usize,
        proximity: &ProximityScorer<'_>,
    ) -> tantivy::Result<Candidates> {
        let mut candidates = Candidates::default();
        self.scan(tier, ordinal)?.for_each(true, |doc, score| {
            if !self.seen.contains(&(ordinal, doc)) && proximity.may_add(doc) {
                candidates.add(score, doc);
            }
        });
        Ok(candidates)
    }

    fn proximity(&self, ordinal: usize, tier: Tier) -> tantivy::Result<Option<ProximityScorer<'_>>> {
        let any = tier.required != RequiredUnits::All;
        let SnapshotPlan { included, weights, .. } = &self.plan;
        ProximityScorer::of(included, &self.units, weights, self.snapshot, ordinal, any)
    }

    fn scorers(&self, tier: Tier, ordinal: usize) -> tantivy::Result<Vec<UnitScorer>> {
        let units = self.plan.included.iter().zip(&self.units);
        units.map(|(unit, &typos)| unit.plan.scorer(self.snapshot, ordinal, tier.required, typos)).collect()
    }

    fn scan(&self, tier: Tier, ordinal: usize) -> tantivy::Result<SegmentScan> {
        self.scan_of(self.scorers(tier, ordinal)?, tier, ordinal)
    }

    fn scan_of(&self, units: Vec<UnitScorer>, tier: Tier, ordinal: usize) -> tantivy::Result<SegmentScan> {
        let segment = self.snapshot.segments[ordinal].clone();
        let all = RequiredUnits::All;
        let excluded = self.plan.excluded.iter();
        let excluded = excluded.map(|unit| unit.scorer(self.snapshot, ordinal, all, false));
        let excluded = excluded.collect::<tantivy::Result<_>>()?;
        let clauses = if tier.required == RequiredUnits::All || units.is_empty() {
            Clause::all(units)
        } else {
            let (mut required, mut others) = (Vec::new(), Vec::new());
            for (unit, scorer) in self.plan.included.iter().zip(units) {
                if tier.required.includes(unit) { required.push(scorer) } else { others.push(scorer) }
            }
            if tier.any() { Clause::any(required, others) } else { Clause::all_beside(required, others) }
        };
        let mut scan = SegmentScan::new(segment.clone(), clauses, excluded, &self.request.filter)?;
        for group in &self.plan.wholes[ordinal] {
            scan.add_bonus(group.scorer(1.0, &segment)?);
        }
        scan.set_factors(self.curation.factors(ordinal));
        Ok(scan)
    }
}
