//! Looks words up in all their forms: other spellings, stems, names, completions, compounds and titles.

use tantivy::postings::TermInfo;
use tantivy::query::Weight;

use super::super::analysis::{SpellingKind, marked_name, reversed_stem};
use super::super::explanation::MatchKind;
use super::super::highlight::Highlighter;
use super::super::query::{OtherSpelling, QueryWord};
use super::document_terms::SHORT_PREFIX_CHARS;
use super::field_bonus::FieldBonus;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::{ACCENTED, COMPOUND, GROUP_IN_TITLE, PREFIX, SPLIT, WITH_SYMBOLS, Weights};
use super::word::{PhraseForm, PlannedWord, SegmentWord, TermGroup, WordForm, WordPlan, is_commonplace};

/// Completions of a prefix that are scanned.
const MAX_COMPLETIONS: usize = 20_000;
/// Words that end with another one.
const MAX_COMPOUNDS: usize = 2_000;
/// The minimum length of a part of a compound, in characters.
const MIN_PART_CHARS: usize = 4;
/// The minimum length of the rest of a compound, in characters.
const MIN_REST_CHARS: usize = 3;

/// Looks words up in a snapshot.
pub(super) struct FormLookup<'a> {
    snapshot: &'a IndexSnapshot,
    weights: Weights,
    /// False if the terms to mark are not requested.
    marks: bool,
    pub(super) highlighter: Highlighter,
}

impl<'a> FormLookup<'a> {
    pub(super) fn new(snapshot: &'a IndexSnapshot, weights: Weights, marks: bool) -> Self {
        Self { snapshot, weights, marks, highlighter: Highlighter::default() }
    }

    pub(super) fn empty(&self) -> WordPlan {
        WordPlan::empty(self.snapshot.segments.len(), self.weights.floor)
    }

    /// Looks up a word in all its forms.
    pub(super) fn word(&mut self, word: &QueryWord, is_prefix: bool) -> tantivy::Result<PlannedWord> {
        let mut terms = self.empty();
        let QueryWord { text, written, spellings, count } = word;
        let frequency = self.add_all(&mut terms, text, written, spellings, is_prefix)?;
        self.add_compounds(&mut terms, text, is_prefix)?;
        self.finish(&mut terms, frequency);
        terms.idf *= *count as f32;
        Ok(PlannedWord { text: text.clone(), is_prefix, is_quoted: false, is_informative: true, terms })
    }

    /// Looks up words that are written together.
    pub(super) fn joined(
        &mut self,
        joined: &str,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> tantivy::Result<WordPlan> {
        let mut terms = self.empty();
        let frequency = self.add_all(&mut terms, joined, joined, spellings, is_prefix)?;
        self.finish(&mut terms, frequency);
        Ok(terms)
    }

    /// Adds the forms, spellings and completions of a word; returns the highest frequency of a form.
    fn add_all(
        &mut self,
        terms: &mut WordPlan,
        word: &str,
        written: &str,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> tantivy::Result<u64> {
        let of_forms = self.add_forms(terms, word, written)?;
        let of_spellings = self.add_spellings(terms, spellings)?;
        if is_prefix {
            self.add_completions(terms, word, MatchKind::Prefix, PREFIX)?;
        }
        Ok(of_forms.max(of_spellings))
    }

    /// Looks up the spellings of a compound.
    pub(super) fn spellings(
        &mut self,
        spellings: &[OtherSpelling],
        is_prefix: bool,
    ) -> tantivy::Result<WordPlan> {
        let joined = spellings.iter().find(|spelling| spelling.kind == SpellingKind::Joined);
        match joined {
            Some(joined) => self.joined(&joined.term, spellings, is_prefix),
            None => {
                let mut terms = self.empty();
                let frequency = self.add_spellings(&mut terms, spellings)?;
                self.finish(&mut terms, frequency);
                Ok(terms)
            }
        }
    }

    /// Looks up a word of a script without spaces: as the word, and as its characters in any word.
    pub(super) fn unspaced(
        &mut self,
        characters: &[String],
        phrase: Box<dyn Weight>,
    ) -> tantivy::Result<WordPlan> {
        let mut terms = self.empty();
        let word = characters.concat();
        let mut frequency = self.add_forms(&mut terms, &word, &word)?;
        if frequency == 0 {
            // The frequency of the rarest character is the next best estimate.
            let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
            frequency = self.snapshot.least_frequency(&characters)?;
        }
        self.add_phrase(&mut terms, characters.to_vec(), phrase);
        self.finish(&mut terms, frequency);
        Ok(terms)
    }

    /// Adds a word as adjacent words.
    pub(super) fn add_phrase(&mut self, terms: &mut WordPlan, words: Vec<String>, phrase: Box<dyn Weight>) {
        terms.phrases.push(PhraseForm {
            weight: phrase,
            factor: SPLIT,
            kind: MatchKind::Split,
            is_typo: false,
            within: None,
        });
        if self.marks {
            self.highlighter.phrases.push(words);
        }
    }

    /// Looks up one word in quotes, without its other forms.
    pub(super) fn exact_word(&mut self, word: &str) -> tantivy::Result<PlannedWord> {
        let mut terms = self.empty();
        let frequency = self.add_form(&mut terms, word, MatchKind::Exact, 1.0)?;
        self.add_bonuses(&mut terms, &[word.to_owned()], MatchKind::Exact, |bonus, of| {
            of.exact_in_title * bonus.weight
        })?;
        self.finish(&mut terms, frequency);
        Ok(PlannedWord {
            text: word.to_owned(),
            is_prefix: false,
            is_quoted: true,
            is_informative: true,
            terms,
        })
    }

    fn finish(&self, terms: &mut WordPlan, mut frequency: u64) {
        if frequency == 0 {
            let groups = terms.segments.iter().flat_map(|found| &found.groups);
            frequency = groups.map(TermGroup::frequency).sum();
        }
        terms.idf = self.snapshot.idf(frequency);
    }

    /// Adds a word with its stems and name; returns the highest frequency.
    fn add_forms(&mut self, terms: &mut WordPlan, word: &str, written: &str) -> tantivy::Result<u64> {
        let Weights { stem, exact, .. } = self.weights;
        let stems = self.snapshot.stems_of(word, written);
        let mut frequency = self.add_extra(terms, word, exact)?;
        for term in &stems {
            frequency = frequency.max(self.add_form(terms, term, MatchKind::Form, stem)?);
        }
        if stems.is_empty() || !self.snapshot.stems_all {
            frequency = frequency.max(self.add_form(terms, word, MatchKind::Exact, stem)?);
        } else {
            // Stems and names contain each document with the word.
            frequency = frequency.max(self.add_form(terms, &marked_name(word), MatchKind::Exact, stem)?);
        }
        self.add_bonuses(terms, &[word.to_owned()], MatchKind::Exact, |bonus, of| {
            of.exact_in_title * bonus.weight
        })?;
        self.add_bonuses(terms, &stems, MatchKind::Form, |bonus, of| bonus.of_stem(of))?;
        if self.marks {
            self.highlighter.words.insert(word.to_owned());
            self.highlighter.stems.extend(stems);
        }
        Ok(frequency)
    }

    fn add_spellings(&mut self, terms: &mut WordPlan, spellings: &[OtherSpelling]) -> tantivy::Result<u64> {
        let mut frequency = 0;
        for spelling in spellings {
            match spelling.kind {
                SpellingKind::SpelledOut => {
                    frequency = frequency.max(self.add_forms(terms, &spelling.term, &spelling.term)?);
                }
                SpellingKind::Accented => {
                    self.add_extra(terms, &spelling.term, ACCENTED)?;
                }
                SpellingKind::Symbols => {
                    self.add_extra(terms, &spelling.term, WITH_SYMBOLS)?;
                    if self.marks {
                        self.highlighter.words.insert(spelling.term.clone());
                    }
                }
                SpellingKind::Joined | SpellingKind::Unspaced => {}
            }
        }
        Ok(frequency)
    }

    fn add_form(
        &self,
        terms: &mut WordPlan,
        term: &str,
        kind: MatchKind,
        factor: f32,
    ) -> tantivy::Result<u64> {
        self.add_term(terms, term, kind, factor, |found| &mut found.forms)
    }

    fn add_extra(&self, terms: &mut WordPlan, term: &str, factor: f32) -> tantivy::Result<u64> {
        self.add_term(terms, term, MatchKind::Exact, factor, |found| &mut found.extras)
    }

    fn add_term(
        &self,
        terms: &mut WordPlan,
        term: &str,
        kind: MatchKind,
        factor: f32,
        list: impl Fn(&mut SegmentWord) -> &mut Vec<WordForm>,
    ) -> tantivy::Result<u64> {
        let mut frequency = 0;
        let mut added = Vec::new();
        for (ordinal, (found, segment)) in terms.segments.iter_mut().zip(&self.snapshot.segments).enumerate()
        {
            if let Some(info) = segment.words.terms().get(term)? {
                frequency += u64::from(info.doc_freq);
                let forms = list(found);
                // Spellings share stems; one posting list of each is enough.
                if !forms.iter().any(|known| known.info.postings_range == info.postings_range) {
                    forms.push(WordForm { info, kind, factor, commonplace: false });
                    added.push(ordinal);
                }
            }
        }
        if is_commonplace(frequency, self.snapshot.documents) {
            for ordinal in added {
                if let Some(form) = list(&mut terms.segments[ordinal]).last_mut() {
                    form.commonplace = true;
                }
            }
        }
        Ok(frequency)
    }

    /// Adds the scores of words in titles and other fields with a weight.
    fn add_bonuses(
        &self,
        terms: &mut WordPlan,
        words: &[String],
        kind: MatchKind,
        factor: impl Fn(&FieldBonus, &Weights) -> f32,
    ) -> tantivy::Result<()> {
        for bonus in &self.snapshot.bonuses {
            let factor = factor(bonus, &self.weights);
            for (found, segment) in terms.segments.iter_mut().zip(&self.snapshot.segments) {
                let infos = infos_of(segment, bonus.field, words)?;
                push_group(&mut found.titles, bonus.field, infos, kind, factor);
            }
        }
        Ok(())
    }

    /// Adds the words that begin with a prefix.
    fn add_completions(
        &mut self,
        terms: &mut WordPlan,
        prefix: &str,
        kind: MatchKind,
        factor: f32,
    ) -> tantivy::Result<()> {
        let is_short = prefix.chars().count() <= SHORT_PREFIX_CHARS;
        for (found, segment) in terms.segments.iter_mut().zip(&self.snapshot.segments) {
            if is_short {
                let info = segment.prefixes.terms().get(prefix)?;
                push_group(&mut found.groups, TermField::Prefixes, info.into_iter().collect(), kind, factor);
                // Other fields have no short prefixes: such completions are too many to be told apart.
                if let Some(title) =
                    self.snapshot.bonuses.iter().find(|bonus| bonus.field == TermField::Title)
                {
                    let info = segment.title_prefixes.terms().get(prefix)?;
                    let (infos, factor) = (info.into_iter().collect(), GROUP_IN_TITLE * title.share);
                    push_group(&mut found.group_titles, TermField::TitlePrefixes, infos, kind, factor);
                }
                continue;
            }
            let words = terms_with_prefix(segment, TermField::Words, prefix, MAX_COMPLETIONS, |_| true)?;
            push_group(&mut found.groups, TermField::Words, words, kind, factor);
            for bonus in &self.snapshot.bonuses {
                let words = terms_with_prefix(segment, bonus.field, prefix, MAX_COMPLETIONS, |_| true)?;
                push_group(&mut found.group_titles, bonus.field, words, kind, GROUP_IN_TITLE * bonus.share);
            }
        }
        if self.marks {
            self.highlighter.prefixes.push(prefix.to_owned());
        }
        Ok(())
    }

    /// Adds the compounds that contain a word, in languages that write them together.
    fn add_compounds(&mut self, terms: &mut WordPlan, word: &str, is_prefix: bool) -> tantivy::Result<()> {
        if word.chars().count() < MIN_PART_CHARS {
            return Ok(());
        }
        let mut is_compounding = false;
        for &language in &self.snapshot.languages {
            let Some(reversed) = reversed_stem(word, language) else { continue };
            is_compounding |= self.snapshot.main_languages.contains(&language);
            let min_chars = reversed.chars().count() + MIN_REST_CHARS;
            for (found, segment) in terms.segments.iter_mut().zip(&self.snapshot.segments) {
                let is_compound = |term: &str| term.chars().count() >= min_chars;
                let infos =
                    terms_with_prefix(segment, TermField::Suffixes, &reversed, MAX_COMPOUNDS, is_compound)?;
                push_group(&mut found.groups, TermField::Suffixes, infos, MatchKind::Compound, COMPOUND);
            }
            if self.marks {
                self.highlighter.suffixes.push(reversed);
            }
        }
        if is_compounding && !is_prefix {
            self.add_completions(terms, word, MatchKind::Compound, COMPOUND)?;
        }
        Ok(())
    }
}

pub(super) fn push_group(
    groups: &mut Vec<TermGroup>,
    field: TermField,
    terms: Vec<TermInfo>,
    kind: MatchKind,
    factor: f32,
) {
    if !terms.is_empty() {
        groups.push(TermGroup::new(field, terms, kind, factor));
    }
}

/// Looks up terms of a field.
pub(super) fn infos_of(
    segment: &IndexSegment,
    field: TermField,
    terms: &[impl AsRef<[u8]>],
) -> tantivy::Result<Vec<TermInfo>> {
    let mut infos = Vec::new();
    for term in terms {
        infos.extend(field.index(segment).terms().get(term)?);
    }
    Ok(infos)
}

fn terms_with_prefix(
    segment: &IndexSegment,
    field: TermField,
    prefix: &str,
    limit: usize,
    accepts: impl Fn(&str) -> bool,
) -> tantivy::Result<Vec<TermInfo>> {
    let mut found = Vec::new();
    let mut terms = segment.terms_with_prefix(field.index(segment), prefix)?;
    while found.len() < limit && terms.advance() {
        if std::str::from_utf8(terms.key()).is_ok_and(&accepts) {
            found.push(terms.value().clone());
        }
    }
    Ok(found)
}
