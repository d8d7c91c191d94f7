//! The explanation of a hit's score: evaluates each part of the plan for one document.

use tantivy::DocId;
use tantivy::postings::TermInfo;

use super::curation::Curation;
use super::field_terms::TermsByField;
use super::plan::{QueryPlan, UnitPlan};
use super::ranked_doc::RankedDoc;
use super::schema::Fields;
use super::scorers::{DocIter, FormScorer, sum_of_scores};
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::PHRASE;
use super::word::{PhraseForm, TermGroup, WordForm, WordPlan};
use crate::explanation::{Explanation, MatchKind, TermScore, WordScore};
use crate::query::PartPlaces;
use crate::rules::AppliedRule;

/// Rounding of sums of scores.
const ROUNDING: f32 = 1e-4;

/// Explains the score of one document.
pub(super) struct HitExplainer<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) fields: &'a Fields,
    pub(super) plan: &'a QueryPlan,
    pub(super) curation: &'a Curation,
    pub(super) rules: &'a [AppliedRule],
    /// True if one of the units suffices.
    pub(super) any: bool,
    /// For each unit whether the tier of the document permits typos.
    pub(super) typos: &'a [bool],
    pub(super) terms: &'a TermsByField,
    pub(super) ranked: &'a RankedDoc,
}

/// A match with the weight by which forms of a word are compared.
type RankedTerm = (f32, TermScore);

impl HitExplainer<'_> {
    pub(super) fn explain(&self, by_score: bool) -> tantivy::Result<Explanation> {
        let (ordinal, doc) = (self.ranked.segment, self.ranked.doc);
        let mut words = Vec::new();
        for (unit, &typos) in self.plan.included.iter().zip(self.typos) {
            words.extend(self.unit(&unit.plan, typos)?);
        }
        let whole = self.plan.whole[ordinal].iter().map(|group| group.scorer(1.0, self.segment()));
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

    /// Returns the scores of the words of a unit; none if it does not match.
    fn unit(&self, plan: &UnitPlan, typos: bool) -> tantivy::Result<Vec<WordScore>> {
        Ok(match plan {
            UnitPlan::Word(word) => self.word(&word.text, &word.terms, typos)?.into_iter().collect(),
            UnitPlan::Phrase(weight, text) => {
                let scorer = weight.scorer(&self.segment().reader, PHRASE)?;
                let mut scorer = FormScorer::new(DocIter::Phrase(scorer), 1.0);
                let score = scorer.score_of(self.doc());
                score.map(|score| phrase(text, score)).into_iter().collect()
            }
            UnitPlan::Compound(parts, joined, places) => {
                let text: String = parts.iter().map(|part| part.text.as_str()).collect();
                let joined = self.word(&text, joined, typos)?;
                if !self.any && *places != PartPlaces::Anywhere {
                    return Ok(joined.into_iter().collect());
                }
                let parts = parts.iter().map(|part| {
                    let score = self.word(&part.text, &part.terms, typos)?;
                    Ok((part.is_informative, score.into_iter().collect()))
                });
                self.better(parts.collect::<tantivy::Result<_>>()?, joined)
            }
            UnitPlan::Group(parts, synonyms) => {
                let texts = parts.iter().flat_map(|part| part.plan.words()).map(|word| word.text.as_str());
                let synonyms = self.word(&texts.collect::<Vec<_>>().join(" "), synonyms, typos)?;
                let parts = parts.iter().map(|part| Ok((part.is_informative, self.unit(&part.plan, typos)?)));
                self.better(parts.collect::<tantivy::Result<_>>()?, synonyms)
            }
        })
    }

    /// Returns the parts of a compound, if they match, or the whole, whichever scores more.
    fn better(&self, parts: Vec<(bool, Vec<WordScore>)>, whole: Option<WordScore>) -> Vec<WordScore> {
        let has_informative = parts.iter().any(|(is_informative, _)| *is_informative);
        let mut required = parts
            .iter()
            .filter(|(is_informative, _)| !self.any || *is_informative || !has_informative)
            .map(|(_, words)| !words.is_empty());
        let matches = if self.any { required.any(|has| has) } else { required.all(|has| has) };
        let parts: Vec<WordScore> =
            if matches { parts.into_iter().flat_map(|(_, words)| words).collect() } else { Vec::new() };
        match whole {
            Some(whole) if whole.score > sum(&parts) => vec![whole],
            Some(whole) if parts.is_empty() => vec![whole],
            _ => parts,
        }
    }

    /// Returns the score of a word, as `WordScorer` adds it up; `None` if it does not match.
    fn word(&self, text: &str, plan: &WordPlan, typos: bool) -> tantivy::Result<Option<WordScore>> {
        let found = &plan.segments[self.ranked.segment];
        let mut terms = Vec::new();
        let mut forms = Vec::new();
        for form in &found.forms {
            forms.extend(self.form(form, plan)?);
        }
        for phrase in plan.phrases.iter().filter(|phrase| typos || !phrase.is_typo) {
            forms.extend(self.adjacent(phrase, plan)?);
        }
        if let Some(form) = best(forms) {
            terms.push(form);
            for extra in &found.extras {
                terms.extend(self.form(extra, plan)?.map(|(_, term)| term));
            }
            for group in &found.titles {
                terms.extend(self.group(group, plan)?.map(|(_, term)| term));
            }
        } else {
            let mut groups = Vec::new();
            for group in found.groups(typos) {
                groups.extend(self.group(group, plan)?);
            }
            let Some(group) = best(groups) else { return Ok(None) };
            terms.push(group);
            let mut titles = Vec::new();
            for group in &found.group_titles {
                titles.extend(self.group(group, plan)?);
            }
            terms.extend(best(titles));
        }
        let score = terms.iter().map(|term| term.score).sum();
        Ok(Some(WordScore { word: text.to_owned(), idf: plan.idf, score, terms }))
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
        let (fields, words) = self.terms.containing(field, infos, self.fields, self.segment())?;
        Ok(TermScore { kind, fields, words, weight, score })
    }
}

/// Returns the match with the greatest weight, the first of equal ones.
fn best(terms: Vec<RankedTerm>) -> Option<TermScore> {
    let mut best: Option<RankedTerm> = None;
    for term in terms {
        if best.as_ref().is_none_or(|(weight, _)| term.0 > *weight) {
            best = Some(term);
        }
    }
    best.map(|(_, term)| term)
}

fn phrase(text: &str, score: f32) -> WordScore {
    let (fields, words) = (Vec::new(), Vec::new());
    let terms = vec![TermScore { kind: MatchKind::Phrase, fields, words, weight: PHRASE, score }];
    WordScore { word: text.to_owned(), idf: 1.0, score, terms }
}

fn sum(words: &[WordScore]) -> f32 {
    words.iter().map(|word| word.score).fold(0.0, |sum, score| sum + score)
}
