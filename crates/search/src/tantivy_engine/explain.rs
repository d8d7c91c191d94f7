//! The explanation of a hit's score: evaluates each part of the plan for one document.

use std::collections::HashSet;

use tantivy::postings::TermInfo;
use tantivy::query::Weight;
use tantivy::{DocId, TantivyError};

use super::curation::Curation;
use super::document_terms::SHORT_PREFIX_CHARS;
use super::plan::SnapshotPlan;
use super::ranked_doc::RankedDoc;
use super::schema::Fields;
use super::scorers::{DocIter, FormScorer, sum_of_scores};
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::PHRASE;
use super::word::{PhraseForm, TermGroup, WordForm, WordPlan};
use crate::analysis::{is_marked, reversed_parts};
use crate::explainer::{MatchedTerms, RankedTerm, TermScores, sum};
use crate::explanation::{Explanation, MatchKind, TermScore};
use crate::field_terms::{FieldScope, TermsByField};
use crate::rules::AppliedRule;
use crate::tiers::RequiredUnits;

/// Rounding of sums of scores.
const ROUNDING: f32 = 1e-4;

/// Explains the score of one document.
pub(super) struct HitExplainer<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) fields: &'a Fields,
    pub(super) plan: &'a SnapshotPlan,
    pub(super) curation: &'a Curation,
    pub(super) rules: &'a [AppliedRule],
    /// The units that a match contains.
    pub(super) required: RequiredUnits,
    /// For each unit whether the tier of the document permits typos.
    pub(super) typos: &'a [bool],
    pub(super) terms: &'a TermsByField,
    pub(super) ranked: &'a RankedDoc,
}

impl HitExplainer<'_> {
    pub(super) fn explain(&self, by_score: bool) -> tantivy::Result<Explanation> {
        let (ordinal, doc) = (self.ranked.segment, self.ranked.doc);
        let mut words = Vec::new();
        for (unit, &typos) in self.plan.included.iter().zip(self.typos) {
            words.extend(self.unit(&unit.plan, self.required, typos)?);
        }
        let whole = self.plan.wholes[ordinal].iter().map(|group| group.scorer(1.0, self.segment()));
        let mut whole: Vec<FormScorer> = whole.collect::<tantivy::Result<_>>()?;
        let whole_field = sum_of_scores(&mut whole, doc);
        let sum = sum(&words) + whole_field;
        let score = if by_score { self.ranked.key.score } else { 0.0 };
        let (factor, factors) = self.curation.explain(self.snapshot, ordinal, doc, self.rules);
        let scaled = match self.curation.factors(ordinal) {
            Some(of) => of.apply(sum, self.segment(), doc),
            None => sum,
        };
        let rest = score - scaled;
        let neighbours = if by_score && rest > ROUNDING * score.max(1.0) { rest } else { 0.0 };
        Ok(Explanation { score, words, neighbours, whole_field, factor, factors, pinned_by: None })
    }

    fn segment(&self) -> &IndexSegment {
        &self.snapshot.segments[self.ranked.segment]
    }

    fn doc(&self) -> DocId {
        self.ranked.doc
    }

    fn form(&self, form: &WordForm, plan: &WordPlan) -> tantivy::Result<Option<RankedTerm>> {
        let mut scorer = form.scorer(plan, self.snapshot, self.segment())?;
        let weight = scorer.weight;
        let Some(score) = scorer.score_of(self.doc()) else { return Ok(None) };
        let term = self.term(form.kind, TermField::Words, &[&form.info], form.factor, score)?;
        Ok(Some((weight, term)))
    }

    fn group(&self, group: &TermGroup, plan: &WordPlan) -> tantivy::Result<Option<RankedTerm>> {
        let mut scorer = group.scorer(plan.idf, self.segment())?;
        let weight = scorer.weight;
        let Some(score) = scorer.score_of(self.doc()) else { return Ok(None) };
        let infos: Vec<&TermInfo> = group.terms.iter().collect();
        Ok(Some((weight, self.term(group.kind, group.field, &infos, group.factor, score)?)))
    }

    fn adjacent(&self, phrase: &PhraseForm, plan: &WordPlan) -> tantivy::Result<Option<RankedTerm>> {
        let (ordinal, doc) = (self.ranked.segment, self.doc());
        let scorer = phrase.weight.scorer(&self.segment().reader, 1.0)?;
        let weight = plan.idf * phrase.factor;
        let is_within = phrase.within.as_ref().is_none_or(|sets| sets[ordinal].contains(doc));
        let mut scorer = FormScorer::new(DocIter::Constants(scorer), weight);
        let Some(score) = scorer.score_of(doc).filter(|_| is_within) else { return Ok(None) };
        let (kind, fields, words) = (phrase.kind, Vec::new(), Vec::new());
        Ok(Some((weight, TermScore { kind, fields, words, weight: phrase.factor, score })))
    }

    fn term(
        &self,
        kind: MatchKind,
        field: TermField,
        infos: &[&TermInfo],
        weight: f32,
        score: f32,
    ) -> tantivy::Result<TermScore> {
        let index = self.segment().terms_of(field).terms();
        let wanted: HashSet<usize> = infos.iter().map(|info| info.postings_range.start).collect();
        let is_wanted = |term: &str| -> tantivy::Result<bool> {
            let info = index.get(term)?;
            Ok(info.is_some_and(|info| wanted.contains(&info.postings_range.start)))
        };
        let any_wanted = |terms: &mut dyn Iterator<Item = String>| -> tantivy::Result<bool> {
            for term in terms {
                if is_wanted(&term)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let scope = match field {
            TermField::Title | TermField::TitlePrefixes => FieldScope::Title,
            TermField::Weighted(at) => FieldScope::Weighted(&self.fields.weighted[at].of),
            TermField::Words | TermField::Prefixes | TermField::Suffixes | TermField::Whole => {
                FieldScope::All
            }
        };
        let (fields, words) = self.terms.containing(scope, |term, languages| match field {
            TermField::Prefixes | TermField::TitlePrefixes => {
                any_wanted(&mut short_prefixes(term).map(str::to_owned))
            }
            TermField::Suffixes => any_wanted(&mut languages.iter().flat_map(|&of| reversed_parts(term, of))),
            _ => is_wanted(term),
        })?;
        Ok(TermScore { kind, fields, words, weight, score })
    }
}

impl TermScores<WordPlan> for HitExplainer<'_> {
    type Error = TantivyError;

    fn matched(&self, plan: &WordPlan, typos: bool) -> tantivy::Result<MatchedTerms> {
        let found = &plan.segments[self.ranked.segment];
        let mut matched = MatchedTerms::default();
        for form in &found.forms {
            matched.forms.extend(self.form(form, plan)?);
        }
        for phrase in plan.phrases.iter().filter(|phrase| typos || !phrase.is_typo) {
            matched.forms.extend(self.adjacent(phrase, plan)?);
        }
        for extra in &found.extras {
            matched.extras.extend(self.form(extra, plan)?.map(|(_, term)| term));
        }
        for title in &found.titles {
            matched.extras.extend(self.group(title, plan)?.map(|(_, term)| term));
        }
        for group in found.groups(typos) {
            matched.groups.extend(self.group(group, plan)?);
        }
        for title in &found.group_titles {
            matched.group_titles.extend(self.group(title, plan)?);
        }
        Ok(matched)
    }

    fn phrase(&self, phrase: &Box<dyn Weight>) -> tantivy::Result<Option<f32>> {
        let scorer = phrase.scorer(&self.segment().reader, PHRASE)?;
        let mut scorer = FormScorer::new(DocIter::Phrase(scorer), 1.0);
        Ok(scorer.score_of(self.doc()))
    }
}

/// Returns the beginnings of a word that have posting lists.
fn short_prefixes(term: &str) -> impl Iterator<Item = &str> {
    let ends = term.char_indices().map(|(at, c)| at + c.len_utf8()).take(SHORT_PREFIX_CHARS);
    let is_word = !is_marked(term);
    ends.filter(move |_| is_word).map(|end| &term[..end])
}
