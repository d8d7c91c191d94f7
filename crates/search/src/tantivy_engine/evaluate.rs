//! Runs a planned query over the segments: every match is counted, the best are kept.

use std::collections::BTreeSet;

use tantivy::{DocId, TERMINATED};
use tantivy_common::BitSet;

use super::super::cursor::{Cursor, SortKey};
use super::super::engine::{Facet, SearchError};
use super::super::highlight::Marks;
use super::super::query::ParsedQuery;
use super::super::request::{DocumentFilter, MatchPolicy, SearchRequest, SearchSort};
use super::facets::{FacetCounts, SegmentFacets};
use super::failed;
use super::frequent::{FrequentUnits, rank_scored};
use super::plan::{Lookup, UnitPlan, labelled};
use super::postings::UnitCursor;
use super::ranking::{Candidate, Ranking};
use super::schema::Fields;
use super::single::{SingleFound, find_single};
use super::snapshot::{Segment, Snapshot};
use quarry_config::Language;

/// What a query found.
pub(super) struct Found {
    pub(super) total: u64,
    /// The page asked for and one candidate more, if there is one.
    pub(super) best: Vec<Candidate>,
    pub(super) facets: Vec<Facet>,
    pub(super) relaxed: bool,
    pub(super) marks: Marks,
}

/// Finds what a request asks for.
pub(super) fn find(
    snapshot: &Snapshot,
    fields: &Fields,
    languages: &BTreeSet<Language>,
    request: &SearchRequest,
) -> Result<Found, SearchError> {
    let query = ParsedQuery::parse(&request.query);
    let cursor = match &request.after {
        Some(text) => Some(Cursor::decode(text, request.sort).ok_or(SearchError::InvalidCursor)?),
        None => None,
    };
    let mut marks = Marks::default();
    let lookup = Lookup { snapshot, fields, languages };
    let plan = Plan::new(lookup, &query, request, &mut marks).map_err(failed)?;
    let mut any = request.match_policy == MatchPolicy::Any;
    let mut relaxed = false;
    if let Some(cursor) = cursor {
        // A page continues the answer that its cursor comes from.
        relaxed = cursor.relaxed;
        any |= relaxed;
    }
    let mut found = plan.run(snapshot, request, any, cursor).map_err(failed)?;
    if found.total == 0 && request.relaxes && !any && cursor.is_none() && plan.wanted.len() > 1 {
        found = plan.run(snapshot, request, true, None).map_err(failed)?;
        relaxed = found.total > 0;
    }
    Ok(Found { relaxed, marks, ..found })
}

struct Plan {
    wanted: Vec<UnitPlan>,
    excluded: Vec<UnitPlan>,
}

impl Plan {
    fn new(
        lookup: Lookup<'_>,
        query: &ParsedQuery,
        request: &SearchRequest,
        marks: &mut Marks,
    ) -> tantivy::Result<Self> {
        let last = query.wanted.len().saturating_sub(1);
        let mut wanted = Vec::with_capacity(query.wanted.len());
        for (at, unit) in query.wanted.iter().enumerate() {
            let open = request.prefix && query.open_end && at == last;
            wanted.push(lookup.unit(unit, open, request.typo_tolerance, marks)?);
        }
        let mut excluded = Vec::with_capacity(query.excluded.len());
        for unit in &query.excluded {
            excluded.push(lookup.unit(unit, false, false, &mut Marks::default())?);
        }
        Ok(Self { wanted, excluded })
    }

    fn run(
        &self,
        snapshot: &Snapshot,
        request: &SearchRequest,
        any: bool,
        cursor: Option<Cursor>,
    ) -> tantivy::Result<Found> {
        if let ([], Some(found)) = (self.excluded.as_slice(), find_single(&self.wanted, snapshot, request)?) {
            let SingleFound { total, best } = found;
            return Ok(Found { total, best, facets: Vec::new(), relaxed: false, marks: Marks::default() });
        }
        let after = match cursor {
            Some(cursor) => Some(self.present_key(snapshot, request, any, cursor.key)?),
            None => None,
        };
        let mut ranking = Ranking::new(request.sort, request.first.saturating_add(1), after);
        let mut facets = FacetCounts::default();
        let mut total = 0;
        let may_be_frequent = self.excluded.is_empty()
            && !any
            && after.is_none()
            && !request.facets
            && request.sort != SearchSort::Oldest
            && request.filter.is_empty();
        for (ordinal, segment) in snapshot.segments.iter().enumerate() {
            if may_be_frequent {
                let counted = self.rank_frequent(ordinal, snapshot, segment, &mut ranking)?;
                if let Some(count) = counted {
                    total += count;
                    continue;
                }
            }
            let mut walk = self.walk(ordinal, segment, &request.filter, any)?;
            let mut counts = if request.facets { Some(SegmentFacets::open(segment)?) } else { None };
            let mut doc = walk.first();
            while doc != TERMINATED {
                total += 1;
                if let Some(counts) = &mut counts {
                    counts.count(doc);
                }
                let score = if ranking.needs_score() { walk.score(snapshot, segment) } else { 0.0 };
                ranking.consider(score, ordinal, doc, segment);
                doc = walk.next();
            }
            if let Some(counts) = counts {
                facets.add(counts)?;
            }
        }
        let facets = if request.facets { facets.into_facets() } else { Vec::new() };
        Ok(Found { total, best: ranking.into_best(), facets, relaxed: false, marks: Marks::default() })
    }

    /// The place of a cursor in the order as it is now: scores move with every commit, so that
    /// of the cursor's document is computed anew while it is still found.
    fn present_key(
        &self,
        snapshot: &Snapshot,
        request: &SearchRequest,
        any: bool,
        key: SortKey,
    ) -> tantivy::Result<SortKey> {
        if request.sort != SearchSort::Relevance {
            return Ok(key);
        }
        let Some((ordinal, doc)) = snapshot.find(key.id)? else { return Ok(key) };
        let segment = &snapshot.segments[ordinal];
        let mut walk = self.walk(ordinal, segment, &request.filter, any)?;
        if walk.seek(doc) != doc {
            return Ok(key);
        }
        let score = walk.score(snapshot, segment);
        Ok(SortKey { score, published_at: segment.published_at(doc), id: key.id })
    }

    /// Ranks and counts the documents of a segment where all words are frequent; `None` where
    /// they are not.
    fn rank_frequent(
        &self,
        ordinal: usize,
        snapshot: &Snapshot,
        segment: &Segment,
        ranking: &mut Ranking,
    ) -> tantivy::Result<Option<u64>> {
        let mut units = self.cursors(ordinal, segment)?;
        let max_doc = segment.reader.max_doc();
        let Some(frequent) = FrequentUnits::of(&units, snapshot.documents, max_doc) else {
            return Ok(None);
        };
        let mut scored = BitSet::with_max_value(max_doc);
        if ranking.needs_score() {
            frequent.add_scored(&mut scored);
            rank_scored(&scored, ordinal, snapshot, segment, &mut units, ranking);
        }
        frequent.rank_others(&scored, ordinal, segment, ranking);
        Ok(Some(frequent.count(segment)))
    }

    fn cursors(&self, ordinal: usize, segment: &Segment) -> tantivy::Result<Vec<UnitCursor>> {
        self.wanted.iter().map(|unit| unit.cursor(ordinal, segment)).collect()
    }

    fn walk<'s>(
        &self,
        ordinal: usize,
        segment: &'s Segment,
        filter: &DocumentFilter,
        any: bool,
    ) -> tantivy::Result<Walk<'s>> {
        let wanted = self.cursors(ordinal, segment)?;
        let mut musts = Vec::with_capacity(wanted.len() + 3);
        if any && wanted.len() > 1 {
            musts.push(Must::Any(AnyCursor::new(wanted)));
        } else {
            musts.extend(wanted.into_iter().map(Must::One));
        }
        for (labels, index) in [
            (&filter.source, &segment.source),
            (&filter.category, &segment.category),
            (&filter.author_key, &segment.author_key),
        ] {
            if !labels.is_empty() {
                musts.push(Must::One(labelled(index, segment, labels)?));
            }
        }
        // The rarest leads, the others follow.
        musts.sort_by_key(Must::size);
        let excluded = self
            .excluded
            .iter()
            .map(|unit| unit.cursor(ordinal, segment))
            .collect::<tantivy::Result<Vec<_>>>()?;
        Ok(Walk {
            segment,
            musts,
            excluded,
            published_from: filter.published_from.map(|at| at.timestamp_micros()),
            published_before: filter.published_before.map(|at| at.timestamp_micros()),
            every: 0,
        })
    }
}

enum Must {
    One(UnitCursor),
    Any(AnyCursor),
}

impl Must {
    fn size(&self) -> u64 {
        match self {
            Must::One(unit) => unit.size,
            Must::Any(any) => any.units.iter().map(|unit| unit.size).sum(),
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            Must::One(unit) => unit.advance(),
            Must::Any(any) => any.seek(any.doc.saturating_add(1)),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Must::One(unit) => unit.seek(target),
            Must::Any(any) => any.seek(target),
        }
    }

    /// What the current document is worth: the sum over the units that match it.
    fn score(&mut self, snapshot: &Snapshot, segment: &Segment) -> f32 {
        match self {
            Must::One(unit) => unit.score(snapshot, segment),
            Must::Any(any) => {
                let doc = any.doc;
                let matching = any.units.iter_mut().filter(|unit| unit.doc() == doc);
                matching.map(|unit| unit.score(snapshot, segment)).sum()
            }
        }
    }
}

/// Documents that match at least one of some units.
struct AnyCursor {
    units: Vec<UnitCursor>,
    doc: DocId,
}

impl AnyCursor {
    fn new(units: Vec<UnitCursor>) -> Self {
        let doc = units.iter().map(UnitCursor::doc).min().unwrap_or(TERMINATED);
        Self { units, doc }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.doc = self.units.iter_mut().map(|unit| unit.seek(target)).min().unwrap_or(TERMINATED);
        self.doc
    }
}

/// A walk over the documents of one segment that match all there is to match.
struct Walk<'s> {
    segment: &'s Segment,
    musts: Vec<Must>,
    excluded: Vec<UnitCursor>,
    published_from: Option<i64>,
    published_before: Option<i64>,
    /// The current document where nothing has to match.
    every: DocId,
}

impl Walk<'_> {
    fn first(&mut self) -> DocId {
        self.seek(0)
    }

    fn next(&mut self) -> DocId {
        let doc = match self.musts.first_mut() {
            Some(lead) => lead.advance(),
            None => self.every.saturating_add(1),
        };
        self.settle(doc)
    }

    fn seek(&mut self, target: DocId) -> DocId {
        let doc = match self.musts.first_mut() {
            Some(lead) => lead.seek(target),
            None => target,
        };
        self.settle(doc)
    }

    /// Goes on from a document of the lead to the first that matches everything.
    fn settle(&mut self, mut doc: DocId) -> DocId {
        loop {
            let Some((lead, others)) = self.musts.split_first_mut() else {
                return self.settle_on_every(doc);
            };
            if doc == TERMINATED {
                return TERMINATED;
            }
            let behind = others.iter_mut().map(|must| must.seek(doc)).find(|&at| at > doc);
            doc = match behind {
                Some(further) => lead.seek(further),
                None if self.accepts(doc) => return doc,
                None => self.musts[0].advance(),
            };
        }
    }

    fn settle_on_every(&mut self, mut doc: DocId) -> DocId {
        while doc < self.segment.reader.max_doc() {
            if self.accepts(doc) {
                self.every = doc;
                return doc;
            }
            doc += 1;
        }
        TERMINATED
    }

    fn accepts(&mut self, doc: DocId) -> bool {
        self.segment.is_alive(doc) && self.is_in_period(doc) && !self.is_excluded(doc)
    }

    fn is_excluded(&mut self, doc: DocId) -> bool {
        self.excluded.iter_mut().any(|unit| unit.seek(doc) == doc)
    }

    fn is_in_period(&self, doc: DocId) -> bool {
        if self.published_from.is_none() && self.published_before.is_none() {
            return true;
        }
        self.segment.published_at(doc).is_some_and(|at| {
            self.published_from.is_none_or(|from| at >= from)
                && self.published_before.is_none_or(|before| at < before)
        })
    }

    fn score(&mut self, snapshot: &Snapshot, segment: &Segment) -> f32 {
        self.musts.iter_mut().map(|must| must.score(snapshot, segment)).sum()
    }
}
