//! Spellings: further terms for one or several adjacent words, so that other ways of writing them match.

use unicode_normalization::UnicodeNormalization;

use super::characters::{is_hangul, is_unspaced};
use super::east_asian::{is_kana, is_katakana};
use super::fold::{accented, cut, fold};
use super::joined::for_each_joined;
use super::marks::{ACCENTED, marked, marked_beginning};
use super::measures::for_each_measure;
use super::phones::for_each_phone;
use super::segmenter::for_each_segment;
use super::spaced::for_each_spaced;
use super::symbols::for_each_symbol_chunk;
use super::words::Word;

/// A further term of adjacent words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// The term; marked if its kind is.
    pub(crate) term: String,
    /// The index of the first word.
    pub(crate) first: usize,
    /// The number of adjacent words that it covers.
    pub(crate) words: usize,
    pub(crate) kind: SpellingKind,
}

/// The kinds of spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SpellingKind {
    /// Words between hyphens, apostrophes and the like, written together: `wd40`; phone numbers; numbers with their unit.
    Joined,
    /// The letters ü, ö, ä, ø and å written as two: `mueller`; `v` and `version` before a number.
    SpelledOut,
    /// A word with its accents; marked.
    Accented,
    /// Words with their symbols: `c++`; marked.
    Symbols,
    /// A word of several characters in a script without spaces, or a Korean run between spaces.
    Unspaced,
    /// The beginning of a letter of several characters, in a script without spaces, as it is typed; marked.
    Begun,
}

/// The maximum length of a beginning in characters.
const MAX_BEGINNING: usize = 8;

impl SpellingKind {
    /// Returns true if the terms have a mark, so that no typed word equals them.
    pub(crate) fn is_marked(self) -> bool {
        matches!(self, Self::Accented | Self::Symbols | Self::Begun)
    }
}

/// Calls `visit` with each spelling of a text, given its words; not in order.
///
/// Documents and queries use it alike.
pub(crate) fn for_each_spelling(text: &str, words: &[Word<'_>], mut visit: impl FnMut(Spelling)) {
    for_each_joined(text, words, |term, first, words| {
        visit(Spelling { term, first, words, kind: SpellingKind::Joined });
    });
    for_each_measure(text, words, |term, first, words| {
        visit(Spelling { term, first, words, kind: SpellingKind::Joined });
    });
    for_each_spaced(text, words, |term, first, words| {
        visit(Spelling { term, first, words, kind: SpellingKind::Joined });
    });
    for_each_phone(text, words, |term, first, words| {
        visit(Spelling { term, first, words, kind: SpellingKind::Joined });
    });
    for_each_symbol_chunk(text, words, |term, first, words| {
        visit(Spelling { term, first, words, kind: SpellingKind::Symbols });
    });
    for first in 0..words.len() {
        if let Some(term) = version_word(text, words, first) {
            visit(Spelling { term: term.to_owned(), first, words: 1, kind: SpellingKind::SpelledOut });
        }
    }
    if text.is_ascii() {
        return;
    }
    for (first, word) in words.iter().enumerate() {
        let written = &text[word.start..word.end];
        if !written.is_ascii() {
            visit_accented(written, word, |term, kind| visit(Spelling { term, first, words: 1, kind }));
            for_each_beginning(written, word, |term| {
                visit(Spelling { term, first, words: 1, kind: SpellingKind::Begun });
            });
        }
    }
    for_each_unspaced(text, words, |term, first, covered| {
        let last = &words[first + covered - 1];
        if let Some(term) = katakana(&text[words[first].start..last.end]) {
            visit(Spelling { term, first, words: covered, kind: SpellingKind::Accented });
        }
        visit(Spelling { term, first, words: covered, kind: SpellingKind::Unspaced });
    });
}

fn visit_accented(written: &str, word: &Word<'_>, mut visit: impl FnMut(String, SpellingKind)) {
    let accented = accented(written);
    if accented.starts_with(is_kana) {
        // Whole words of katakana have a term.
        return;
    }
    // Jamo and kana are decomposed in folded words.
    if accented != word.text.nfc().collect::<String>() {
        if let Some(spelled_out) = spelled_out(&accented) {
            visit(spelled_out, SpellingKind::SpelledOut);
        }
        visit(cut(marked(ACCENTED, &accented)), SpellingKind::Accented);
    }
    if let Some(base) = without_footnote(written) {
        visit(fold(base).into_owned(), SpellingKind::SpelledOut);
    }
}

/// Visits the beginnings of a letter with vowels, tones and the like: `ก` and `กุ` of `กุ้`.
///
/// A query ends with one while the letter is typed.
fn for_each_beginning(written: &str, word: &Word<'_>, mut visit: impl FnMut(String)) {
    if !written.starts_with(is_unspaced) {
        return;
    }
    let mut last = String::new();
    for (end, _) in written.char_indices().skip(1).take(MAX_BEGINNING) {
        let beginning = fold(&written[..end]);
        if !beginning.is_empty() && beginning != word.text && beginning != last {
            visit(marked_beginning(&beginning));
            last = beginning.into_owned();
        }
    }
}

/// Returns the marked form of a word with katakana, which is folded to hiragana.
fn katakana(written: &str) -> Option<String> {
    let accented = accented(written);
    accented.contains(is_katakana).then(|| cut(marked(ACCENTED, &accented)))
}

/// Returns a text in lower case, folded and with ü as `ue` and the like, if it has such letters.
pub(crate) fn spelled_out(accented: &str) -> Option<String> {
    if !accented.contains(['ü', 'ö', 'ä', 'ø', 'å']) {
        return None;
    }
    let mut written = String::with_capacity(accented.len() + 2);
    for c in accented.chars() {
        match c {
            'ü' => written.push_str("ue"),
            'ö' | 'ø' => written.push_str("oe"),
            'ä' => written.push_str("ae"),
            'å' => written.push_str("aa"),
            _ => written.push(c),
        }
    }
    Some(fold(&written).into_owned())
}

/// Returns the other word before the number of a version: `v2.3`, `v 2.3` and `version 2.3` are one.
fn version_word(text: &str, words: &[Word<'_>], at: usize) -> Option<&'static str> {
    let other = match &*words[at].text {
        "v" => "version",
        "version" => "v",
        _ => return None,
    };
    let number = words.get(at + 1).filter(|next| next.is_number())?;
    let rest = text[number.end..].strip_prefix('.')?;
    let is_before = matches!(&text[words[at].end..number.start], "" | " " | "." | ". ");
    (is_before && rest.starts_with(|c: char| c.is_ascii_digit())).then_some(other)
}

/// Returns a word without the superscript digits at its end, which may refer to a footnote.
fn without_footnote(written: &str) -> Option<&str> {
    const MIN_LETTERS: usize = 3;
    let base = written.trim_end_matches(|c| matches!(c, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹'));
    let is_word =
        base.len() < written.len() && base.chars().filter(|c| c.is_alphabetic()).count() >= MIN_LETTERS;
    is_word.then_some(base)
}

/// Visits words of several characters: those of the segmenter, and Korean runs.
fn for_each_unspaced(text: &str, words: &[Word<'_>], mut visit: impl FnMut(String, usize, usize)) {
    let script = |word: &Word<'_>| {
        let first = text[word.start..word.end].chars().next().filter(|&c| is_unspaced(c));
        first.map(is_hangul)
    };
    let mut first = 0;
    while first < words.len() {
        let Some(is_korean) = script(&words[first]) else {
            first += 1;
            continue;
        };
        let adjoins =
            |at: usize| words[at].start == words[at - 1].end && script(&words[at]) == Some(is_korean);
        let end = (first + 1..words.len()).find(|&at| !adjoins(at)).unwrap_or(words.len());
        let run = &words[first..end];
        let mut visit_words = |from: usize, to: usize| {
            if to - from > 1 {
                let term: String = run[from..to].iter().map(|word| word.text.as_ref()).collect();
                visit(cut(term), first + from, to - from);
            }
        };
        match run {
            [_] => {}
            _ if is_korean => visit_words(0, run.len()),
            _ => {
                let start = run[0].start;
                let mut from = 0;
                for_each_segment(&text[start..run[run.len() - 1].end], |segment| {
                    // A boundary within a grapheme cluster is none.
                    if let Ok(last) = run.binary_search_by_key(&(start + segment.end), |word| word.end) {
                        visit_words(from, last + 1);
                        from = last + 1;
                    }
                });
            }
        }
        first = end;
    }
}

#[cfg(test)]
#[path = "spellings_tests.rs"]
mod tests;
