//! Words in all their forms: other spellings, stems, names, completions, compounds and titles.

use super::lookup::{PhraseRole, TermLookup, TermRole};
use super::units::{PlannedTerms, PlannedWord};
use crate::analysis::{
    MIN_PART_CHARS, SpellingKind, is_marked, is_unspaced, marked_beginning, marked_name, reversed_parts,
    unmarked, with_final_anusvara,
};
use crate::explanation::MatchKind;
use crate::highlight::Highlighter;
use crate::query::{OtherSpelling, QueryWord, joined_of};
use crate::weights::{ACCENTED, COMPOUND, PREFIX, WITH_SYMBOLS, Weights};

/// The minimum length of the beginning of a compound, in characters.
const MIN_BEGINNING_CHARS: usize = 4;

/// Looks up the forms of words.
pub(super) struct FormLookup<'a, L> {
    lookup: &'a L,
    weights: Weights,
    /// False if the terms to mark are not requested.
    marks: bool,
    pub(super) highlighter: Highlighter,
}

impl<'a, L: TermLookup> FormLookup<'a, L> {
    pub(super) fn new(lookup: &'a L, weights: Weights, marks: bool) -> Self {
        Self { lookup, weights, marks, highlighter: Highlighter::default() }
    }

    pub(super) fn empty(&self) -> L::Terms {
        self.lookup.empty(self.weights.floor)
    }

    /// Looks up a word in all its forms.
    pub(super) fn word(
        &mut self,
        word: &QueryWord,
        is_prefix: bool,
    ) -> Result<PlannedWord<L::Terms>, L::Error> {
        let mut terms = self.empty();
        let QueryWord { text, written, spellings, count, .. } = word;
        let weights = self.weights;
        let mut with_symbols = 0;
        if let Some(chunk) = word.distinct() {
            with_symbols = self.lookup.least_frequency(&[chunk])?;
        }
        if with_symbols > 0 {
            // Without its symbols, the name is another one.
            self.weights = weights.of_letters();
        }
        let of_forms = self.add_all(&mut terms, text, written, spellings, is_prefix);
        self.weights = weights;
        let frequency = if with_symbols > 0 { of_forms.map(|_| with_symbols) } else { of_forms }?;
        self.add_compounds(&mut terms, text, is_prefix)?;
        for spelled_out in spellings.iter().filter(|spelling| spelling.kind == SpellingKind::SpelledOut) {
            // Of a part as short as `öl`, this spelling is longer.
            self.add_compounds(&mut terms, &spelled_out.term, true)?;
        }
        self.finish(&mut terms, frequency);
        terms.set_idf(terms.idf() * *count as f32);
        Ok(PlannedWord { is_prefix, ..PlannedWord::new(text, terms) })
    }

    /// Looks up words that are written together.
    pub(super) fn joined(
        &mut self,
        joined: &str,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> Result<L::Terms, L::Error> {
        let mut terms = self.empty();
        let frequency = self.add_all(&mut terms, joined, joined, spellings, is_prefix)?;
        self.finish(&mut terms, frequency);
        Ok(terms)
    }

    /// Adds the forms, spellings and completions of a word; returns the highest frequency of a form.
    fn add_all(
        &mut self,
        terms: &mut L::Terms,
        word: &str,
        written: &str,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> Result<u64, L::Error> {
        let of_forms = self.add_forms(terms, word, written)?;
        let of_spellings = self.add_spellings(terms, spellings)?;
        if is_prefix {
            self.add_completions(terms, word, MatchKind::Prefix, PREFIX)?;
            if let Some(word) = with_final_anusvara(word) {
                self.add_completions(terms, &word, MatchKind::Prefix, PREFIX)?;
            }
            if word.starts_with(is_unspaced) {
                let beginning = marked_beginning(word);
                self.lookup.add_term(terms, &beginning, TermRole::Form, MatchKind::Prefix, PREFIX)?;
            }
        }
        Ok(of_forms.max(of_spellings))
    }

    /// Looks up the spellings of a compound.
    pub(super) fn spellings(
        &mut self,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> Result<L::Terms, L::Error> {
        match joined_of(spellings) {
            Some(joined) => self.joined(joined, spellings, is_prefix),
            None => {
                let mut terms = self.empty();
                let frequency = self.add_spellings(&mut terms, spellings)?;
                self.finish(&mut terms, frequency);
                Ok(terms)
            }
        }
    }

    /// Looks up a word of a script without spaces: as the word, and as its characters in any word.
    ///
    /// Of a prefix, the last character may continue with a vowel, a tone or the like.
    pub(super) fn unspaced(
        &mut self,
        characters: &[String],
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> Result<PlannedWord<L::Terms>, L::Error> {
        let mut terms = self.empty();
        let word = characters.concat();
        let texts: Vec<&str> = characters.iter().map(String::as_str).collect();
        let mut frequency = self.add_forms(&mut terms, &word, &word)?;
        if frequency == 0 {
            // The frequency of the rarest character is the next best estimate.
            frequency = self.lookup.least_frequency(&texts)?;
        }
        self.add_spellings(&mut terms, spellings)?;
        self.add_adjacent(&mut terms, &texts, false)?;
        if let (true, Some(last)) = (is_prefix, texts.last())
            && self.lookup.least_frequency(&[&marked_beginning(last)])? > 0
        {
            self.lookup.add_begun(&mut terms, &texts)?;
        }
        self.finish(&mut terms, frequency);
        Ok(PlannedWord::new(word, terms))
    }

    /// Adds a word as adjacent words, the last of which may be incomplete.
    pub(super) fn add_adjacent(
        &mut self,
        terms: &mut L::Terms,
        words: &[&str],
        is_prefix: bool,
    ) -> Result<(), L::Error> {
        self.lookup.add_phrase(terms, words, PhraseRole::split(false, is_prefix))?;
        if self.marks {
            self.highlighter.phrases.push(words.iter().map(|word| (*word).to_owned()).collect());
        }
        Ok(())
    }

    /// Looks up one word in quotes, without its other forms.
    pub(super) fn exact_word(&mut self, word: &str) -> Result<PlannedWord<L::Terms>, L::Error> {
        let mut terms = self.empty();
        let frequency = self.lookup.add_term(&mut terms, word, TermRole::Form, MatchKind::Exact, 1.0)?;
        self.add_exact_bonuses(&mut terms, word)?;
        self.finish(&mut terms, frequency);
        if self.marks && is_marked(word) {
            self.highlighter.words.insert(word.to_owned());
        }
        Ok(PlannedWord { is_quoted: true, ..PlannedWord::new(unmarked(word), terms) })
    }

    fn finish(&self, terms: &mut L::Terms, frequency: u64) {
        let frequency = if frequency == 0 { terms.group_frequency() } else { frequency };
        terms.set_idf(self.lookup.idf(frequency));
    }

    /// Adds a word with its stems and name; returns the highest frequency.
    fn add_forms(&mut self, terms: &mut L::Terms, word: &str, written: &str) -> Result<u64, L::Error> {
        let Weights { stem, exact, .. } = self.weights;
        let lookup = self.lookup;
        let stems = lookup.languages().stems_of(word, written);
        let mut frequency = lookup.add_term(terms, word, TermRole::Extra, MatchKind::Exact, exact)?;
        let mut add = |term: &str, kind| {
            let of_term = lookup.add_term(terms, term, TermRole::Form, kind, stem)?;
            frequency = frequency.max(of_term);
            Ok(())
        };
        for term in &stems {
            add(term, MatchKind::Form)?;
        }
        if stems.is_empty() || !lookup.stems_all() {
            add(word, MatchKind::Exact)?;
        } else {
            // Stems and names contain each document with the word.
            add(&marked_name(word), MatchKind::Exact)?;
        }
        self.add_exact_bonuses(terms, word)?;
        lookup.add_bonuses(terms, &stems, MatchKind::Form, |of| of.of_stem(&self.weights))?;
        if self.marks {
            self.highlighter.words.insert(word.to_owned());
            self.highlighter.stems.extend(stems);
        }
        Ok(frequency)
    }

    fn add_exact_bonuses(&self, terms: &mut L::Terms, word: &str) -> Result<(), L::Error> {
        let factor = |of: &crate::field_bonus::BonusFactors| self.weights.exact_in_title * of.weight;
        self.lookup.add_bonuses(terms, &[word.to_owned()], MatchKind::Exact, factor)
    }

    fn add_spellings(&mut self, terms: &mut L::Terms, spellings: &[OtherSpelling]) -> Result<u64, L::Error> {
        let mut frequency = 0;
        for OtherSpelling { term, kind } in spellings {
            let factor = match kind {
                SpellingKind::SpelledOut => {
                    frequency = frequency.max(self.add_forms(terms, term, term)?);
                    continue;
                }
                SpellingKind::Accented => ACCENTED,
                SpellingKind::Symbols => WITH_SYMBOLS,
                SpellingKind::Joined | SpellingKind::Unspaced | SpellingKind::Begun => continue,
            };
            self.lookup.add_term(terms, term, TermRole::Extra, MatchKind::Exact, factor)?;
            if self.marks && *kind == SpellingKind::Symbols {
                self.highlighter.words.insert(term.clone());
            }
        }
        Ok(frequency)
    }

    /// Adds the words that begin with a prefix.
    fn add_completions(
        &mut self,
        terms: &mut L::Terms,
        prefix: &str,
        kind: MatchKind,
        factor: f32,
    ) -> Result<(), L::Error> {
        self.lookup.add_completions(terms, prefix, kind, factor)?;
        if self.marks {
            self.highlighter.prefixes.push(prefix.to_owned());
        }
        Ok(())
    }

    /// Adds the compounds that contain a word, in languages that write them together.
    fn add_compounds(&mut self, terms: &mut L::Terms, word: &str, is_prefix: bool) -> Result<(), L::Error> {
        let chars = word.chars().count();
        if chars < MIN_PART_CHARS {
            return Ok(());
        }
        let mut is_compounding = false;
        for &language in &self.lookup.languages().all {
            for reversed in reversed_parts(word, language) {
                is_compounding |= self.lookup.languages().main.contains(&language);
                self.lookup.add_compounds(terms, &reversed)?;
                if self.marks {
                    self.highlighter.suffixes.push(reversed);
                }
            }
        }
        if is_compounding && !is_prefix && chars >= MIN_BEGINNING_CHARS {
            self.add_completions(terms, word, MatchKind::Compound, COMPOUND)?;
        }
        Ok(())
    }
}
