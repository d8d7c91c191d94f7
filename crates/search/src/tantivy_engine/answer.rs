//! The answer to a search: evaluates it, and reads the hits.

use std::sync::Arc;
use std::time::Instant;

use super::super::corrections::add_corrections;
use super::super::engine::{Hit, SearchAnswer, SearchError};
use super::super::explanation::Explanation;
use super::super::request::{BoostValue, MatchPolicy, SearchRequest, SearchSort};
use super::super::rules::{AppliedRule, Rulebook};
use super::curation::{Placement, place};
use super::documents::read_document;
use super::evaluate::{Matches, evaluate};
use super::explain::HitExplainer;
use super::failure::search_error;
use super::generation::Generation;
use super::indexed_sources::IndexedSources;
use super::ranked_doc::RankedDoc;
use super::snapshot::IndexSnapshot;
use super::tiers::{RequiredUnits, shown_score};
use crate::field_terms::TermsByField;
use crate::popularity::Popularity;
use quarry_domain::{Document, MatchTier};

/// An index to search, with the languages of its sources.
pub(super) struct IndexSearcher {
    pub(super) generation: Arc<Generation>,
    pub(super) snapshot: Arc<IndexSnapshot>,
    /// Fewer hits than this let the next tier follow.
    pub(super) sufficient_hits: u64,
    pub(super) sources: Arc<IndexedSources>,
    pub(super) rulebook: Arc<Rulebook>,
    pub(super) popularity: Arc<Popularity>,
}

impl IndexSearcher {
    /// Searches on the calling thread.
    pub(super) fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let started = Instant::now();
        let ordered = request.order_by.iter().map(|order| order.name.as_str());
        let counted = request.facets.iter().flat_map(|facet| &facet.fields).map(String::as_str);
        let filtered = request.filter.attribute_names().into_iter();
        let boosting = request.boosts.iter().filter_map(|boost| match &boost.value {
            BoostValue::Attribute(name) => Some(name.as_str()),
            BoostValue::PublishedAt | BoostValue::Interactions(_) => None,
        });
        let distinct = request.distinct.as_deref();
        let (snapshot, fields) = (&self.snapshot, &self.generation.fields);
        fields.require(filtered.chain(ordered).chain(counted).chain(boosting).chain(distinct))?;
        let (rulebook, popularity) = (&self.rulebook, &self.popularity);
        let mut matches = evaluate(snapshot, fields, rulebook, popularity, request, self.sufficient_hits)?;
        let ranked = std::mem::take(&mut matches.top_docs);
        let pinned = &matches.curation.pinned;
        let others = matches.total - pinned.len() as u64;
        let after = matches.after.take();
        let (page, has_next) = place(request, pinned, ranked, others, after, matches.depth);
        let effects = matches.effects.take().unwrap_or_default();
        let mut hits = Vec::with_capacity(page.len());
        let mut read_bytes = 0_usize;
        let mut corrections = Vec::new();
        for placed in page {
            let (document, bytes) = read_document(&self.snapshot, placed.segment, placed.doc)?;
            read_bytes = read_bytes.saturating_add(bytes);
            if read_bytes > request.read_bytes {
                return Err(SearchError::TooLarge);
            }
            let highlights = if request.highlights {
                let languages = self.sources.languages_of(&document);
                let attributes = self.sources.searched_texts(&document);
                let lengths = &request.highlight_lengths;
                matches.plan.highlighter.of_document(&document, &languages, &attributes, lengths)
            } else {
                Vec::new()
            };
            // As of a pinned document, which no score affects.
            let mut hit = Hit {
                document,
                score: 0.0,
                tier: MatchTier::AllWords,
                collapsed: 0,
                cursor: placed.cursor,
                highlights,
                pinned: true,
                explanation: None,
            };
            match placed.placement {
                Placement::Pinned(rule) if request.explain => {
                    let pinned_by = effects.applied.get(rule).cloned();
                    let explanation = Explanation { factor: 1.0, pinned_by, ..Explanation::default() };
                    hit.explanation = Some(Box::new(explanation));
                }
                Placement::Pinned(_) => {}
                Placement::Ranked(ranked) => {
                    let tier = usize::from(ranked.key.tier);
                    hit.tier = matches.tiers.get(tier).map_or(matches.tier, |tier| tier.kind);
                    if request.corrections && hit.tier > MatchTier::AllWords {
                        add_corrections(&hit.document, &matches.plan.misspellings, &mut corrections);
                    }
                    if request.sort == SearchSort::Relevance && !matches.plan.included.is_empty() {
                        hit.score = shown_score(ranked.key.tier, ranked.key.score);
                    }
                    if request.explain {
                        let explanation =
                            self.explain(&matches, &effects.applied, request, &ranked, &hit.document)?;
                        hit.explanation = Some(Box::new(explanation));
                    }
                    hit.collapsed = ranked.collapsed;
                    hit.pinned = false;
                }
            }
            hits.push(hit);
        }
        Ok(SearchAnswer {
            hits,
            has_next,
            total: matches.total,
            tier: matches.tier,
            relaxed: matches.tier == MatchTier::AnyWord && request.match_policy == MatchPolicy::All,
            corrections,
            is_truncated: matches.plan.is_truncated,
            facets: matches.facets,
            rules: effects.applied,
            redirect: effects.redirect,
            took: started.elapsed(),
            read_bytes,
            cache: None,
        })
    }

    fn explain(
        &self,
        matches: &Matches,
        rules: &[AppliedRule],
        request: &SearchRequest,
        ranked: &RankedDoc,
        document: &Document,
    ) -> Result<Explanation, SearchError> {
        let tier = usize::from(ranked.key.tier);
        let explainer = HitExplainer {
            snapshot: &self.snapshot,
            fields: &self.generation.fields,
            plan: &matches.plan,
            curation: &matches.curation,
            rules,
            required: matches.tiers.get(tier).map_or(RequiredUnits::All, |tier| tier.required),
            typos: matches.typos.get(tier).map_or(&[], Vec::as_slice),
            terms: &TermsByField::of(document, &self.sources),
            ranked,
        };
        explainer.explain(request.sort == SearchSort::Relevance).map_err(search_error)
    }
}
