//! The plan of a query: its units, looked up in the words of the cluster.

use std::convert::Infallible;
use std::sync::Arc;

use serde_json::{Value, json};

use super::clauses::{constant, pattern, term};
use super::mapping::{SOURCE, TERMS, WHOLE};
use super::mistyped::MistypedWord;
use super::typos::add_similar;
use super::vocabulary::WordNotes;
use super::word_terms::{ClauseField, Form, Group, TermSet, WordTerms};
use crate::analysis::marked_stem;
use crate::document_terms::SHORT_PREFIX_CHARS;
use crate::explanation::MatchKind;
use crate::field_bonus::{BonusFactors, FieldBonus};
use crate::highlight::Highlighter;
use crate::language_shares::SearchedLanguages;
use crate::planner::{self, PhraseRole, PlannedTerms, PlannedWord, TermLookup, TermRole};
use crate::rules::SynonymScope;
use crate::weights::{COMPOUND, GROUP_IN_TITLE, SYNONYM, WHOLE_FIELD, WHOLE_PREFIX};

pub(super) type ClausePlan = planner::QueryPlan<WordTerms>;
pub(super) type ClauseUnit = planner::PlannedUnit<WordTerms>;
pub(super) type UnitClauses = planner::UnitPlan<WordTerms>;
pub(super) type ClausePlanner<'a> = planner::Planner<'a, ClusterLookup<'a>>;

/// The words of the cluster, as far as they have been looked up.
pub(super) struct ClusterLookup<'a> {
    pub(super) notes: &'a WordNotes<'a>,
    pub(super) languages: Arc<SearchedLanguages>,
    pub(super) bonuses: &'a [FieldBonus<ClauseField>],
}

impl<'a> ClusterLookup<'a> {
    fn add_group_titles(
        bonuses: impl Iterator<Item = &'a FieldBonus<ClauseField>>,
        terms: &mut WordTerms,
        found: &TermSet,
        kind: MatchKind,
        factor: f32,
    ) {
        for FieldBonus { field, of } in bonuses {
            let title = Group::in_field(field.clone(), found.clone(), kind, factor * of.share);
            terms.group_titles.push(title);
        }
    }
}

impl TermLookup for ClusterLookup<'_> {
    type Terms = WordTerms;
    /// The clauses of the documents; none for all.
    type Scope = Vec<Value>;
    type Error = Infallible;

    fn languages(&self) -> &SearchedLanguages {
        &self.languages
    }

    fn stems_all(&self) -> bool {
        self.notes.vocabulary.stems_all
    }

    fn idf(&self, frequency: u64) -> f32 {
        self.notes.idf(frequency)
    }

    fn least_frequency(&self, terms: &[&str]) -> Result<u64, Infallible> {
        Ok(self.notes.least_frequency(terms))
    }

    fn has_word(&self, word: &str, or_prefix: bool) -> Result<bool, Infallible> {
        let set = if or_prefix { TermSet::Prefix(word.to_owned()) } else { one(word) };
        Ok(self.notes.count(set) > 0)
    }

    fn is_complete(&self) -> bool {
        self.notes.is_complete()
    }

    fn empty(&self, floor: f32) -> WordTerms {
        WordTerms { floor, ..WordTerms::default() }
    }

    fn add_term(
        &self,
        terms: &mut WordTerms,
        term: &str,
        role: TermRole,
        kind: MatchKind,
        factor: f32,
    ) -> Result<u64, Infallible> {
        let frequency = self.notes.frequency(term);
        let forms = if role == TermRole::Form { &mut terms.forms } else { &mut terms.extras };
        // Spellings share stems; one of each is enough.
        if frequency > 0 && !forms.iter().any(|known| known.term == term) {
            forms.push(Form { term: term.to_owned(), kind, factor, frequency });
        }
        Ok(frequency)
    }

    fn add_bonuses(
        &self,
        terms: &mut WordTerms,
        words: &[String],
        kind: MatchKind,
        factor: impl Fn(&BonusFactors) -> f32,
    ) -> Result<(), Infallible> {
        for bonus in self.bonuses.iter().filter(|_| !words.is_empty()) {
            let words = TermSet::Terms(words.to_vec());
            terms.titles.push(Group::in_field(bonus.field.clone(), words, kind, factor(&bonus.of)));
        }
        Ok(())
    }

    fn add_completions(
        &self,
        terms: &mut WordTerms,
        prefix: &str,
        kind: MatchKind,
        factor: f32,
    ) -> Result<(), Infallible> {
        let set = TermSet::Prefix(prefix.to_owned());
        let frequency = self.notes.count(set.clone());
        if frequency > 0 {
            terms.groups.push(Group::new(set.clone(), kind, factor, frequency));
            // As in the embedded engine, whose other fields have no short prefixes.
            let is_short = prefix.chars().count() <= SHORT_PREFIX_CHARS;
            let bonuses = self.bonuses.iter().filter(|bonus| !is_short || bonus.field == ClauseField::Title);
            Self::add_group_titles(bonuses, terms, &set, kind, GROUP_IN_TITLE);
        }
        Ok(())
    }

    fn add_compounds(&self, terms: &mut WordTerms, reversed: &str) -> Result<(), Infallible> {
        let set = TermSet::Suffix(reversed.to_owned());
        let frequency = self.notes.count(set.clone());
        if frequency > 0 {
            terms.groups.push(Group::new(set, MatchKind::Compound, COMPOUND, frequency));
        }
        Ok(())
    }

    fn add_phrase(
        &self,
        terms: &mut WordTerms,
        words: &[&str],
        role: PhraseRole<'_, Vec<Value>>,
    ) -> Result<(), Infallible> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let set = match role {
            PhraseRole { are_stems: true, .. } => TermSet::PhraseOfStems(words),
            PhraseRole { is_prefix: true, .. } => TermSet::PhrasePrefix(words),
            _ => TermSet::Phrase(words),
        };
        let group = Group::new(set, role.kind, role.factor, 0);
        let list = if role.is_typo { &mut terms.typo_phrases } else { &mut terms.phrases };
        list.push(group.within(role.scope.map_or(&[], Vec::as_slice)));
        Ok(())
    }

    fn add_begun(&self, terms: &mut WordTerms, characters: &[&str]) -> Result<(), Infallible> {
        // The field of phrases contains characters only, of which few have the same beginning.
        self.add_phrase(terms, characters, PhraseRole::split(false, true))
    }

    fn add_synonym(
        &self,
        terms: &mut WordTerms,
        forms: &[&str],
        name: &str,
        scope: &Vec<Value>,
    ) -> Result<u64, Infallible> {
        let forms: Vec<String> = forms.iter().map(|form| (*form).to_owned()).collect();
        let found: Vec<String> = forms.iter().cloned().chain([name.to_owned()]).collect();
        let frequency = found.iter().map(|term| self.notes.frequency(term)).sum();
        if frequency > 0 {
            let group = Group::new(TermSet::Terms(found), MatchKind::Synonym, SYNONYM, frequency);
            terms.groups.push(group.within(scope));
            let (bonuses, forms) = (self.bonuses.iter(), TermSet::Terms(forms));
            Self::add_group_titles(bonuses, terms, &forms, MatchKind::Synonym, GROUP_IN_TITLE);
        }
        Ok(frequency)
    }

    fn add_similar(
        &self,
        word: &mut PlannedWord<WordTerms>,
        marks: Option<&mut Highlighter>,
    ) -> Result<Option<MistypedWord>, Infallible> {
        let add_titles = |terms: &mut WordTerms, words: &TermSet, factor: f32| {
            Self::add_group_titles(self.bonuses.iter(), terms, words, MatchKind::Typo, factor);
        };
        Ok(add_similar(self.notes, word, marks, add_titles))
    }

    fn scope(&self, scope: &SynonymScope) -> Result<Vec<Value>, Infallible> {
        let source = scope.source.as_ref().map(|source| term(SOURCE, source.as_str()));
        let language = scope.language.map(|language| term(TERMS, &marked_stem("", language)));
        Ok(source.into_iter().chain(language).collect())
    }

    fn phrase(&self, words: &[String]) -> Result<Vec<String>, Infallible> {
        Ok(words.to_vec())
    }

    fn wholes(
        &self,
        whole: Option<&str>,
        is_prefix: bool,
        idf: f32,
    ) -> Result<<WordTerms as PlannedTerms>::Wholes, Infallible> {
        let Some(whole) = whole else { return Ok(Vec::new()) };
        let mut clauses = vec![constant(term(WHOLE, whole), idf * WHOLE_FIELD)];
        // Completions of one and two letters say little, and are many.
        if is_prefix && whole.chars().count() > SHORT_PREFIX_CHARS {
            let mut pattern = pattern(whole);
            pattern.push_str("[^ ]+");
            // Only the last word continues.
            let completed = json!({ "regexp": { WHOLE: { "value": pattern, "flags": "NONE" } } });
            clauses.push(constant(completed, idf * WHOLE_PREFIX));
        }
        Ok(clauses)
    }
}

/// Returns one term.
pub(super) fn one(term: &str) -> TermSet {
    TermSet::Terms(vec![term.to_owned()])
}
