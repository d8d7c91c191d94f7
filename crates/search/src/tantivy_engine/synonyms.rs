//! The documents that match by synonyms of typed words.
//!
//! They score below those with a form of the typed words, and above completions and typos.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy_common::BitSet;

use super::super::analysis::{SpellingKind, for_each_stem, marked_name, marked_stem};
use super::super::explanation::MatchKind;
use super::super::highlight::Highlighter;
use super::super::query::{QueryUnit, QueryWord};
use super::super::rules::{Synonym, SynonymScope};
use super::bit_sets::intersection;
use super::forms::{infos_of, push_group};
use super::phrases::phrase_weight;
use super::schema::Fields;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::{GROUP_IN_TITLE, SYNONYM};
use super::word::{PhraseForm, TermGroup, WordPlan};
use quarry_config::Language;

/// The documents of a scope in each segment; `None` for all.
type ScopeSets = Option<Arc<[Arc<BitSet>]>>;

/// Looks synonyms up in a snapshot.
pub(super) struct SynonymLookup<'a> {
    snapshot: &'a IndexSnapshot,
    fields: &'a Fields,
    scopes: HashMap<SynonymScope, ScopeSets>,
}

impl<'a> SynonymLookup<'a> {
    pub(super) fn new(snapshot: &'a IndexSnapshot, fields: &'a Fields) -> Self {
        Self { snapshot, fields, scopes: HashMap::new() }
    }

    /// Adds synonyms to the terms of the words for which they stand; `marks` receives the terms to mark.
    pub(super) fn add(
        &mut self,
        terms: &mut WordPlan,
        synonyms: &[Arc<Synonym>],
        mut marks: Option<&mut Highlighter>,
    ) -> tantivy::Result<()> {
        let is_unknown = terms.is_empty();
        let mut frequency = 0;
        for synonym in synonyms {
            let within = self.documents(&synonym.scope)?;
            let marks = marks.as_deref_mut();
            frequency += match synonym.units.as_slice() {
                [QueryUnit::Word(word)] => self.add_word(terms, word, &within, marks)?,
                units => self.add_phrase(terms, units, synonym.scope.language, &within, marks)?,
            };
        }
        if is_unknown && frequency > 0 {
            terms.idf = self.snapshot.idf(frequency);
        }
        Ok(())
    }

    /// Adds a word in all its forms; returns an upper bound of the number of its documents.
    fn add_word(
        &self,
        terms: &mut WordPlan,
        word: &QueryWord,
        within: &ScopeSets,
        marks: Option<&mut Highlighter>,
    ) -> tantivy::Result<u64> {
        // Of a name with symbols, the letters alone are another word.
        let with_symbols = word.spellings.iter().find(|spelling| spelling.kind == SpellingKind::Symbols);
        let (word, stems) = match with_symbols {
            Some(spelling) => (spelling.term.as_str(), Vec::new()),
            None => (word.text.as_str(), self.snapshot.stems_of(&word.text, &word.written)),
        };
        let name = marked_name(word);
        let forms: Vec<&str> = stems.iter().map(String::as_str).chain([word]).collect();
        let mut frequency = 0;
        for (ordinal, (found, segment)) in terms.segments.iter_mut().zip(&self.snapshot.segments).enumerate()
        {
            let set = within.as_ref().map(|sets| sets[ordinal].clone());
            let mut infos = Vec::new();
            for term in forms.iter().copied().chain([name.as_str()]) {
                infos.extend(segment.words.terms().get(term)?);
            }
            if infos.is_empty() {
                continue;
            }
            let group = TermGroup::within(TermField::Words, infos, MatchKind::Synonym, SYNONYM, set);
            frequency += group.frequency();
            found.groups.push(group);
            for bonus in &self.snapshot.bonuses {
                let infos = infos_of(segment, bonus.field, &forms)?;
                let factor = GROUP_IN_TITLE * bonus.share;
                push_group(&mut found.group_titles, bonus.field, infos, MatchKind::Synonym, factor);
            }
        }
        if let Some(marks) = marks {
            marks.words.insert(word.to_owned());
            marks.stems.extend(stems);
        }
        Ok(frequency)
    }

    /// Adds adjacent words, exactly and in other forms; returns an estimate of the number of their documents.
    fn add_phrase(
        &self,
        terms: &mut WordPlan,
        units: &[QueryUnit],
        language: Option<Language>,
        within: &ScopeSets,
        mut marks: Option<&mut Highlighter>,
    ) -> tantivy::Result<u64> {
        let words: Vec<String> = units.iter().flat_map(QueryUnit::texts).map(str::to_owned).collect();
        let mut phrases = vec![words.clone()];
        for of in self.snapshot.main_languages.iter().filter(|of| language.is_none_or(|only| only == **of)) {
            let form = |word: &String| stem(word, *of).unwrap_or_else(|| word.clone());
            phrases.push(words.iter().map(form).collect());
        }
        phrases.dedup();
        let mut frequency = 0;
        for (at, phrase) in phrases.into_iter().enumerate() {
            let texts: Vec<&str> = phrase.iter().map(String::as_str).collect();
            let least = self.snapshot.least_frequency(&texts)?;
            if least == 0 {
                continue;
            }
            frequency = frequency.max(least);
            let weight = phrase_weight(self.snapshot, self.fields, &phrase)?;
            let within = within.clone();
            terms.phrases.push(PhraseForm {
                weight,
                factor: SYNONYM,
                kind: MatchKind::Synonym,
                is_typo: false,
                within,
            });
            if let Some(marks) = marks.as_deref_mut() {
                let list = if at == 0 { &mut marks.phrases } else { &mut marks.phrases_of_stems };
                list.push(phrase);
            }
        }
        if let [QueryUnit::Compound(_, spellings)] = units
            && let Some(joined) = spellings.iter().find(|spelling| spelling.kind == SpellingKind::Joined)
        {
            let term = joined.term.clone();
            let word = QueryWord { written: term.clone(), text: term, spellings: Vec::new(), count: 1 };
            frequency += self.add_word(terms, &word, within, marks)?;
        }
        Ok(frequency)
    }

    /// Returns the documents of a scope.
    fn documents(&mut self, scope: &SynonymScope) -> tantivy::Result<ScopeSets> {
        if *scope == SynonymScope::default() {
            return Ok(None);
        }
        if let Some(known) = self.scopes.get(scope) {
            return Ok(known.clone());
        }
        let sets = self.snapshot.segments.iter().map(|segment| scope_set(segment, scope));
        let sets: ScopeSets = Some(sets.collect::<tantivy::Result<Vec<_>>>()?.into());
        self.scopes.insert(scope.clone(), sets.clone());
        Ok(sets)
    }
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

/// Returns the first stem of a word; `None` for numbers and the like.
fn stem(word: &str, language: Language) -> Option<String> {
    let mut first = None;
    for_each_stem(word, word, language, |stem| {
        first.get_or_insert(stem);
    });
    first
}
