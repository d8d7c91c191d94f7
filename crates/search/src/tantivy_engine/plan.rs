//! The plan of a query: its units, looked up in the dictionaries of a snapshot.

use std::sync::Arc;

use tantivy::TantivyError;
use tantivy::postings::TermInfo;
use tantivy::query::Weight;
use tantivy_common::BitSet;

use super::bit_sets::intersection;
use super::fuzzy_words::{FuzzyWords, Misspelling};
use super::phrases::{phrase_prefix_weight, phrase_weight};
use super::schema::Fields;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::term_list::TermList;
use super::weights::{COMPOUND, GROUP_IN_TITLE, SYNONYM};
use super::wholes::whole_groups;
use super::word::{PhraseForm, TermGroup, WordForm, WordPlan, infos_of, is_commonplace, push_group};
use crate::analysis::{ends_in_part, marked_beginning, marked_stem};
use crate::document_terms::SHORT_PREFIX_CHARS;
use crate::explanation::MatchKind;
use crate::field_bonus::BonusFactors;
use crate::filter::DocumentFilter;
use crate::highlight::Highlighter;
use crate::language_shares::SearchedLanguages;
use crate::planner::{PhraseRole, PlannedTerms, PlannedWord, Planner, QueryPlan, TermLookup, TermRole};
use crate::rules::{Rulebook, SynonymScope};

/// Completions of a prefix that are scanned.
const MAX_COMPLETIONS: usize = 20_000;
/// Words that end with another one.
const MAX_COMPOUNDS: usize = 2_000;

pub(super) type SnapshotPlan = QueryPlan<WordPlan>;
pub(super) type SnapshotPlanner<'a> = Planner<'a, SnapshotLookup<'a>>;

/// The documents of a scope in each segment; `None` for all.
type ScopeSets = Option<Arc<[Arc<BitSet>]>>;

/// The words of a snapshot.
pub(super) struct SnapshotLookup<'a> {
    snapshot: &'a IndexSnapshot,
    fields: &'a Fields,
    languages: Arc<SearchedLanguages>,
}

/// Returns the planner of queries within a filter.
pub(super) fn planner<'a>(
    snapshot: &'a IndexSnapshot,
    fields: &'a Fields,
    rulebook: &'a Rulebook,
    filter: &'a DocumentFilter,
    marks: bool,
) -> SnapshotPlanner<'a> {
    let lookup = SnapshotLookup { snapshot, fields, languages: snapshot.languages.within(filter) };
    Planner { lookup, rulebook, filter, marks }
}

impl PlannedTerms for WordPlan {
    type Phrase = Box<dyn Weight>;
    /// For each segment, terms with the score that they add.
    type Wholes = Vec<Vec<TermGroup>>;
    type Misspelling = Misspelling;

    fn idf(&self) -> f32 {
        self.idf
    }

    fn set_idf(&mut self, idf: f32) {
        self.idf = idf;
    }

    fn is_empty(&self) -> bool {
        self.phrases.is_empty()
            && self.segments.iter().all(|found| found.forms.is_empty() && found.groups.is_empty())
    }

    fn has_forms(&self) -> bool {
        self.segments.iter().any(|found| !found.forms.is_empty())
    }

    fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }

    fn group_frequency(&self) -> u64 {
        self.segments.iter().flat_map(|found| &found.groups).map(TermGroup::frequency).sum()
    }
}

impl TermLookup for SnapshotLookup<'_> {
    type Terms = WordPlan;
    type Scope = ScopeSets;
    type Error = TantivyError;

    fn languages(&self) -> &SearchedLanguages {
        &self.languages
    }

    fn stems_all(&self) -> bool {
        self.snapshot.stems_all
    }

    fn idf(&self, frequency: u64) -> f32 {
        self.snapshot.idf(frequency)
    }

    fn least_frequency(&self, terms: &[&str]) -> tantivy::Result<u64> {
        self.snapshot.least_frequency(terms)
    }

    fn has_word(&self, word: &str, or_prefix: bool) -> tantivy::Result<bool> {
        self.snapshot.has_word(word, or_prefix)
    }

    fn empty(&self, floor: f32) -> WordPlan {
        WordPlan::empty(self.snapshot.segments.len(), floor)
    }

    fn add_term(
        &self,
        terms: &mut WordPlan,
        term: &str,
        role: TermRole,
        kind: MatchKind,
        factor: f32,
    ) -> tantivy::Result<u64> {
        let mut frequency = 0;
        let mut added = Vec::new();
        for (ordinal, (found, segment)) in terms.segments.iter_mut().zip(&self.snapshot.segments).enumerate()
        {
            if let Some(info) = segment.words.terms().get(term)? {
                frequency += u64::from(info.doc_freq);
                let forms = found.forms_of(role);
                // Spellings share stems; one posting list of each is enough.
                if !forms.iter().any(|known| known.info.postings_range == info.postings_range) {
                    forms.push(WordForm { info, kind, factor, commonplace: false });
                    added.push(ordinal);
                }
            }
        }
        if is_commonplace(frequency, self.snapshot.documents) {
            for ordinal in added {
                if let Some(form) = terms.segments[ordinal].forms_of(role).last_mut() {
                    form.commonplace = true;
                }
            }
        }
        Ok(frequency)
    }

    fn add_bonuses(
        &self,
        terms: &mut WordPlan,
        words: &[String],
        kind: MatchKind,
        factor: impl Fn(&BonusFactors) -> f32,
    ) -> tantivy::Result<()> {
        for bonus in &self.snapshot.bonuses {
            let factor = factor(&bonus.of);
            for (found, segment) in terms.segments.iter_mut().zip(&self.snapshot.segments) {
                let infos = infos_of(segment, bonus.field, words)?;
                push_group(&mut found.titles, bonus.field, infos, kind, factor);
            }
        }
        Ok(())
    }

    fn add_completions(
        &self,
        terms: &mut WordPlan,
        prefix: &str,
        kind: MatchKind,
        factor: f32,
    ) -> tantivy::Result<()> {
        let is_short = prefix.chars().count() <= SHORT_PREFIX_CHARS;
        let bonuses = &self.snapshot.bonuses;
        for (found, segment) in terms.segments.iter_mut().zip(&self.snapshot.segments) {
            if is_short {
                let info = segment.prefixes.terms().get(prefix)?;
                push_group(&mut found.groups, TermField::Prefixes, info, kind, factor);
                // Other fields have no short prefixes: such completions are too many to be told apart.
                if let Some(title) = bonuses.iter().find(|bonus| bonus.field == TermField::Title) {
                    let info = segment.title_prefixes.terms().get(prefix)?;
                    let factor = GROUP_IN_TITLE * title.of.share;
                    push_group(&mut found.group_titles, TermField::TitlePrefixes, info, kind, factor);
                }
                continue;
            }
            let words = completions(segment, TermField::Words, prefix)?;
            push_group(&mut found.groups, TermField::Words, words, kind, factor);
            for bonus in bonuses {
                let words = completions(segment, bonus.field, prefix)?;
                let factor = GROUP_IN_TITLE * bonus.of.share;
                push_group(&mut found.group_titles, bonus.field, words, kind, factor);
            }
        }
        Ok(())
    }

    fn add_compounds(&self, terms: &mut WordPlan, reversed: &str) -> tantivy::Result<()> {
        let is_compound = |term: &str| ends_in_part(term, reversed);
        for (found, segment) in terms.segments.iter_mut().zip(&self.snapshot.segments) {
            let infos =
                infos_with_prefix(segment, TermField::Suffixes, reversed, MAX_COMPOUNDS, is_compound)?;
            push_group(&mut found.groups, TermField::Suffixes, infos, MatchKind::Compound, COMPOUND);
        }
        Ok(())
    }

    fn add_phrase(
        &self,
        terms: &mut WordPlan,
        words: &[&str],
        role: PhraseRole<'_, ScopeSets>,
    ) -> tantivy::Result<()> {
        let weight = if role.is_prefix {
            phrase_prefix_weight(self.snapshot, self.fields, words)?
        } else {
            phrase_weight(self.snapshot, self.fields, words)?
        };
        let PhraseRole { factor, kind, is_typo, scope, .. } = role;
        terms.phrases.push(PhraseForm { weight, factor, kind, is_typo, within: scope.cloned().flatten() });
        Ok(())
    }

    fn add_begun(&self, terms: &mut WordPlan, characters: &[&str]) -> tantivy::Result<()> {
        let Some((last, before)) = characters.split_last() else { return Ok(()) };
        // The completions of a character include all words that begin with it.
        let beginning = marked_beginning(last);
        let words: Vec<&str> = before.iter().copied().chain([beginning.as_str()]).collect();
        self.add_phrase(terms, &words, PhraseRole::split(false, false))
    }

    fn add_synonym(
        &self,
        terms: &mut WordPlan,
        forms: &[&str],
        name: &str,
        scope: &ScopeSets,
    ) -> tantivy::Result<u64> {
        let mut frequency = 0;
        for (ordinal, (found, segment)) in terms.segments.iter_mut().zip(&self.snapshot.segments).enumerate()
        {
            let set = scope.as_ref().map(|sets| sets[ordinal].clone());
            let mut infos = infos_of(segment, TermField::Words, forms)?;
            infos.extend(segment.words.terms().get(name)?);
            if infos.is_empty() {
                continue;
            }
            let group = TermGroup::within(TermField::Words, infos, MatchKind::Synonym, SYNONYM, set);
            frequency += group.frequency();
            found.groups.push(group);
            for bonus in &self.snapshot.bonuses {
                let infos = infos_of(segment, bonus.field, forms)?;
                let factor = GROUP_IN_TITLE * bonus.of.share;
                push_group(&mut found.group_titles, bonus.field, infos, MatchKind::Synonym, factor);
            }
        }
        Ok(frequency)
    }

    fn add_similar(
        &self,
        word: &mut PlannedWord<WordPlan>,
        marks: Option<&mut Highlighter>,
    ) -> tantivy::Result<Option<Misspelling>> {
        let found = FuzzyWords::of(self.snapshot, &word.text, word.is_prefix)?;
        let Some(found) = found else { return Ok(None) };
        found.add_to(self.snapshot, &mut word.terms)?;
        if let Some(marks) = marks {
            found.mark(marks);
        }
        Ok(Some(found.misspelling(&word.text)))
    }

    fn scope(&self, scope: &SynonymScope) -> tantivy::Result<ScopeSets> {
        if *scope == SynonymScope::default() {
            return Ok(None);
        }
        let sets = self.snapshot.segments.iter().map(|segment| scope_set(segment, scope));
        Ok(Some(sets.collect::<tantivy::Result<Vec<_>>>()?.into()))
    }

    fn phrase(&self, words: &[String]) -> tantivy::Result<Box<dyn Weight>> {
        phrase_weight(self.snapshot, self.fields, words)
    }

    fn wholes(&self, whole: Option<&str>, is_prefix: bool, idf: f32) -> tantivy::Result<Vec<Vec<TermGroup>>> {
        whole_groups(self.snapshot, whole, is_prefix, idf)
    }
}

fn completions(segment: &IndexSegment, field: TermField, prefix: &str) -> tantivy::Result<TermList> {
    let read = || infos_with_prefix(segment, field, prefix, MAX_COMPLETIONS, |_| true);
    segment.derived.completion_lists.get(field, prefix, read)
}

fn infos_with_prefix(
    segment: &IndexSegment,
    field: TermField,
    prefix: &str,
    limit: usize,
    accepts: impl Fn(&str) -> bool,
) -> tantivy::Result<Vec<TermInfo>> {
    let mut found = Vec::new();
    let mut terms = segment.terms_with_prefix(segment.terms_of(field), prefix)?;
    while found.len() < limit && terms.advance() {
        if std::str::from_utf8(terms.key()).is_ok_and(&accepts) {
            found.push(terms.value().clone());
        }
    }
    Ok(found)
}

/// Returns the documents of a segment within a scope, deleted ones included.
fn scope_set(segment: &IndexSegment, scope: &SynonymScope) -> tantivy::Result<Arc<BitSet>> {
    let (max_doc, derived) = (segment.max_doc(), &segment.derived);
    let none = || Arc::new(BitSet::with_max_value(max_doc));
    let mut sets = Vec::new();
    if let Some(source) = &scope.source {
        let info = segment.source.terms().get(source.as_str())?;
        let set = info.map(|info| derived.source_sets.get(&segment.source, &info, max_doc)).transpose()?;
        sets.push(set.unwrap_or_else(none));
    }
    if let Some(language) = scope.language {
        let info = segment.words.terms().get(marked_stem("", language))?;
        let set = info.map(|info| derived.term_sets.get(&segment.words, &info, max_doc)).transpose()?;
        sets.push(set.unwrap_or_else(none));
    }
    Ok(match sets.as_slice() {
        [one] => one.clone(),
        [one, other] => Arc::new(intersection(one, other, max_doc)),
        _ => none(),
    })
}
