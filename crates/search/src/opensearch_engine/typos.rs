//! The words of the index that a typed one may mean.

use std::collections::BTreeSet;

use super::mistyped::MistypedWord;
use super::vocabulary::WordNotes;
use super::word_terms::{Group, TermSet, WordTerms};
use crate::analysis::for_each_stem;
use crate::explanation::MatchKind;
use crate::highlight::Highlighter;
use crate::planner::PlannedWord;
use crate::tantivy_engine::fuzzy::{FuzzyAutomaton, MIN_LETTERS_OF_FIRST, Typo, max_edits};
use crate::weights::{FIRST_LETTER, FUZZY_PREFIX, GROUP_IN_TITLE, ONE_EDIT, TWO_EDITS};

/// Similar words whose other forms count, too.
const STEMMED_WORDS: usize = 16;
const FACTORS: [(Typo, f32); 3] =
    [(Typo::One, ONE_EDIT), (Typo::Two, TWO_EDITS), (Typo::FirstLetter, FIRST_LETTER)];

/// Adds similar words to the terms of a word; `None` if it allows no typos.
///
/// `add_titles` adds the scores of words in titles.
pub(super) fn add_similar(
    notes: &WordNotes<'_>,
    word: &mut PlannedWord<WordTerms>,
    marks: Option<&mut Highlighter>,
    add_titles: impl Fn(&mut WordTerms, &TermSet, f32),
) -> Option<MistypedWord> {
    let automaton = FuzzyAutomaton::of(&word.text, word.is_prefix)?;
    let mut frequency = add_words(notes, word, marks, &add_titles);
    if word.is_prefix {
        frequency = add_beginnings(notes, word, add_titles);
    }
    if word.terms.idf == notes.idf(0) && frequency > 0 {
        word.terms.idf = notes.idf(frequency);
    }
    Some(MistypedWord { typed: word.text.clone(), automaton })
}

/// Adds the words with a beginning that is similar, including similar words; returns an upper bound of their
/// documents.
fn add_beginnings(
    notes: &WordNotes<'_>,
    word: &mut PlannedWord<WordTerms>,
    add_titles: impl Fn(&mut WordTerms, &TermSet, f32),
) -> u64 {
    let letters = word.text.chars().count();
    let edits = max_edits(letters);
    let mut all = 0;
    for (typo, factor) in FACTORS {
        let (edits, kept) = match typo {
            Typo::One => (1, 1),
            Typo::Two if edits > 1 => (2, 1),
            Typo::FirstLetter if letters >= MIN_LETTERS_OF_FIRST => (1, 0),
            Typo::Two | Typo::FirstLetter => continue,
        };
        let set = TermSet::Beginning(word.text.clone(), edits, kept);
        let frequency = notes.count(set.clone());
        if frequency > 0 {
            let factor = FUZZY_PREFIX * factor;
            add_titles(&mut word.terms, &set, GROUP_IN_TITLE * factor / ONE_EDIT);
            word.terms.typos.push(Group::new(set, MatchKind::Typo, factor, frequency));
            // The sets contain each other.
            all = all.max(frequency);
        }
    }
    all
}

/// Adds similar words, and with whole ones other forms of the likeliest; returns an upper bound of their documents.
fn add_words(
    notes: &WordNotes<'_>,
    word: &mut PlannedWord<WordTerms>,
    mut marks: Option<&mut Highlighter>,
    add_titles: &impl Fn(&mut WordTerms, &TermSet, f32),
) -> u64 {
    let similar = notes.similar(&word.text);
    let mut stems: BTreeSet<String> = BTreeSet::new();
    let stemmed = if word.is_prefix { 0 } else { STEMMED_WORDS };
    for found in similar.iter().filter(|found| found.typo == Typo::One).take(stemmed) {
        for &language in &notes.vocabulary.languages.of_index().all {
            for_each_stem(&found.word, &found.word, language, |stem| {
                stems.insert(stem);
            });
        }
    }
    let mut all = 0;
    for (typo, factor) in FACTORS {
        let of_kind = similar.iter().filter(|found| found.typo == typo);
        let mut words: Vec<String> = of_kind.clone().map(|found| found.word.clone()).collect();
        let of_words: u64 = of_kind.map(|found| found.frequency).sum();
        let mut frequency = of_words;
        if let Some(marks) = marks.as_deref_mut() {
            marks.words.extend(words.iter().cloned());
        }
        if typo == Typo::One {
            frequency += stems.iter().map(|stem| notes.frequency(stem)).sum::<u64>();
            if let Some(marks) = marks.as_deref_mut() {
                marks.stems.extend(stems.iter().cloned());
            }
            words.extend(stems.iter().cloned());
        }
        if words.is_empty() {
            continue;
        }
        // Stems have the documents of their words again.
        all += of_words;
        let words = TermSet::Terms(words);
        add_titles(&mut word.terms, &words, GROUP_IN_TITLE * factor / ONE_EDIT);
        word.terms.typos.push(Group::new(words, MatchKind::Typo, factor, frequency));
    }
    all
}
