//! Completions of a prefix by words of the index, the most frequent first.

use std::collections::HashMap;

use unicode_segmentation::UnicodeSegmentation;

use super::super::analysis::{is_marked, is_unspaced};
use super::completion_cache::FrequentCompletions;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;

/// Completions that count in each segment.
const MAX_COMPLETIONS: usize = 256;
/// Prefixes with more completions than this are cached: scanning them takes long.
const MIN_CACHED_COMPLETIONS: usize = 512;

/// Returns words of live documents with a prefix, most frequent first, ties by word.
///
/// Frequencies include deleted documents until their segment is merged.
pub(super) fn completions(
    snapshot: &IndexSnapshot,
    prefix: &str,
    limit: usize,
) -> tantivy::Result<Vec<String>> {
    if prefix.is_empty() || is_marked(prefix) {
        return Ok(Vec::new());
    }
    let mut frequencies: HashMap<Box<str>, u64> = HashMap::new();
    for segment in &snapshot.segments {
        for (word, frequency) in frequent_completions(segment, prefix)?.iter() {
            *frequencies.entry(word.clone()).or_default() += u64::from(*frequency);
        }
    }
    let mut words: Vec<(Box<str>, u64)> = frequencies.into_iter().collect();
    sort_by_frequency(&mut words);
    let mut completions = Vec::new();
    for (word, _) in words {
        if completions.len() == limit {
            break;
        }
        if snapshot.has_live_word(&word)? {
            completions.push(word.into_string());
        }
    }
    Ok(completions)
}

fn frequent_completions(segment: &IndexSegment, prefix: &str) -> tantivy::Result<FrequentCompletions> {
    let cache = &segment.derived.completions.0;
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
