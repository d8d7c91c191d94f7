//! The words that follow typed ones in documents.

use std::collections::HashMap;

use super::analysis::{Word, is_unspaced, words};
use super::indexed_sources::IndexedSources;
use super::typed_text::{TypedText, is_abbreviation};
use super::written_words::{Spellings, for_each_text, visible};
use quarry_domain::Document;

/// The newest documents with the typed words that are read.
pub(super) const FOLLOWED_DOCUMENTS: usize = 64;
/// The maximum length of a separator between two words of a phrase, in bytes.
const MAX_SEPARATOR: usize = 4;
/// Stop words that are suggested along with the word after them: `flight to Paris`.
const MAX_STOP_WORDS: usize = 2;
/// Words that are suggested along with the first one behind a symbol: `rock'n'roll`.
const MAX_ATTACHED: usize = 3;
/// The characters of a run without spaces that is suggested as a whole.
const MAX_RUN: usize = 16;

/// Texts by the folded words that follow the typed ones.
type Followers = HashMap<String, (usize, Spellings)>;

/// Counts the words that follow typed ones.
pub(super) struct FollowerCounts<'t> {
    typed: &'t TypedText,
    /// The typed words.
    before: Vec<Word<'t>>,
    of_all: Followers,
    of_last: Followers,
}

impl<'t> FollowerCounts<'t> {
    pub(super) fn new(typed: &'t TypedText) -> Self {
        Self { typed, before: words(&typed.before), of_all: Followers::new(), of_last: Followers::new() }
    }

    /// Returns true if there are no typed words.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty()
    }

    /// Counts the words of a document.
    pub(super) fn add(
        &mut self,
        sources: &IndexedSources,
        document: &Document,
        is_stop_word: &impl Fn(&str) -> bool,
    ) {
        let Self { typed, before, of_all, of_last } = self;
        let Some(last) = before.last() else { return };
        for_each_text(sources, document, |text, found| {
            for at in 0..found.len() {
                if found[at].text != last.text {
                    continue;
                }
                let (end, following) = if typed.is_followed() {
                    let Some(last) = follower(is_stop_word, typed, text, found, at) else { continue };
                    let following: Vec<&str> = found[at + 1..=last].iter().map(|word| &*word.text).collect();
                    (found[last].end, following.join(" "))
                } else {
                    let Some(end) = continued(&typed.symbols, text, found, at) else { continue };
                    (end, text[found[at].end..end].to_lowercase())
                };
                let start = start_of_all(before, text, found, at);
                let followers = if start.is_some() { &mut *of_all } else { &mut *of_last };
                let (count, spellings) = followers.entry(following).or_default();
                *count += 1;
                spellings.add(visible(&text[found[start.unwrap_or(at)].start..end]));
            }
        });
    }

    /// Returns the typed text with the words that follow it, most frequent first.
    ///
    /// If no document continues all typed words, the last one decides.
    pub(super) fn into_texts(self, limit: usize) -> Vec<String> {
        let Self { typed, before, of_all, of_last } = self;
        let (Some(first), Some(last)) = (before.first(), before.last()) else { return Vec::new() };
        let kept = if of_all.is_empty() { last.start } else { first.start };
        let followers = if of_all.is_empty() { of_last } else { of_all };
        let mut followers: Vec<_> = followers.into_iter().collect();
        followers.sort_by(|(a, (a_count, _)), (b, (b_count, _))| b_count.cmp(a_count).then(a.cmp(b)));
        let texts = followers.iter().filter_map(|(_, (_, spellings))| spellings.best());
        texts.take(limit).map(|text| format!("{}{text}", &typed.before[..kept])).collect()
    }
}

/// Returns the end of the word that follows symbols without a space, or of symbols that are a part of the name: `C++`.
fn continued(symbols: &str, text: &str, found: &[Word<'_>], at: usize) -> Option<usize> {
    let of_name = |c: &char| matches!(c, '+' | '#');
    let start = found[at].end;
    if !text[start..].starts_with(symbols) {
        return None;
    }
    if symbols.chars().all(|c| of_name(&c)) {
        return Some(start + text[start..].chars().take_while(of_name).count());
    }
    let attached = |at: &usize| !text[found[*at - 1].end..found[*at].start].contains(char::is_whitespace);
    let last = (at + 1..found.len()).take_while(attached).take(MAX_ATTACHED).last()?;
    Some(found[last].end)
}

/// Returns the index of the word that completes the text after a word.
fn follower(
    is_stop_word: &impl Fn(&str) -> bool,
    typed: &TypedText,
    text: &str,
    found: &[Word<'_>],
    at: usize,
) -> Option<usize> {
    let mut end = at + 1;
    if !adjoins(text, found, end) || !found[end].text.starts_with(&typed.word) {
        return None;
    }
    while is_stop_word(&found[end].text) {
        end += 1;
        if end > at + 1 + MAX_STOP_WORDS || !adjoins(text, found, end) {
            return None;
        }
    }
    if !text[found[end].start..].starts_with(is_unspaced) {
        return Some(end);
    }
    // In scripts without spaces, characters are words, but a part of their run makes no sense.
    let is_joined = |at: &usize| {
        found[*at].start == found[*at - 1].end && text[found[*at].start..].starts_with(is_unspaced)
    };
    let last = (end + 1..found.len()).take_while(is_joined).last().unwrap_or(end);
    (last - end < MAX_RUN).then_some(last)
}

/// Returns the index of the first typed word, if a word ends all of them.
fn start_of_all(before: &[Word<'_>], text: &str, found: &[Word<'_>], at: usize) -> Option<usize> {
    let start = (at + 1).checked_sub(before.len())?;
    let is_same = (0..before.len()).all(|of| found[start + of].text == before[of].text);
    (is_same && (start + 1..=at).all(|at| adjoins(text, found, at))).then_some(start)
}

/// Returns true if a word continues the phrase of the one before it.
fn adjoins(text: &str, found: &[Word<'_>], at: usize) -> bool {
    let Some(word) = found.get(at) else { return false };
    let separator = &text[found[at - 1].end..word.start];
    let ends_phrase =
        |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '\n' | '\r');
    let is_inner = !separator.contains(char::is_whitespace);
    let is_abbreviated = separator.trim_end() == "." && is_abbreviation(&found[at - 1].text);
    separator.len() <= MAX_SEPARATOR && (is_inner || is_abbreviated || !separator.contains(ends_phrase))
}
