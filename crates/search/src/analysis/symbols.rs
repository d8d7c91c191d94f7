//! Words with the symbols that distinguish them: `c++`, `.net`, `at&t`.

use std::ops::Range;

use super::characters::is_unspaced;
use super::fold::{cut, fold};
use super::marks::{SYMBOLS, marked};
use super::words::Word;

/// The maximum length of a chunk in bytes.
const MAX_BYTES: usize = 64;

/// Calls `visit` with each marked chunk, the index of its first word and the number of its words.
pub(super) fn for_each_symbol_chunk(
    text: &str,
    words: &[Word<'_>],
    mut visit: impl FnMut(String, usize, usize),
) {
    let mut first = 0;
    while first < words.len() {
        let (start, mut end) = (words[first].start, words[first].end);
        let mut next = first + 1;
        if is_unspaced_at(text, start) {
            first = next;
            continue;
        }
        while next < words.len()
            && joins(&text[end..words[next].start])
            && !is_unspaced_at(text, words[next].start)
        {
            end = words[next].end;
            next += 1;
        }
        let whole = with_symbols(text, start..end);
        let has_symbol = next - first > 1 || whole != (start..end);
        if has_symbol && end - start <= MAX_BYTES {
            visit(cut(marked(SYMBOLS, &fold(&text[whole]))), first, next - first);
        }
        first = next;
    }
}

/// Returns a word with the symbols at its end that distinguish it, given the marked chunk: `c++`.
///
/// Other symbols at an end, and those of numbers, say something about a word without changing it: `#tag`, `100%`.
pub(crate) fn distinguished(chunk: &str) -> Option<&str> {
    let word = chunk.strip_prefix(SYMBOLS)?.trim_start_matches(|c: char| !c.is_alphanumeric());
    let name = word.trim_end_matches(['+', '#']);
    (name.len() < word.len() && name.chars().all(char::is_alphabetic)).then_some(word)
}

/// Returns the word of a marked chunk; other words are unchanged.
pub(crate) fn without_symbols(word: &str) -> &str {
    match word.strip_prefix(SYMBOLS) {
        Some(chunk) => chunk.trim_matches(|c: char| !c.is_alphanumeric()),
        None => word,
    }
}

/// Returns the range of adjacent words with the symbols that belong to them.
pub(crate) fn with_symbols(text: &str, words: Range<usize>) -> Range<usize> {
    let before = leading(&text[..words.start]);
    let mut after = trailing(&text[words.end..]);
    // Emphasis such as *this* is no part of the word.
    if after == "*" && text[..words.start].ends_with('*') {
        after = "";
    }
    words.start - before.len()..words.end + after.len()
}

fn joins(gap: &str) -> bool {
    !gap.is_empty() && gap.chars().all(is_symbol)
}

fn is_unspaced_at(text: &str, start: usize) -> bool {
    text.as_bytes()[start] >= 0xE0 && text[start..].starts_with(is_unspaced)
}

/// Returns true for symbols within a chunk; dashes, slashes and apostrophes divide it.
fn is_symbol(c: char) -> bool {
    matches!(
        c,
        '+' | '#'
            | '@'
            | '$'
            | '&'
            | '*'
            | '%'
            | '^'
            | '~'
            | '='
            | '.'
            | '€'
            | '£'
            | '¥'
            | '＋'
            | '＃'
            | '＆'
    )
}

/// Returns the symbols at the end of a text that begin a chunk.
fn leading(text: &str) -> &str {
    let symbols = &text[text.trim_end_matches(['+', '#', '@', '$', '€', '£', '¥', '.', '＃']).len()..];
    // More than one is an ellipsis, a heading or decoration.
    if symbols.chars().nth(1).is_none() { symbols } else { "" }
}

/// Returns the symbols at the start of a text that end a chunk.
fn trailing(text: &str) -> &str {
    let rest = text.trim_start_matches(['+', '#', '%', '*', '$', '€', '£', '¥', '＋', '＃']);
    let symbols = &text[..text.len() - rest.len()];
    if symbols.chars().nth(2).is_none() && symbols != "**" { symbols } else { "" }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn chunks(text: &str) -> Vec<String> {
        let mut chunks = Vec::new();
        for_each_symbol_chunk(text, &words(text), |term, _, _| chunks.push(term[1..].to_owned()));
        chunks
    }

    #[test]
    fn symbols_at_the_end_of_a_name_distinguish_it() {
        for (text, expected) in [
            ("C++ C# F#, a+ Ｃ＋＋", vec!["c++", "c#", "f#", "a+", "c++"]),
            ("#tag @name .net $5 100% 5+ b* at&t c++17", vec![]),
        ] {
            let words = words(text);
            let mut found = Vec::new();
            for_each_symbol_chunk(text, &words, |chunk, _, covered| {
                found.extend(distinguished(&chunk).filter(|_| covered == 1).map(str::to_owned));
            });
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn symbols_distinguish_words() {
        for (text, expected) in [
            ("C++ C# F#, (.NET) node.js.", vec!["c++", "c#", "f#", ".net", "node.js"]),
            ("AT&T R&D @Handle #tag $100 a* +1", vec!["at&t", "r&d", "@handle", "#tag", "$100", "a*", "+1"]),
            ("C/C++-Entwickler", vec!["c++"]),
            ("学习C++编程", vec!["c++"]),
            ("Ｃ＋＋ und Ｃ＃", vec!["c++", "c#"]),
            ("jane.doe@example.org", vec!["jane.doe@example.org"]),
            ("Wi-Fi O'Hara a_b either/or", vec![]),
            ("Stop. Then... *this*, **that** and ## more", vec![]),
            ("\"quoted\" [brackets] yes!", vec![]),
            ("100% £5", vec!["100%", "£5"]),
        ] {
            assert_eq!(chunks(text), expected, "{text}");
        }
    }
}
