//! Words that begin so, the most frequent first.

use std::collections::HashMap;
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::super::analysis::is_marked;
use super::plan::has_live_document;
use super::snapshot::{Segment, Snapshot};

/// The most frequent words of a beginning that count in each segment.
const WORDS: usize = 256;
/// Beginnings of more words than this are kept with their segment: to walk them takes long.
const MANY: usize = 512;
/// Beginnings that a segment keeps.
const KEPT: usize = 512;

/// The most frequent words of a beginning in one segment, with the number of documents that had
/// them when the segment was written.
type Frequent = Arc<[(Box<str>, u32)]>;

/// What was found of the beginnings of many words: a segment's dictionary never changes.
pub(super) struct CompletionCache(Cache<String, Frequent>);

impl Default for CompletionCache {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

/// Words that begin so and that some document has, those of the most documents first, ties by
/// word. Removed documents count until their segment is rewritten, but not alone.
pub(super) fn completions(snapshot: &Snapshot, beginning: &str, most: usize) -> tantivy::Result<Vec<String>> {
    if beginning.is_empty() || is_marked(beginning) {
        return Ok(Vec::new());
    }
    let mut documents: HashMap<Box<str>, u64> = HashMap::new();
    for segment in &snapshot.segments {
        for (word, count) in frequent(segment, beginning)?.iter() {
            *documents.entry(word.clone()).or_default() += u64::from(*count);
        }
    }
    let mut words: Vec<(Box<str>, u64)> = documents.into_iter().collect();
    words.sort_unstable_by(|(a_word, a), (b_word, b)| b.cmp(a).then_with(|| a_word.cmp(b_word)));
    let mut live = Vec::new();
    for (word, _) in words {
        if live.len() == most {
            break;
        }
        if is_live(snapshot, &word)? {
            live.push(word.into_string());
        }
    }
    Ok(live)
}

fn frequent(segment: &Segment, beginning: &str) -> tantivy::Result<Frequent> {
    let cache = &segment.completions.0;
    if let Some(known) = cache.get(beginning) {
        return Ok(known);
    }
    let mut behind = beginning.as_bytes().to_vec();
    behind.push(u8::MAX); // No UTF-8 text has this byte.
    let mut stream = segment.words.terms().range().ge(beginning).lt(behind).into_stream()?;
    let mut words: Vec<(Box<str>, u32)> = Vec::new();
    // What a word must have to be among the most frequent.
    let (mut seen, mut least) = (0, 0);
    let cut = |words: &mut Vec<(Box<str>, u32)>| {
        words.sort_unstable_by(|(a_word, a), (b_word, b)| b.cmp(a).then_with(|| a_word.cmp(b_word)));
        words.truncate(WORDS);
        words.last().map_or(0, |(_, count)| *count)
    };
    while stream.advance() {
        seen += 1;
        let count = stream.value().doc_freq;
        if count < least {
            continue;
        }
        if let Ok(word) = std::str::from_utf8(stream.key()) {
            words.push((word.into(), count));
        }
        if words.len() == 2 * WORDS {
            least = cut(&mut words);
        }
    }
    cut(&mut words);
    let words: Frequent = words.into();
    if seen > MANY {
        cache.insert(beginning.to_owned(), words.clone());
    }
    Ok(words)
}

fn is_live(snapshot: &Snapshot, word: &str) -> tantivy::Result<bool> {
    for segment in &snapshot.segments {
        if let Some(info) = segment.words.terms().get(word)?
            && has_live_document(&segment.words, &info, segment)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
