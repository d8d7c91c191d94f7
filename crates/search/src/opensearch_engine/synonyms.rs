//! The documents that match by synonyms of typed words.

use std::sync::Arc;

use serde_json::Value;

use super::clauses::{phrase, term, terms};
use super::forms::title_group;
use super::mapping::{SOURCE, STEMS, TERMS, WORDS};
use super::vocabulary::WordNotes;
use super::word_terms::{Group, WordTerms};
use crate::analysis::{SpellingKind, for_each_stem, marked_name, marked_stem};
use crate::highlight::Highlighter;
use crate::query::{QueryUnit, QueryWord};
use crate::rules::{Synonym, SynonymScope};
use crate::weights::{GROUP_IN_TITLE, SYNONYM};
use quarry_config::Language;

/// Adds synonyms to the terms of the words for which they stand; `marks` receives the terms to mark.
pub(super) fn add_synonyms(
    notes: &WordNotes<'_>,
    terms: &mut WordTerms,
    synonyms: &[Arc<Synonym>],
    mut marks: Option<&mut Highlighter>,
) {
    let is_unknown = terms.is_empty();
    let mut frequency = 0;
    for synonym in synonyms {
        let scope = scope_clauses(&synonym.scope);
        let marks = marks.as_deref_mut();
        frequency += match synonym.units.as_slice() {
            [QueryUnit::Word(word)] => add_word(notes, terms, word, &scope, marks),
            units => add_phrase(notes, terms, units, synonym.scope.language, &scope, marks),
        };
    }
    if is_unknown && frequency > 0 {
        terms.idf = notes.idf(frequency);
    }
}

/// Adds a word in all its forms; returns an upper bound of the number of its documents.
fn add_word(
    notes: &WordNotes<'_>,
    terms_of_word: &mut WordTerms,
    word: &QueryWord,
    scope: &[Value],
    marks: Option<&mut Highlighter>,
) -> u64 {
    // Of a name with symbols, the letters alone are another word.
    let with_symbols = word.spellings.iter().find(|spelling| spelling.kind == SpellingKind::Symbols);
    let (word, stems) = match with_symbols {
        Some(spelling) => (spelling.term.clone(), Vec::new()),
        None => (word.text.clone(), notes.stems_of(&word.text, &word.written)),
    };
    let forms: Vec<String> = stems.iter().cloned().chain([word.clone()]).collect();
    let mut found: Vec<String> = forms.clone();
    found.push(marked_name(&word));
    let frequency: u64 = found.iter().map(|term| notes.frequency(term)).sum();
    if frequency > 0 {
        let group = Group::new(terms(TERMS, found), SYNONYM, frequency).within(scope);
        terms_of_word.groups.push(group);
        terms_of_word.group_titles.push(title_group(&forms, GROUP_IN_TITLE));
    }
    if let Some(marks) = marks {
        marks.words.insert(word);
        marks.stems.extend(stems);
    }
    frequency
}

/// Adds adjacent words, exactly and in other forms; returns an estimate of the number of their documents.
fn add_phrase(
    notes: &WordNotes<'_>,
    terms: &mut WordTerms,
    units: &[QueryUnit],
    language: Option<Language>,
    scope: &[Value],
    mut marks: Option<&mut Highlighter>,
) -> u64 {
    let words: Vec<String> = units.iter().flat_map(QueryUnit::texts).map(str::to_owned).collect();
    let mut phrases = vec![(WORDS, words.clone())];
    let main_languages = &notes.vocabulary.main_languages;
    for of in main_languages.iter().filter(|of| language.is_none_or(|only| only == **of)) {
        let form = |word: &String| stem(word, *of).unwrap_or_else(|| word.clone());
        let forms = words.iter().map(form).collect();
        if forms != words {
            phrases.push((STEMS, forms));
        }
    }
    let mut frequency = 0;
    for (field, words) in phrases {
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        let least = notes.least_frequency(&texts);
        if least == 0 {
            continue;
        }
        frequency = frequency.max(least);
        terms.phrases.push(Group::new(phrase(field, &words), SYNONYM, least).within(scope));
        if let Some(marks) = marks.as_deref_mut() {
            let list = if field == WORDS { &mut marks.phrases } else { &mut marks.phrases_of_stems };
            list.push(words);
        }
    }
    if let [QueryUnit::Compound(_, spellings)] = units
        && let Some(joined) = spellings.iter().find(|spelling| spelling.kind == SpellingKind::Joined)
    {
        let term = joined.term.clone();
        let word = QueryWord { written: term.clone(), text: term, spellings: Vec::new(), count: 1 };
        frequency += add_word(notes, terms, &word, scope, marks);
    }
    frequency
}

/// Returns the clauses of the documents of a scope; none for all.
fn scope_clauses(scope: &SynonymScope) -> Vec<Value> {
    let source = scope.source.as_ref().map(|source| term(SOURCE, source.as_str()));
    let language = scope.language.map(|language| term(TERMS, &marked_stem("", language)));
    source.into_iter().chain(language).collect()
}

/// Returns the first stem of a word; `None` for numbers and the like.
fn stem(word: &str, language: Language) -> Option<String> {
    let mut first = None;
    for_each_stem(word, word, language, |stem| {
        first.get_or_insert(stem);
    });
    first
}
