//! The scores of the words of a query in one document, from those of their terms.

use super::explanation::{MatchKind, TermScore, WordScore};
use super::planner::{PlannedTerms, UnitPlan, required};
use super::query::PartPlaces;
use super::tiers::RequiredUnits;
use super::weights::PHRASE;

/// A match with the weight by which forms of a word are compared.
pub(crate) type RankedTerm = (f32, TermScore);

/// The terms of a word that a document contains.
#[derive(Default)]
pub(crate) struct MatchedTerms {
    /// Of these, the best counts.
    pub(crate) forms: Vec<RankedTerm>,
    /// These add to the best form.
    pub(crate) extras: Vec<TermScore>,
    /// Without a form, the best of these counts.
    pub(crate) groups: Vec<RankedTerm>,
    /// The best of these adds to the best group.
    pub(crate) group_titles: Vec<RankedTerm>,
}

/// The scores of terms in one document.
pub(crate) trait TermScores<T: PlannedTerms> {
    type Error;

    /// Returns the terms of a word that the document contains, with typos if they are permitted.
    fn matched(&self, terms: &T, typos: bool) -> Result<MatchedTerms, Self::Error>;
    /// Returns the score of quoted words; `None` if the document does not contain them.
    fn phrase(&self, phrase: &T::Phrase) -> Result<Option<f32>, Self::Error>;

    /// Returns the scores of the words of a unit; none if it does not match.
    fn unit(
        &self,
        plan: &UnitPlan<T>,
        tier: RequiredUnits,
        typos: bool,
    ) -> Result<Vec<WordScore>, Self::Error> {
        Ok(match plan {
            UnitPlan::Word(word) => self.word(&word.text, &word.terms, typos)?.into_iter().collect(),
            UnitPlan::Phrase(words, text) => {
                self.phrase(words)?.map(|score| phrase_score(text, score)).into_iter().collect()
            }
            UnitPlan::Compound(parts, joined, places) => {
                let text: String = parts.iter().map(|part| part.text.as_str()).collect();
                let joined = self.word(&text, joined, typos)?;
                if !tier.any() && *places != PartPlaces::Anywhere {
                    return Ok(joined.into_iter().collect());
                }
                let mut scores = Vec::with_capacity(parts.len());
                for part in parts {
                    let score = self.word(&part.text, &part.terms, typos)?;
                    scores.push((tier.includes_word(part), score.into_iter().collect()));
                }
                better(scores, joined, tier.any())
            }
            UnitPlan::Group(parts, synonyms) => {
                let texts = parts.iter().flat_map(|part| part.plan.words()).map(|word| word.text.as_str());
                let synonyms = self.word(&texts.collect::<Vec<_>>().join(" "), synonyms, typos)?;
                let mut scores = Vec::with_capacity(parts.len());
                for part in parts {
                    scores.push((tier.includes_part(part), self.unit(&part.plan, tier, typos)?));
                }
                better(scores, synonyms, tier.any())
            }
        })
    }

    /// Returns the score of a word; `None` if it does not match.
    fn word(&self, text: &str, terms: &T, typos: bool) -> Result<Option<WordScore>, Self::Error> {
        let MatchedTerms { forms, extras, groups, group_titles } = self.matched(terms, typos)?;
        let mut found = Vec::new();
        if let Some(form) = best(forms) {
            found.push(form);
            found.extend(extras);
        } else {
            let Some(group) = best(groups) else { return Ok(None) };
            found.push(group);
            found.extend(best(group_titles));
        }
        let score = found.iter().map(|term| term.score).sum();
        Ok(Some(WordScore { word: text.to_owned(), idf: terms.idf(), score, terms: found }))
    }
}

/// Returns the parts of a compound, if they match, or the whole, whichever scores more.
fn better(parts: Vec<(bool, Vec<WordScore>)>, whole: Option<WordScore>, any: bool) -> Vec<WordScore> {
    let (required, _) = required(&parts, |(counts, _)| *counts);
    let mut matching = required.iter().map(|(_, words)| !words.is_empty());
    let matches = if any { matching.any(|has| has) } else { matching.all(|has| has) };
    let parts: Vec<WordScore> =
        if matches { parts.into_iter().flat_map(|(_, words)| words).collect() } else { Vec::new() };
    match whole {
        Some(whole) if whole.score > sum(&parts) => vec![whole],
        Some(whole) if parts.is_empty() => vec![whole],
        _ => parts,
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

fn phrase_score(text: &str, score: f32) -> WordScore {
    let (fields, words) = (Vec::new(), Vec::new());
    let terms = vec![TermScore { kind: MatchKind::Phrase, fields, words, weight: PHRASE, score }];
    WordScore { word: text.to_owned(), idf: 1.0, score, terms }
}

/// Returns the sum of the scores of words.
pub(crate) fn sum(words: &[WordScore]) -> f32 {
    words.iter().map(|word| word.score).fold(0.0, |sum, score| sum + score)
}
