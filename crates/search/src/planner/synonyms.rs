//! The documents that match by synonyms of typed words.
//!
//! They score below those with a form of the typed words, and above completions and typos.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::lookup::{PhraseRole, TermLookup};
use super::units::PlannedTerms;
use crate::analysis::{SpellingKind, for_each_stem, marked_name};
use crate::explanation::MatchKind;
use crate::highlight::Highlighter;
use crate::query::{QueryUnit, QueryWord, joined_of};
use crate::rules::{Synonym, SynonymScope};
use crate::weights::SYNONYM;
use quarry_config::Language;

/// Looks synonyms up.
pub(super) struct SynonymLookup<'a, L: TermLookup> {
    lookup: &'a L,
    scopes: HashMap<SynonymScope, L::Scope>,
}

impl<'a, L: TermLookup> SynonymLookup<'a, L> {
    pub(super) fn new(lookup: &'a L) -> Self {
        Self { lookup, scopes: HashMap::new() }
    }

    /// Adds synonyms to the terms of the words for which they stand; `marks` receives the terms to mark.
    pub(super) fn add(
        &mut self,
        terms: &mut L::Terms,
        synonyms: &[Arc<Synonym>],
        mut marks: Option<&mut Highlighter>,
    ) -> Result<(), L::Error> {
        let is_unknown = terms.is_empty();
        let mut frequency = 0;
        for synonym in synonyms {
            let scope = match self.scopes.entry(synonym.scope.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.lookup.scope(&synonym.scope)?),
            };
            let marks = marks.as_deref_mut();
            frequency += match synonym.units.as_slice() {
                [QueryUnit::Word(word)] => add_word(self.lookup, terms, word, scope, marks)?,
                units => add_phrase(self.lookup, terms, units, synonym.scope.language, scope, marks)?,
            };
        }
        if is_unknown && frequency > 0 {
            terms.set_idf(self.lookup.idf(frequency));
        }
        Ok(())
    }
}

/// Adds a word in all its forms; returns an upper bound of the number of its documents.
fn add_word<L: TermLookup>(
    lookup: &L,
    terms: &mut L::Terms,
    word: &QueryWord,
    scope: &L::Scope,
    marks: Option<&mut Highlighter>,
) -> Result<u64, L::Error> {
    // Of a name with symbols, the letters alone are another word.
    let with_symbols = word.spellings.iter().find(|spelling| spelling.kind == SpellingKind::Symbols);
    let (word, stems) = match with_symbols {
        Some(spelling) => (spelling.term.as_str(), Vec::new()),
        None => (word.text.as_str(), lookup.languages().stems_of(&word.text, &word.written)),
    };
    let forms: Vec<&str> = stems.iter().map(String::as_str).chain([word]).collect();
    let frequency = lookup.add_synonym(terms, &forms, &marked_name(word), scope)?;
    if let Some(marks) = marks {
        marks.words.insert(word.to_owned());
        marks.stems.extend(stems);
    }
    Ok(frequency)
}

/// Adds adjacent words, exactly and in other forms; returns an estimate of the number of their documents.
fn add_phrase<L: TermLookup>(
    lookup: &L,
    terms: &mut L::Terms,
    units: &[QueryUnit],
    language: Option<Language>,
    scope: &L::Scope,
    mut marks: Option<&mut Highlighter>,
) -> Result<u64, L::Error> {
    let words: Vec<String> = units.iter().flat_map(QueryUnit::texts).map(str::to_owned).collect();
    let mut phrases = vec![words.clone()];
    for of in lookup.languages().main.iter().filter(|of| language.is_none_or(|only| only == **of)) {
        let form = |word: &String| stem(word, *of).unwrap_or_else(|| word.clone());
        phrases.push(words.iter().map(form).collect());
    }
    phrases.dedup();
    let mut frequency = 0;
    for (at, phrase) in phrases.into_iter().enumerate() {
        let texts: Vec<&str> = phrase.iter().map(String::as_str).collect();
        let least = lookup.least_frequency(&texts)?;
        if least == 0 {
            continue;
        }
        frequency = frequency.max(least);
        let role = PhraseRole {
            kind: MatchKind::Synonym,
            factor: SYNONYM,
            is_typo: false,
            is_prefix: false,
            are_stems: at > 0,
            scope: Some(scope),
        };
        lookup.add_phrase(terms, &texts, role)?;
        if let Some(marks) = marks.as_deref_mut() {
            let list = if at == 0 { &mut marks.phrases } else { &mut marks.phrases_of_stems };
            list.push(phrase);
        }
    }
    if let [QueryUnit::Compound(_, spellings)] = units
        && let Some(joined) = joined_of(spellings)
    {
        let term = joined.to_owned();
        let word = QueryWord {
            written: term.clone(),
            text: term,
            spellings: Vec::new(),
            count: 1,
            is_elided: false,
        };
        frequency += add_word(lookup, terms, &word, scope, marks)?;
    }
    Ok(frequency)
}

/// Returns the first stem of a word; `None` for numbers and the like.
fn stem(word: &str, language: Language) -> Option<String> {
    let mut first = None;
    for_each_stem(word, word, language, |stem| {
        first.get_or_insert(stem);
    });
    first
}
