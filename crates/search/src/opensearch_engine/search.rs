//! The evaluation of a request: tier after tier until enough documents match.

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use serde_json::{Value, json};

use super::boosts::ClusterPopularity;
use super::clauses::{ids, not};
use super::distinct::DistinctGroups;
use super::document::{decoded, hits_of};
use super::facets::FacetReader;
use super::filter::filter_clause;
use super::mapping::{DOCUMENT, MAX_WINDOW};
use super::plan::ClausePlan;
use super::searcher::ClusterSearcher;
use super::sorting::has_distances;
use super::vocabulary::{WordNotes, counts_of, total_of};
use crate::corrections::add_corrections;
use crate::cursor::{SearchCursor, SortKey};
use crate::engine::{Facet, Hit, SearchAnswer, SearchError};
use crate::explanation::Explanation;
use crate::filter::DocumentFilter;
use crate::placement::{Placed, RankedHits, place};
use crate::query::ParsedQuery;
use crate::request::{MatchPolicy, SearchRequest, SearchSort};
use crate::rules::RuleEffects;
use crate::tiers::{RequiredUnits, Tier, TypoUse, shown_score, tiers};
use quarry_domain::{Document, MatchTier};

/// The times that a plan is made until its words are known: each time, it needs at least one more.
const MAX_PLANS: usize = 8;

/// A hit as the engine returned it.
struct FoundDocument {
    document: Arc<Document>,
    key: SortKey,
    /// Its value of a distinct field.
    group: Option<String>,
    explanation: Option<Box<Explanation>>,
}

/// The matches of all tiers.
struct Collected {
    ranked: RankedHits<FoundDocument>,
    /// The number of hits of all pages.
    total: u64,
    depth: u8,
    /// The last tier that found documents.
    kind: MatchTier,
    cursor: Option<SearchCursor>,
    facets: Vec<Vec<Facet>>,
    groups: Option<DistinctGroups>,
}

/// A pinned document within the filter.
pub(super) struct PinnedHit {
    position: u32,
    /// The index of its rule among those that applied.
    rule: usize,
    pub(super) document: Arc<Document>,
}

/// The state of a search.
pub(super) struct SearchRun<'a> {
    pub(super) searcher: &'a ClusterSearcher<'a>,
    pub(super) request: &'a SearchRequest,
    pub(super) notes: WordNotes<'a>,
    query: ParsedQuery,
    pub(super) plan: ClausePlan,
    pub(super) tiers: Vec<Tier>,
    /// For each tier that has been prepared the units that may be misspelt.
    pub(super) typos: Vec<Vec<bool>>,
    pub(super) effects: RuleEffects,
    pub(super) by_relevance: bool,
    pub(super) popularity: &'a ClusterPopularity,
    /// The time of the search in microseconds since 1970: a document keeps its score within it.
    pub(super) now: i64,
    pub(super) pinned: Vec<PinnedHit>,
}

impl<'a> ClusterSearcher<'a> {
    pub(super) async fn search(
        &'a self,
        request: &'a SearchRequest,
        popularity: &'a ClusterPopularity,
    ) -> Result<SearchAnswer, SearchError> {
        let started = Instant::now();
        let mut search = self.begin(request, popularity).await?;
        let mut answer = search.run().await?;
        answer.took = started.elapsed();
        Ok(answer)
    }

    /// Plans a request.
    async fn begin(
        &'a self,
        request: &'a SearchRequest,
        popularity: &'a ClusterPopularity,
    ) -> Result<SearchRun<'a>, SearchError> {
        let notes = WordNotes::new(self.vocabulary);
        let query = ParsedQuery::parse(&request.query);
        let effects = self.rulebook.rules.effects(&query, &request.filter, Utc::now).unwrap_or_default();
        let planner = self.planner(&notes, &request.filter, request.highlights);
        let Ok(mut plan) = planner.plan(&query, request);
        for _ in 0..MAX_PLANS {
            if !notes.look_up(&self.copies).await? {
                break;
            }
            let Ok(again) = planner.plan(&query, request);
            plan = again;
        }
        let tiers = tiers(request, &plan);
        let by_relevance = request.sort == SearchSort::Relevance && request.order_by.is_empty();
        let (typos, pinned) = (Vec::new(), Vec::new());
        Ok(SearchRun {
            searcher: self,
            request,
            notes,
            query,
            plan,
            tiers,
            typos,
            effects,
            by_relevance,
            popularity,
            now: Utc::now().timestamp_micros(),
            pinned,
        })
    }
}

impl SearchRun<'_> {
    async fn run(&mut self) -> Result<SearchAnswer, SearchError> {
        let request = self.request;
        let cursor = match &request.after {
            Some(text) => Some(SearchCursor::decode(text, request).ok_or(SearchError::InvalidCursor)?),
            None => None,
        };
        self.pinned = self.find_pinned().await?;
        let through = cursor.as_ref().map(|cursor| cursor.depth);
        let after = match &cursor {
            Some(cursor) => Some(self.position(cursor).await?),
            None => None,
        };
        let pinned = self.pinned.len() as u64;
        let (mut total, mut depth) = (pinned, 0);
        let mut kind = self.tiers.first().map_or(MatchTier::AllWords, |tier| tier.kind);
        let first = request.offset.saturating_sub(self.pinned.len());
        let mut ranked: Vec<(SortKey, FoundDocument)> = Vec::new();
        let mut facets = FacetReader::new(self.searcher, request);
        let mut counted_facets = None;
        let mut groups = request.distinct.as_deref().map(DistinctGroups::by);
        for at in 0..self.tiers.len() {
            let tier = self.tiers[at];
            // A page continues the answer that its cursor comes from.
            let is_used = match through {
                Some(through) => tier.rank <= through,
                None => at == 0 || total < self.searcher.sufficient_hits,
            };
            if !is_used {
                break;
            }
            self.prepare(at).await?;
            let before = groups.as_ref().map_or(total - pinned, DistinctGroups::hits);
            let before = usize::try_from(before).unwrap_or(usize::MAX);
            let end = first + request.first + 1 + self.pinned.len();
            let needed = match &after {
                Some(_) => (request.first + 1).saturating_sub(ranked.len()),
                None => end.saturating_sub(before.max(first)),
            };
            let needed = needed.min(MAX_WINDOW);
            let mut body = self.body(at, &request.filter);
            let is_before = after.as_ref().is_some_and(|after| tier.rank < after.key.tier);
            body["size"] = json!(if is_before { 0 } else { needed });
            let counts_facets = at == 0 && self.pinned.is_empty() && !request.facets.is_empty();
            if counts_facets {
                body["aggs"] = facets.aggregations(None);
            }
            if let Some(groups) = &groups {
                groups.restrict(&mut body);
            }
            match &after {
                Some(after) if tier.rank != after.key.tier => {}
                Some(after) if groups.is_some() || has_distances(request) => {
                    body["from"] = json!(self.hits_through(&body, &after.key).await?);
                }
                Some(after) => body["search_after"] = after.values.clone(),
                None => body["from"] = json!(first.saturating_sub(before).min(MAX_WINDOW - needed)),
            }
            let copies = &self.searcher.copies;
            let mut answer =
                if request.explain { copies.explain(body).await? } else { copies.search_one(body).await? };
            let found = match &mut groups {
                Some(groups) => groups.add(&answer)?,
                None => total_of(&answer),
            };
            total += found;
            depth = tier.rank;
            if found > 0 {
                kind = tier.kind;
            }
            for hit in hits_of(&mut answer) {
                let found = self.found(at, &hit, groups.as_ref())?;
                ranked.push((found.key.clone(), found));
            }
            counted_facets = if counts_facets { Some(answer) } else { None };
        }
        let counted = match counted_facets {
            Some(answer) if depth == 0 => Some(answer),
            _ => None,
        };
        let facets = self.facets(&mut facets, depth, counted).await?;
        let total = groups.as_ref().map_or(total, |groups| pinned + groups.hits());
        let ranked = RankedHits { hits: ranked, first };
        self.answer(Collected { ranked, total, depth, kind, cursor, facets, groups })
    }

    /// Counts the values of fields in all tiers up to a depth.
    async fn facets(
        &self,
        facets: &mut FacetReader<'_>,
        depth: u8,
        counted: Option<Value>,
    ) -> Result<Vec<Vec<Facet>>, SearchError> {
        if self.request.facets.is_empty() {
            return Ok(Vec::new());
        }
        let mut bodies = Vec::new();
        if counted.is_none() {
            let mut body = self.counting_body(depth, &self.request.filter);
            body["aggs"] = facets.aggregations(None);
            bodies.push(body);
        }
        let lifted = facets.lifted();
        for (field, filter) in &lifted {
            let mut body = self.counting_body(depth, filter);
            body["aggs"] = facets.aggregations(Some(field));
            bodies.push(body);
        }
        let mut answers =
            if bodies.is_empty() { Vec::new() } else { self.searcher.copies.search(bodies).await? };
        answers.splice(0..0, counted);
        facets.read(&answers, &lifted, self.counting_body(depth, &DocumentFilter::default())).await
    }

    /// Looks up the typos that a tier permits.
    pub(super) async fn prepare(&mut self, at: usize) -> Result<(), SearchError> {
        while self.typos.len() <= at {
            let tier = self.tiers[self.typos.len()];
            let uses_typos = match tier.typos {
                TypoUse::None => vec![false; self.plan.included.len()],
                TypoUse::All => self.plan.included.iter().map(|unit| tier.required.includes(unit)).collect(),
                TypoUse::Unknown => self.known_units().await?.into_iter().map(|is_known| !is_known).collect(),
            };
            self.add_typos(&uses_typos).await?;
            self.typos.push(uses_typos);
        }
        Ok(())
    }

    /// Returns for each unit true if a document within the filter contains it as it was typed.
    async fn known_units(&self) -> Result<Vec<bool>, SearchError> {
        let documents = self.searcher.vocabulary.documents;
        let units =
            self.plan.included.iter().map(|unit| unit.plan.clause(documents, RequiredUnits::All, false));
        let units: Vec<Value> = units.collect();
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "size": 0,
            "query": { "bool": { "filter": [filter_clause(&self.request.filter)] } },
            "aggs": { "units": { "filters": { "filters": units } } },
        });
        let answer = self.searcher.copies.search_one(body).await?;
        Ok(counts_of(&answer["aggregations"]["units"]).into_iter().map(|count| count > 0).collect())
    }

    async fn add_typos(&mut self, units: &[bool]) -> Result<(), SearchError> {
        let Self { searcher, request, notes, query, plan, typos, .. } = self;
        let planner = searcher.planner(notes, &request.filter, request.highlights);
        // Those of earlier tiers stay, since later ones exclude their matches.
        let is_wanted = |unit: usize| units[unit] || typos.iter().any(|of_tier| of_tier[unit]);
        for _ in 0..MAX_PLANS {
            for unit in (0..units.len()).filter(|unit| is_wanted(*unit)) {
                let Ok(()) = planner.add_typos(plan, unit);
            }
            if !notes.look_up(&searcher.copies).await? {
                break;
            }
            // Made again, since a unit has its typos once.
            let Ok(again) = planner.plan(query, request);
            *plan = again;
        }
        Ok(())
    }

    /// Returns the pinned documents within the filter, by position.
    async fn find_pinned(&self) -> Result<Vec<PinnedHit>, SearchError> {
        if !self.by_relevance || self.effects.pinned.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = ids(self.effects.pinned.values().map(|pin| pin.document.0.as_u128()));
        let body = json!({
            "size": self.effects.pinned.len(),
            "query": { "bool": { "filter": [
                filter_clause(&self.request.filter),
                wanted,
                not(ids(self.effects.hidden.iter().map(|id| id.0.as_u128()))),
            ] } },
            "_source": [DOCUMENT],
        });
        let mut answer = self.searcher.copies.search_one(body).await?;
        let documents =
            hits_of(&mut answer).iter().map(decoded).collect::<Result<Vec<Arc<Document>>, SearchError>>()?;
        let pinned = self.effects.pinned.iter().filter_map(|(&position, pin)| {
            let document = documents.iter().find(|document| document.id == pin.document)?.clone();
            Some(PinnedHit { position, rule: pin.rule, document })
        });
        Ok(pinned.collect())
    }

    fn found(
        &self,
        at: usize,
        hit: &Value,
        groups: Option<&DistinctGroups>,
    ) -> Result<FoundDocument, SearchError> {
        let (document, key) = (decoded(hit)?, self.key_of(self.tiers[at].rank, hit)?);
        let explanation = self.request.explain.then(|| Box::new(self.explain(at, &key, &document, hit)));
        let group = groups.map(|groups| groups.group_of(hit));
        Ok(FoundDocument { document, key, group, explanation })
    }

    fn answer(&mut self, collected: Collected) -> Result<SearchAnswer, SearchError> {
        let Collected { ranked, total, depth, kind, cursor, facets, groups } = collected;
        let request = self.request;
        let pins: Vec<(u32, usize)> = self.pinned.iter().map(|pin| pin.position).zip(0..).collect();
        let others = total - self.pinned.len() as u64;
        let (page, has_next) = place(request, &pins, ranked, others, cursor, depth);
        let mut hits = Vec::with_capacity(page.len());
        let mut corrections = Vec::new();
        let mut read_bytes = 0_usize;
        for (placed, cursor) in page {
            let (document, key, group, explanation) = match placed {
                Placed::Pinned(at) => {
                    let pin = &self.pinned[at];
                    let explanation = request.explain.then(|| self.explain_pin(pin));
                    (pin.document.clone(), None, None, explanation)
                }
                Placed::Ranked(found) => (found.document, Some(found.key), found.group, found.explanation),
            };
            read_bytes = read_bytes.saturating_add(document.memory_bytes());
            if read_bytes > request.read_bytes {
                return Err(SearchError::TooLarge);
            }
            let tier = key.as_ref().and_then(|key| self.tiers.get(usize::from(key.tier)));
            let tier = tier.map_or(MatchTier::AllWords, |tier| tier.kind);
            if request.corrections && tier > MatchTier::AllWords {
                add_corrections(&document, &self.plan.misspellings, &mut corrections);
            }
            let highlights = if request.highlights {
                for misspelling in &self.plan.misspellings {
                    misspelling.mark(&document, &mut self.plan.highlighter);
                }
                let languages = self.searcher.sources.languages_of(&document);
                let attributes = self.searcher.sources.searched_texts(&document);
                let lengths = &request.highlight_lengths;
                self.plan.highlighter.of_document(&document, &languages, &attributes, lengths)
            } else {
                Vec::new()
            };
            let score = match (&key, request.sort) {
                (Some(key), SearchSort::Relevance) if !self.plan.included.is_empty() => {
                    shown_score(key.tier, key.score)
                }
                _ => 0.0,
            };
            let of_group = groups.as_ref().zip(group);
            let collapsed = of_group.map_or(0, |(groups, group)| groups.others(&group));
            let pinned = key.is_none();
            hits.push(Hit { document, score, tier, collapsed, cursor, highlights, pinned, explanation });
        }
        let effects = std::mem::take(&mut self.effects);
        Ok(SearchAnswer {
            hits,
            has_next,
            total,
            tier: kind,
            relaxed: kind == MatchTier::AnyWord && request.match_policy == MatchPolicy::All,
            corrections,
            is_truncated: self.plan.is_truncated,
            facets,
            rules: effects.applied,
            redirect: effects.redirect,
            took: std::time::Duration::ZERO,
            read_bytes,
            cache: None,
        })
    }

    fn explain_pin(&self, pin: &PinnedHit) -> Box<Explanation> {
        let pinned_by = self.effects.applied.get(pin.rule).cloned();
        Box::new(Explanation { factor: 1.0, pinned_by, ..Explanation::default() })
    }
}
