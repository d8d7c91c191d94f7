//! Completions of a text being typed, by words of documents.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use super::super::analysis::{is_marked, is_unspaced, words};
use super::super::engine::SearchError;
use super::super::filter::DocumentFilter;
use super::super::followers::FOLLOWED_DOCUMENTS;
use super::super::request::CompletionRequest;
use super::super::rules::Rulebook;
use super::super::typed_text::TypedText;
use super::super::written_words::for_each_term;
use super::completion_cache::FrequentCompletions;
use super::documents::read_document;
use super::failure::search_error;
use super::followers::followers;
use super::fuzzy_words::FuzzyWords;
use super::indexed_sources::IndexedSources;
use super::schema::Fields;
use super::scope::DocumentScope;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::written::written_form;
use crate::planner::StopWords;

/// Completions that count in each segment.
const MAX_COMPLETIONS: usize = 256;
/// Prefixes with more completions than this are cached: scanning them takes long.
const MIN_CACHED_COMPLETIONS: usize = 512;
/// Similar words that are looked up in the documents of a scope.
const MAX_SIMILAR: usize = 64;
/// Documents of posting lists that one request compares with its scope.
const MAX_COMPARED: u64 = 400_000;

/// A word of the index with the number of its documents.
type CountedWord = (Box<str>, u64);

/// Completes typed texts by words of a snapshot.
pub(super) struct Completer<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) fields: &'a Fields,
    pub(super) sources: &'a IndexedSources,
    pub(super) rulebook: &'a Rulebook,
    /// Fewer documents than this let similar words follow.
    pub(super) sufficient_hits: u64,
}

impl Completer<'_> {
    /// Counts the documents with all words of each text.
    pub(super) fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        let count = |text: &String| {
            DocumentScope::of(self.snapshot, self.fields, self.rulebook, text, true, filter)
                .map(|scope| scope.len(self.snapshot))
        };
        texts.iter().map(count).collect::<tantivy::Result<_>>().map_err(search_error)
    }

    /// Returns values that begin with the typed text, then this with its last word completed.
    pub(super) fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        let mut texts = self.values(request)?;
        texts.extend(self.complete_word(request)?);
        texts.truncate(request.limit);
        Ok(texts)
    }

    /// Returns the typed text with its last word completed, as far as documents contain both.
    fn complete_word(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        for typed in TypedText::all(&request.text) {
            let found = self.complete_typed(request, typed)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn complete_typed(
        &self,
        request: &CompletionRequest,
        mut typed: TypedText,
    ) -> Result<Vec<String>, SearchError> {
        let scope = self.scope(&mut typed, &request.filter)?;
        let limit = request.limit;
        if limit == 0 || scope.len(self.snapshot) == 0 {
            return Ok(Vec::new());
        }
        if typed.word.is_empty() || typed.is_joined() {
            let Self { snapshot, sources, rulebook, .. } = *self;
            let languages = snapshot.languages.within(&request.filter);
            let main_languages = &languages.main;
            let stop_words = StopWords { main_languages, rulebook, filter: &request.filter };
            let found = followers(snapshot, sources, stop_words, &typed, &scope, limit)?;
            if typed.word.is_empty() || !found.is_empty() {
                return Ok(found);
            }
        }
        if is_marked(&typed.word) {
            return Ok(Vec::new());
        }
        let mut words = self.words(&typed.word, &scope, limit)?;
        if is_character(&typed.written) {
            // A character is a term, but hardly a word.
            words.retain(|(word, _)| **word != *typed.word);
        }
        let documents: u64 = words.iter().map(|(_, count)| *count).sum();
        if documents < self.sufficient_hits {
            let similar = self.similar(&typed.word, true, &scope).map_err(search_error)?;
            words.extend(similar.into_iter().take(limit.saturating_sub(words.len())));
        }
        let mut known = HashSet::new();
        let mut texts = Vec::with_capacity(words.len());
        for (word, _) in words {
            let written = written_form(self.snapshot, self.sources, &word, &scope)?;
            if known.insert(written.clone()) {
                texts.push(written);
            }
        }
        // Typed accents are meant.
        let accented = typed.written.to_lowercase();
        if accented != typed.word {
            texts.sort_by_key(|written| !written.to_lowercase().starts_with(&accented));
        }
        Ok(texts.iter().map(|written| typed.completed_to(written)).collect())
    }

    /// Finds the documents with the words before the last one, and corrects these if there are none.
    fn scope(&self, typed: &mut TypedText, filter: &DocumentFilter) -> Result<DocumentScope, SearchError> {
        let of = |text: &str| {
            DocumentScope::of(self.snapshot, self.fields, self.rulebook, text, false, filter)
                .map_err(search_error)
        };
        let scope = of(&typed.before)?;
        if typed.before.is_empty() || scope.len(self.snapshot) > 0 {
            return Ok(scope);
        }
        let within = of("")?;
        let mut corrected = typed.before.clone();
        let mut is_corrected = false;
        for word in words(&typed.before).iter().rev() {
            if of(&word.text)?.len(self.snapshot) > 0 {
                continue;
            }
            let similar = self.similar(&word.text, false, &within).map_err(search_error)?;
            let Some((meant, _)) = similar.first() else { return Ok(scope) };
            let meant = written_form(self.snapshot, self.sources, meant, &within)?;
            corrected.replace_range(word.start..word.end, &meant);
            is_corrected = true;
        }
        if !is_corrected {
            return Ok(scope);
        }
        typed.before = corrected;
        of(&typed.before)
    }

    /// Returns words of a scope with a prefix, most documents first, ties by word.
    fn words(
        &self,
        prefix: &str,
        scope: &DocumentScope,
        limit: usize,
    ) -> Result<Vec<CountedWord>, SearchError> {
        let (frequent, is_complete) = self.frequent(prefix).map_err(search_error)?;
        let (mut found, mut compared): (Vec<CountedWord>, u64) = (Vec::new(), 0);
        let mut is_cut = false;
        for (word, frequency) in frequent {
            // Less frequent words cannot have more documents within the scope.
            let is_decided = found.len() >= limit && found[limit - 1].1 >= frequency;
            is_cut = !is_decided && compared > MAX_COMPARED;
            if is_decided || is_cut {
                break;
            }
            let count = scope.count(self.snapshot, &word).map_err(search_error)?;
            if !scope.is_everything() {
                compared += frequency;
            }
            if count > 0 {
                let at =
                    found.partition_point(|(known, of)| (Reverse(*of), &**known) < (Reverse(count), &*word));
                found.insert(at, (word, count));
            }
        }
        if found.len() < limit && (is_cut || !is_complete) {
            self.add_read_words(prefix, scope, &mut found)?;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Adds the words of some documents of a scope, which may be rare in the index.
    fn add_read_words(
        &self,
        prefix: &str,
        scope: &DocumentScope,
        found: &mut Vec<CountedWord>,
    ) -> Result<(), SearchError> {
        let scope = scope.with_prefix(self.snapshot, prefix).map_err(search_error)?;
        let mut counts: HashMap<Box<str>, u64> = HashMap::new();
        for (ordinal, doc) in scope.newest(self.snapshot, FOLLOWED_DOCUMENTS) {
            let (document, _) = read_document(self.snapshot, ordinal, doc)?;
            let mut of_document = HashSet::new();
            for_each_term(self.sources, &document, |term, _| {
                if term.starts_with(prefix) && !of_document.contains(term) {
                    of_document.insert(Box::<str>::from(term));
                }
            });
            for word in of_document {
                *counts.entry(word).or_default() += 1;
            }
        }
        let is_new = |(word, _): &CountedWord| found.iter().all(|(known, _)| known != word);
        let mut more: Vec<CountedWord> = counts.into_iter().filter(is_new).collect();
        found.append(&mut more);
        sort_by_frequency(found);
        Ok(())
    }

    /// Returns words of a scope that are similar to a typed one, the likeliest typo first, then by frequency.
    fn similar(
        &self,
        typed: &str,
        is_prefix: bool,
        scope: &DocumentScope,
    ) -> tantivy::Result<Vec<CountedWord>> {
        let Some(similar) = FuzzyWords::of(self.snapshot, typed, is_prefix)? else { return Ok(Vec::new()) };
        let mut frequencies = HashMap::new();
        for (word, typo, frequency) in similar.iter() {
            if !is_prefix || !word.starts_with(typed) {
                frequencies.entry(word).or_insert((typo, 0)).1 += u64::from(frequency);
            }
        }
        let mut words: Vec<_> = frequencies.into_iter().collect();
        words.sort_unstable_by_key(|&(word, (typo, frequency))| (typo, Reverse(frequency), word));
        let mut found = Vec::new();
        for (word, _) in words.into_iter().take(MAX_SIMILAR) {
            let count = scope.count(self.snapshot, word)?;
            if count > 0 {
                found.push((word.into(), count));
            }
        }
        Ok(found)
    }

    /// Returns frequent words with a prefix, and true if these are all.
    ///
    /// Frequencies include deleted documents until their segment is merged.
    fn frequent(&self, prefix: &str) -> tantivy::Result<(Vec<CountedWord>, bool)> {
        let mut frequencies: HashMap<Box<str>, u64> = HashMap::new();
        let mut is_complete = true;
        for segment in &self.snapshot.segments {
            let words = frequent_completions(segment, prefix)?;
            is_complete &= words.len() < MAX_COMPLETIONS;
            for (word, frequency) in words.iter() {
                *frequencies.entry(word.clone()).or_default() += u64::from(*frequency);
            }
        }
        let mut words: Vec<CountedWord> = frequencies.into_iter().collect();
        sort_by_frequency(&mut words);
        Ok((words, is_complete))
    }
}

fn frequent_completions(segment: &IndexSegment, prefix: &str) -> tantivy::Result<FrequentCompletions> {
    let cache = &segment.derived.completions.frequent;
    if let Some(cached) = cache.get(prefix) {
        return Ok(cached);
    }
    let mut terms = segment.words_with_prefix(prefix)?;
    let mut words: Vec<(Box<str>, u32)> = Vec::new();
    let (mut scanned, mut min_frequency) = (0, 0);
    while terms.advance() {
        scanned += 1;
        let frequency = terms.value().doc_freq;
        if frequency < min_frequency {
            continue;
        }
        if let Ok(word) = std::str::from_utf8(terms.key())
            && !is_character(word)
        {
            words.push((word.into(), frequency));
        }
        if words.len() == 2 * MAX_COMPLETIONS {
            min_frequency = truncate(&mut words);
        }
    }
    truncate(&mut words);
    let words: FrequentCompletions = words.into();
    if scanned > MIN_CACHED_COMPLETIONS {
        cache.insert(prefix.to_owned(), words.clone());
    }
    Ok(words)
}

/// Returns true for a character of a script without spaces, which is hardly a word.
fn is_character(word: &str) -> bool {
    word.starts_with(is_unspaced) && word.graphemes(true).nth(1).is_none()
}

/// Keeps the most frequent words, and returns the frequency of the last one.
fn truncate(words: &mut Vec<(Box<str>, u32)>) -> u32 {
    sort_by_frequency(words);
    words.truncate(MAX_COMPLETIONS);
    words.last().map_or(0, |(_, frequency)| *frequency)
}

fn sort_by_frequency<F: Ord>(words: &mut [(Box<str>, F)]) {
    words.sort_unstable_by(|(a_word, a), (b_word, b)| b.cmp(a).then_with(|| a_word.cmp(b_word)));
}
