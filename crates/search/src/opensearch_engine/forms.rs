//! Words in all their forms: other spellings, stems, names, completions, compounds and titles.

use super::clauses::{phrase, phrase_prefix, term, terms};
use super::mapping::{TITLE, TITLE_PREFIXES, WORDS};
use super::vocabulary::{Lookup, WordNotes};
use super::word_terms::{Form, Group, WordTerms};
use crate::analysis::{SpellingKind, marked_name, reversed_stem};
use crate::highlight::Highlighter;
use crate::query::{OtherSpelling, QueryWord};
use crate::weights::{ACCENTED, COMPOUND, GROUP_IN_TITLE, PREFIX, SPLIT, WITH_SYMBOLS, Weights};

/// The minimum length of a part of a compound, in characters.
const MIN_PART_CHARS: usize = 4;
/// The minimum length of the rest of a compound: `???` in patterns.
const REST_PATTERN: &str = "???*";

/// A word of a query with its terms.
#[derive(Clone)]
pub(super) struct WordClauses {
    pub(super) text: String,
    pub(super) is_prefix: bool,
    /// True if it matches in this form only.
    pub(super) is_quoted: bool,
    /// False for a part of a compound that alone makes no document a match of any word.
    pub(super) is_informative: bool,
    pub(super) terms: WordTerms,
}

/// Finds the forms of words.
pub(super) struct FormFinder<'a> {
    notes: &'a WordNotes<'a>,
    weights: Weights,
    marks: bool,
    pub(super) highlighter: Highlighter,
}

impl<'a> FormFinder<'a> {
    pub(super) fn new(notes: &'a WordNotes<'a>, weights: Weights, marks: bool) -> Self {
        Self { notes, weights, marks, highlighter: Highlighter::default() }
    }

    pub(super) fn empty(&self) -> WordTerms {
        WordTerms::empty(self.weights.floor)
    }

    /// Finds a word in all its forms.
    pub(super) fn word(&mut self, word: &QueryWord, is_prefix: bool) -> WordClauses {
        let mut terms = self.empty();
        let QueryWord { text, written, spellings, count } = word;
        let frequency = self.add_all(&mut terms, text, written, spellings, is_prefix);
        self.add_compounds(&mut terms, text, is_prefix);
        self.finish(&mut terms, frequency);
        terms.idf *= *count as f32;
        WordClauses { text: text.clone(), is_prefix, is_quoted: false, is_informative: true, terms }
    }

    /// Finds words that are written together.
    pub(super) fn joined(&mut self, joined: &str, spellings: &[OtherSpelling], is_prefix: bool) -> WordTerms {
        let mut terms = self.empty();
        let frequency = self.add_all(&mut terms, joined, joined, spellings, is_prefix);
        self.finish(&mut terms, frequency);
        terms
    }

    fn add_all(
        &mut self,
        terms: &mut WordTerms,
        word: &str,
        written: &str,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> u64 {
        let of_forms = self.add_forms(terms, word, written);
        let of_spellings = self.add_spellings(terms, spellings);
        if is_prefix {
            self.add_completions(terms, word, PREFIX);
        }
        of_forms.max(of_spellings)
    }

    /// Finds the spellings of a compound.
    pub(super) fn spellings(&mut self, spellings: &[OtherSpelling], is_prefix: bool) -> WordTerms {
        match spellings.iter().find(|spelling| spelling.kind == SpellingKind::Joined) {
            Some(joined) => self.joined(&joined.term, spellings, is_prefix),
            None => {
                let mut terms = self.empty();
                let frequency = self.add_spellings(&mut terms, spellings);
                self.finish(&mut terms, frequency);
                terms
            }
        }
    }

    /// Finds a word of a script without spaces: as the word, and as its characters in any word.
    pub(super) fn unspaced(&mut self, characters: &[String]) -> WordClauses {
        let mut terms = self.empty();
        let word = characters.concat();
        let mut frequency = self.add_forms(&mut terms, &word, &word);
        if frequency == 0 {
            let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
            frequency = self.notes.least_frequency(&characters);
        }
        terms.phrases.push(Group::new(phrase(WORDS, characters), SPLIT, 0));
        if self.marks {
            self.highlighter.phrases.push(characters.to_vec());
        }
        self.finish(&mut terms, frequency);
        WordClauses { text: word, is_prefix: false, is_quoted: false, is_informative: true, terms }
    }

    /// Adds words side by side, the last of which may be incomplete.
    pub(super) fn add_adjacent(&mut self, terms: &mut WordTerms, words: &[QueryWord], is_prefix: bool) {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let clause = if is_prefix { phrase_prefix(WORDS, &texts) } else { phrase(WORDS, &texts) };
        terms.phrases.push(Group::new(clause, SPLIT, 0));
        if self.marks {
            self.highlighter.phrases.push(texts.into_iter().map(str::to_owned).collect());
        }
    }

    /// Finds one word in quotes, without its other forms.
    pub(super) fn exact_word(&mut self, word: &str) -> WordClauses {
        let mut terms = self.empty();
        let frequency = self.add_form(&mut terms.forms, word, 1.0);
        self.add_titles(&mut terms, &[word.to_owned()], self.weights.exact_in_title);
        self.finish(&mut terms, frequency);
        let text = word.to_owned();
        WordClauses { text, is_prefix: false, is_quoted: true, is_informative: true, terms }
    }

    fn finish(&self, terms: &mut WordTerms, mut frequency: u64) {
        if frequency == 0 {
            frequency = terms.groups.iter().map(|group| group.frequency).sum();
        }
        terms.idf = self.notes.idf(frequency);
    }

    /// Adds a word with its stems and name; returns the highest frequency.
    fn add_forms(&mut self, terms: &mut WordTerms, word: &str, written: &str) -> u64 {
        let Weights { stem, exact, .. } = self.weights;
        let stems = self.notes.stems_of(word, written);
        let mut frequency = self.add_form(&mut terms.extras, word, exact);
        for term in &stems {
            frequency = frequency.max(self.add_form(&mut terms.forms, term, stem));
        }
        if stems.is_empty() || !self.notes.vocabulary.stems_all {
            frequency = frequency.max(self.add_form(&mut terms.forms, word, stem));
        } else {
            // Stems and names contain each document with the word.
            frequency = frequency.max(self.add_form(&mut terms.forms, &marked_name(word), stem));
        }
        self.add_titles(terms, &[word.to_owned()], self.weights.exact_in_title);
        self.add_titles(terms, &stems, self.weights.stem_in_title);
        if self.marks {
            self.highlighter.words.insert(word.to_owned());
            self.highlighter.stems.extend(stems);
        }
        frequency
    }

    fn add_spellings(&mut self, terms: &mut WordTerms, spellings: &[OtherSpelling]) -> u64 {
        let mut frequency = 0;
        for spelling in spellings {
            match spelling.kind {
                SpellingKind::SpelledOut => {
                    frequency = frequency.max(self.add_forms(terms, &spelling.term, &spelling.term));
                }
                SpellingKind::Accented => {
                    self.add_form(&mut terms.extras, &spelling.term, ACCENTED);
                }
                SpellingKind::Symbols => {
                    self.add_form(&mut terms.extras, &spelling.term, WITH_SYMBOLS);
                    if self.marks {
                        self.highlighter.words.insert(spelling.term.clone());
                    }
                }
                SpellingKind::Joined | SpellingKind::Unspaced => {}
            }
        }
        frequency
    }

    fn add_form(&self, forms: &mut Vec<Form>, term: &str, factor: f32) -> u64 {
        let frequency = self.notes.frequency(term);
        // Spellings share stems; one of each is enough.
        if frequency > 0 && !forms.iter().any(|known| known.term == term) {
            forms.push(Form { term: term.to_owned(), factor, frequency });
        }
        frequency
    }

    fn add_titles(&self, terms_of_word: &mut WordTerms, words: &[String], factor: f32) {
        if !words.is_empty() {
            terms_of_word.titles.push(Group::new(terms(TITLE, words), factor, 0));
        }
    }

    /// Adds the words that begin with a prefix.
    fn add_completions(&mut self, terms: &mut WordTerms, prefix: &str, factor: f32) {
        let lookup = Lookup::Prefix(prefix.to_owned());
        let clause = lookup.clause();
        let frequency = self.notes.count(lookup);
        if frequency > 0 {
            terms.groups.push(Group::new(clause, factor, frequency));
            let in_title = super::clauses::prefix(TITLE_PREFIXES, prefix);
            terms.group_titles.push(Group::new(in_title, GROUP_IN_TITLE, 0));
        }
        if self.marks {
            self.highlighter.prefixes.push(prefix.to_owned());
        }
    }

    /// Adds the compounds that contain a word, in languages that write them together.
    fn add_compounds(&mut self, terms: &mut WordTerms, word: &str, is_prefix: bool) {
        if word.chars().count() < MIN_PART_CHARS {
            return;
        }
        let vocabulary = self.notes.vocabulary;
        let mut is_compounding = false;
        for &language in &vocabulary.languages {
            let Some(reversed) = reversed_stem(word, language) else { continue };
            is_compounding |= vocabulary.main_languages.contains(&language);
            let lookup = Lookup::Suffix(format!("{}{REST_PATTERN}", escaped(&reversed)));
            let clause = lookup.clause();
            let frequency = self.notes.count(lookup);
            if frequency > 0 {
                terms.groups.push(Group::new(clause, COMPOUND, frequency));
            }
            if self.marks {
                self.highlighter.suffixes.push(reversed);
            }
        }
        if is_compounding && !is_prefix {
            self.add_completions(terms, word, COMPOUND);
        }
    }
}

/// Escapes the wildcards of a pattern.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Adds a term to the titles that add to the scores of groups.
pub(super) fn title_group(words: &[String], factor: f32) -> Group {
    match words {
        [word] => Group::new(term(TITLE, word), factor, 0),
        words => Group::new(terms(TITLE, words), factor, 0),
    }
}
