//! Text being typed: the words before the last one, and the last one.

use super::analysis::{Word, for_each_segment, is_hangul, is_unspaced, with_final_anusvara, words};
use super::query::ParsedQuery;

/// A text whose last word is incomplete, or still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypedText {
    /// The text before the last word, with collapsed white space.
    pub(crate) before: String,
    /// The last word, folded; empty after a space.
    pub(crate) word: String,
    /// The last word as it was typed.
    pub(crate) written: String,
    /// The symbols at the end of `before` that a word continues without a space: `wi-`, `c+`, `at&`.
    pub(crate) symbols: String,
}

/// Symbols within words, or at their end.
const SYMBOLS: &[char] =
    &['-', '\u{2010}', '\u{2011}', '&', '.', '\'', '’', '/', '+', '#', '_', '@', '·', '\u{2bb}', '\u{2bc}'];

impl TypedText {
    /// Divides a text in each way that may be meant, the likeliest first; none after closing quotes, and in
    /// exclusions.
    ///
    /// In scripts without spaces, the last word is all that follows the last space, or its last segment.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let trimmed = text.trim_end();
        if !ParsedQuery::parse(trimmed.trim_end_matches(SYMBOLS)).ends_in_prefix {
            return Vec::new();
        }
        let words = words(trimmed);
        let Some(last) = words.len().checked_sub(1) else { return Vec::new() };
        let symbols = &trimmed[words[last].end..];
        let is_abbreviated = symbols == "." && is_abbreviation(&words[last].text);
        if !symbols.is_empty()
            && !is_abbreviated
            && (trimmed.len() < text.len() || !symbols.chars().all(|c| SYMBOLS.contains(&c)))
        {
            return Vec::new();
        }
        if trimmed.len() < text.len() || !symbols.is_empty() {
            let symbols = symbols.to_owned();
            return vec![Self {
                before: collapsed(text),
                word: String::new(),
                written: String::new(),
                symbols,
            }];
        }
        let from = |first: usize| Self {
            before: collapsed(&text[..words[first].start]),
            written: text[words[first].start..].to_owned(),
            word: words[first..].iter().map(|word| word.text.as_ref()).collect(),
            symbols: String::new(),
        };
        let run = unspaced_run(text, &words);
        let start = words[run].start;
        let mut segment = 0;
        if run < last {
            for_each_segment(&text[start..], |range| segment = range.start);
        }
        let in_segment = words.partition_point(|word| word.start < start + segment);
        if in_segment > run && in_segment <= last {
            return vec![from(run), from(in_segment)];
        }
        let typed = from(run);
        // The nasal of an Indic word is written in two ways.
        let other = with_final_anusvara(&typed.word).map(|word| Self { word, ..typed.clone() });
        [typed].into_iter().chain(other).collect()
    }

    /// Returns true if the last word joins the one before, as in `wi-f`.
    pub(crate) fn is_joined(&self) -> bool {
        let is_part = !self.before.ends_with(char::is_whitespace) && !words(&self.before).is_empty();
        is_part && !self.written.starts_with(is_unspaced)
    }

    /// Returns true if words follow the typed ones after a space, and not right after symbols.
    pub(crate) fn is_followed(&self) -> bool {
        self.symbols.is_empty()
            || self.symbols == "."
                && words(&self.before).last().is_some_and(|word| is_abbreviation(&word.text))
    }

    /// Returns the text with another last word.
    pub(crate) fn completed_to(&self, word: &str) -> String {
        format!("{}{word}", self.before)
    }
}

/// Returns true for folded words such as `dr`, `st` and `ltd`, whose dot ends no sentence.
pub(crate) fn is_abbreviation(word: &str) -> bool {
    const MAX_LETTERS: usize = 3;
    let is_consonant = |c: u8| c.is_ascii_alphabetic() && !b"aeiouy".contains(&c);
    word.len() <= MAX_LETTERS && word.bytes().all(is_consonant)
}

/// Returns the index of the first of the adjoining words at the end in one script without spaces; of the last word in
/// other scripts.
fn unspaced_run(text: &str, words: &[Word<'_>]) -> usize {
    let script =
        |word: &Word<'_>| text[word.start..].chars().next().filter(|&c| is_unspaced(c)).map(is_hangul);
    let mut first = words.len() - 1;
    let last = script(&words[first]);
    while last.is_some()
        && first > 0
        && words[first - 1].end == words[first].start
        && script(&words[first - 1]) == last
    {
        first -= 1;
    }
    first
}

fn collapsed(text: &str) -> String {
    let mut collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !collapsed.is_empty() && text.ends_with(char::is_whitespace) {
        collapsed.push(' ');
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_before_the_last_word() {
        for (text, divided) in [
            ("sho", Some("<sho>")),
            ("Red  SHO", Some("Red <sho>")),
            ("\"red sho", Some("\"red <sho>")),
            ("O'Ré", Some("O'<re>")),
            ("e-mail", Some("e-<mail>")),
            ("red ", Some("red <>")),
            (" red  shoes\t", Some("red shoes <>")),
            ("", None),
            (" ", None),
            ("red sho.", Some("red sho.<>")),
            ("red sho. ", None),
            ("near St.", Some("near St.<>")),
            ("near St.  ", Some("near St. <>")),
            ("near St. Ma", Some("near St. <ma>")),
            ("try. ", None),
            ("red sho!", None),
            ("wi-", Some("wi-<>")),
            ("books on c+", Some("books on c+<>")),
            ("\"red shoes\"", None),
            ("\"red shoes\" ", None),
            ("shoes -re", None),
            ("shoes -re ", None),
            ("c++ ", None),
            ("*", None),
            ("\0\u{202e}", None),
        ] {
            let typed = TypedText::all(text);
            let typed: Vec<_> =
                typed.iter().map(|typed| typed.completed_to(&format!("<{}>", typed.word))).collect();
            assert_eq!(typed, Vec::from_iter(divided), "{text}");
        }
    }

    #[test]
    fn words_without_spaces_are_runs_or_segments() {
        for (text, expected) in [
            ("コーヒ", vec!["<こーひ>"]),
            ("iPhone用 ワイヤ", vec!["iPhone用 <わいや>"]),
            ("東京タ", vec!["<东京た>", "東京<た>"]),
            ("กินข้าวสว", vec!["<กินข้าวสว>", "กินข้าว<สว>"]),
        ] {
            let typed: Vec<String> = TypedText::all(text)
                .iter()
                .map(|typed| typed.completed_to(&format!("<{}>", typed.word)))
                .collect();
            assert_eq!(typed, expected, "{text}");
        }
        assert_eq!(TypedText::all("무선 블루").len(), 1, "Korean has spaces between words");
    }

    #[test]
    fn a_word_joins_the_one_before_without_a_space() {
        for (text, expected) in [("wi-f", true), ("\"re", false), ("wi f", false), ("東京タ", false)] {
            assert_eq!(TypedText::all(text).remove(0).is_joined(), expected, "{text}");
        }
    }
}
