//! Text analysis: divides documents and queries into the same terms.
//!
//! A word is a run of letters and digits between Unicode word boundaries, folded to compatibility form
//! (NFKC), lower case and no accents. Scripts without spaces give one term per character; a pictograph is a
//! term. Stems are indexed beside the words with a mark, so that no query contains a stem.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use quarry_config::Language;

/// The version of the analysis; an index of another version is rebuilt.
pub(crate) const ANALYSIS_VERSION: u32 = 1;

/// The maximum length of a word in bytes, since tantivy limits terms.
const MAX_WORD_BYTES: usize = 200;

/// Precedes stems, so that they differ from words in the term dictionary.
const STEM_MARK: char = '\u{1}';
/// Precedes words of names.
const NAME_MARK: char = '\u{2}';

/// A folded word with its position in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    /// The folded form.
    pub(crate) text: Cow<'t, str>,
    /// The offset of its first byte.
    pub(crate) start: usize,
    /// The offset after its last byte.
    pub(crate) end: usize,
}

/// Calls `visit` with each word of a text, in order.
pub(crate) fn for_each_word<'t>(text: &'t str, mut visit: impl FnMut(Word<'t>)) {
    if text.is_ascii() {
        for_each_ascii_word(text, &mut visit);
        return;
    }
    for (start, segment) in text.split_word_bound_indices() {
        if segment.chars().any(char::is_alphanumeric) {
            for_each_part(segment, |offset, part| {
                let start = start + offset;
                visit(Word { text: fold(part), start, end: start + part.len() });
            });
        } else if segment.chars().any(is_pictograph) {
            visit(Word { text: fold(segment), start, end: start + segment.len() });
        }
    }
}

/// Returns the words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for_each_word(text, |word| words.push(word));
    words
}

/// Divides ASCII text, where each character except letters and digits is a boundary.
fn for_each_ascii_word<'t>(text: &'t str, visit: &mut impl FnMut(Word<'t>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
            at += 1;
        }
        visit(Word { text: fold(&text[start..at]), start, end: at });
    }
}

/// Divides a word at the marks that Unicode permits within one: O'Hara, 3.14, snake_case.
fn for_each_part<'t>(segment: &'t str, mut visit: impl FnMut(usize, &'t str)) {
    let mut start = None;
    for (at, c) in segment.char_indices() {
        match (belongs_to_word(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                visit(from, &segment[from..at]);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        visit(from, &segment[from..]);
    }
}

fn belongs_to_word(c: char) -> bool {
    // Joiners shape Persian and Indic words without dividing them.
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c), 0x203C..=0x2049 | 0x2190..=0x2BFF | 0x1F000..=0x1FAFF)
}

/// Folds one word.
pub(crate) fn fold(word: &str) -> Cow<'_, str> {
    let folded = if word.is_ascii() {
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(word.to_ascii_lowercase())
        } else {
            Cow::Borrowed(word)
        }
    } else {
        Cow::Owned(fold_unicode(word))
    };
    if folded.len() <= MAX_WORD_BYTES {
        return folded;
    }
    let cut = folded.floor_char_boundary(MAX_WORD_BYTES);
    Cow::Owned(folded[..cut].to_owned())
}

fn fold_unicode(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    // Decomposition separates accents; lower case can add more (İ).
    for c in word.nfkd().flat_map(char::to_lowercase).nfkd() {
        match c {
            // Letters with a stroke, and ligatures, have no decomposition.
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ŧ' => folded.push('t'),
            'ς' => folded.push('σ'),
            _ if is_accent(c) || is_invisible(c) => {}
            _ => folded.push(c),
        }
    }
    folded
}

/// Returns true for marks that are optional in typing: European accents, Hebrew points, Arabic vowels.
///
/// Marks that distinguish words, as in Indic scripts and kana, remain.
fn is_accent(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036F | 0x0591..=0x05BD | 0x05BF | 0x05C1..=0x05C2 | 0x05C4..=0x05C5 | 0x05C7
        | 0x0610..=0x061A | 0x064B..=0x065F | 0x0670 | 0x06D6..=0x06DC
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Returns true for joiners, tatweel and variation selectors, which change the appearance only.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c), 0x0640 | 0x200B..=0x200F | 0x2060 | 0xFE00..=0xFE0F | 0xFEFF | 0x00AD)
}

/// Returns the marked stem of a folded word; without stemming, the marked word.
pub(crate) fn marked_stem(word: &str, language: Language) -> String {
    match language {
        Language::English => marked(STEM_MARK, &Stemmer::new(Algorithm::English).stem(word)),
        Language::None => marked(STEM_MARK, word),
    }
}

/// Returns a folded word of a name with its mark; names have no stems.
pub(crate) fn marked_name(word: &str) -> String {
    marked(NAME_MARK, word)
}

/// Returns true for a marked stem or name.
pub(crate) fn is_marked(term: &str) -> bool {
    term.starts_with([STEM_MARK, NAME_MARK])
}

fn marked(mark: char, word: &str) -> String {
    let mut marked = String::with_capacity(word.len() + 1);
    marked.push(mark);
    marked.push_str(word);
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text.into_owned()).collect()
    }

    #[test]
    fn folds_case_accents_and_compatibility_forms() {
        for (text, expected) in [
            ("Müller MULLER mu\u{308}ller", vec!["muller", "muller", "muller"]),
            ("Straße ŁÓDŹ Ærø", vec!["strasse", "lodz", "aero"]),
            ("ＩＢＭ ﬁne ²", vec!["ibm", "fine", "2"]),
            ("İstanbul Iğdır", vec!["istanbul", "igdir"]),
            ("Ελλάς ΕΛΛΆΣ", vec!["ελλασ", "ελλασ"]),
            ("ёлка", vec!["елка"]),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn divides_words_at_spaces_and_punctuation() {
        for (text, expected) in [
            ("O'Sullivan’s e-mail: a_b 3.14", vec!["o", "sullivan", "s", "e", "mail", "a", "b", "3", "14"]),
            ("don’t stop", vec!["don", "t", "stop"]),
            ("東京 タワー", vec!["東", "京", "タワー"]),
            ("party 🎉!", vec!["party", "🎉"]),
            ("שָׁלוֹם", vec!["שלום"]),
            (" \t…—«»\"", vec![]),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn words_have_their_offsets() {
        let text = "Café à Zoë";
        let words: Vec<&str> = super::words(text).iter().map(|word| &text[word.start..word.end]).collect();
        assert_eq!(words, ["Café", "à", "Zoë"]);
    }

    #[test]
    fn ascii_and_unicode_paths_agree() {
        let text = "It's a_b, 3.14 (x:y); e.g. co-op";
        let ascii = folded(text);
        let mut unicode = folded(&format!("{text} é"));
        assert_eq!(unicode.pop().as_deref(), Some("e"));
        assert_eq!(ascii, unicode);
    }

    #[test]
    fn cuts_long_words_between_characters() {
        assert_eq!(fold(&"é".repeat(1_000)).len(), MAX_WORD_BYTES);
        assert!(fold(&"京".repeat(1_000)).len() <= MAX_WORD_BYTES);
    }

    #[test]
    fn stems_are_marked() {
        assert_eq!(marked_stem("running", Language::English), "\u{1}run");
        assert_eq!(marked_stem("running", Language::None), "\u{1}running");
    }
}
