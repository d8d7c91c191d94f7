//! The base words of a text: each has one position.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::characters::{
    ZERO_WIDTH_SPACE, belongs_to_word, is_invisible, is_lone_numeral, is_pictograph, is_unspaced,
};
use super::east_asian::{continues_letter, repeated};
use super::fold::fold;
use super::sizes::{are_decimals, for_each_part, is_size_sign};

/// Precedes decimals in terms.
const POINT: char = '.';

/// Returns the term of decimals, given their digits.
pub(crate) fn decimals(digits: &str) -> String {
    format!("{POINT}{digits}")
}

/// Returns the decimals of a term as a number of their own, as in a version.
pub(crate) fn without_point(term: &str) -> Option<&str> {
    term.strip_prefix(POINT)
}

/// A folded word with its position in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    /// The folded form.
    pub(crate) text: Cow<'t, str>,
    /// The offset of its first byte.
    pub(crate) start: usize,
    /// The offset after its last byte.
    pub(crate) end: usize,
    /// True for the digits after the point of a decimal.
    pub(super) are_decimals: bool,
}

impl Word<'_> {
    /// Returns the word as a term: decimals have their point, so that they are no number of their own.
    pub(crate) fn term(&self) -> Cow<'_, str> {
        if self.are_decimals { Cow::Owned(decimals(&self.text)) } else { Cow::Borrowed(&self.text) }
    }

    /// Returns true for ASCII digits only.
    pub(super) fn is_number(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Calls `visit` with each word of a text, in order.
pub(crate) fn for_each_word<'t>(text: &'t str, mut visit: impl FnMut(Word<'t>)) {
    if text.is_ascii() {
        for_each_ascii_word(text, &mut visit);
    } else {
        for_each_unicode_word(text, &mut visit);
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
        for_each_part(text, start, at, |start, end| {
            let are_decimals = are_decimals(text, start, end);
            visit(Word { text: fold(&text[start..end]), start, end, are_decimals });
        });
    }
}

fn for_each_unicode_word<'t>(text: &'t str, visit: &mut impl FnMut(Word<'t>)) {
    let mut add = |start: usize, end: usize| {
        let folded = fold(repeated(text, start).unwrap_or(&text[start..end]));
        // Some letters have no folded form.
        if !folded.is_empty() {
            visit(Word { text: folded, start, end, are_decimals: are_decimals(text, start, end) });
        }
    };
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if is_pictograph(c) || is_unspaced(c) {
            let end = at + cluster_length(&text[at..]);
            if !is_size_sign(text, at, at + c.len_utf8()) {
                add(at, end);
            }
            at = end;
        } else if is_lone_numeral(c) {
            add(at, at + c.len_utf8());
            at += c.len_utf8();
        } else if c.is_alphanumeric() && belongs_to_word(c) && !is_invisible(c) {
            let end = at + run_length(&text[at..]);
            for_each_part(text, at, end, &mut add);
            at = end;
        } else {
            at += c.len_utf8();
        }
    }
}

/// Returns the length of the letter at the start, which is a grapheme cluster or two, with the invisible characters after it.
fn cluster_length(text: &str) -> usize {
    let mut clusters = text.graphemes(true);
    let first = clusters.next().unwrap_or_default();
    let next = clusters.next().filter(|next| next.starts_with(|c| continues_letter(first, c)));
    let cluster = first.len() + next.map_or(0, str::len);
    let is_skipped = |c: char| is_invisible(c) || c == ZERO_WIDTH_SPACE;
    let rest = &text[cluster..];
    // Adjoining characters remain adjacent.
    cluster + rest.len() - rest.trim_start_matches(is_skipped).len()
}

/// Returns the length of the run of letters and digits at the start, which is visible.
///
/// Tatweel and the fillers of Hangul are letters as well as invisible: a run of them alone has no length.
fn run_length(text: &str) -> usize {
    let is_part = |c: char| belongs_to_word(c) && !is_unspaced(c) && !is_lone_numeral(c) && !is_pictograph(c);
    let run = &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())];
    run.trim_end_matches(is_invisible).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fold::MAX_TERM_BYTES;
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text.into_owned()).collect()
    }

    #[test]
    fn divides_words_at_spaces_and_punctuation() {
        for (text, expected) in [
            ("O'Sullivan’s e-mail: a_b 3.14", vec!["o", "sullivan", "s", "e", "mail", "a", "b", "3", "14"]),
            ("don’t stop", vec!["don", "t", "stop"]),
            ("об\u{2bc}єкт \u{2bf}Umar\u{2be}", vec!["об", "єкт", "umar"]),
            ("party 🎉!", vec!["party", "🎉"]),
            ("thumbs👍🏽up", vec!["thumbs", "👍", "up"]),
            ("👨‍👩‍👧 🇫🇷🇩🇪", vec!["👨👩👧", "🇫🇷", "🇩🇪"]),
            ("שָׁלוֹם", vec!["שלום"]),
            ("20 m², CO₂ and H₂O", vec!["20", "m2", "co2", "and", "h2o"]),
            ("2½ ①install 5㎏", vec!["2", "1⁄2", "1", "install", "5", "kg"]),
            ("کتاب‌ها", vec!["كتابها"]),
            ("Ⓗello ⓦorld 🄷🄸 🅰", vec!["hello", "world", "hi", "🅰"]),
            ("℡ 555 at 20℃ or 68℉", vec!["tel", "555", "at", "20", "c", "or", "68", "f"]),
            ("Quarry™", vec!["quarry"]),
            ("Do\u{ad}nau\u{ad}schiff x\u{200e}", vec!["donauschiff", "x"]),
            ("\u{feff}\u{ad}first", vec!["first"]),
            ("zero\u{200b}width", vec!["zero", "width"]),
            (" \t…—«»\"ـ5 − 3 ──", vec!["5", "3"]),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_give_one_word_per_character() {
        for (text, expected) in [
            ("東京 タワー", vec!["东", "京", "た", "わ", "ー"]),
            ("iPhone用ケース", vec!["iphone", "用", "け", "ー", "す"]),
            ("第12回", vec!["第", "12", "回"]),
            ("サーバ・ルーム", vec!["さ", "ー", "は\u{3099}", "る", "ー", "む"]),
            ("กินข้าว ๑๒", vec!["กิ", "น", "ข้", "า", "ว", "12"]),
            ("ພາສາ", vec!["ພ", "າ", "ສ", "າ"]),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
        let korean = words("서울에서").len();
        assert_eq!((korean, folded("東\u{200b}京").len()), (4, 2));
        assert_eq!(words("ខ្មែរ").first().map(|word| word.start), Some(0));
    }

    #[test]
    fn adjoining_characters_have_adjoining_offsets() {
        for text in ["中\u{200b}国\u{2060}語", "กินข้าว", "서울대학교"] {
            let words = words(text);
            assert!(words.windows(2).all(|pair| pair[0].end == pair[1].start), "{text}");
            assert_eq!(words.last().map(|word| word.end), Some(text.len()));
        }
    }

    #[test]
    fn words_have_their_offsets() {
        let text = "Café à Zo\u{ad}ë\u{ad}";
        let words: Vec<&str> = super::words(text).iter().map(|word| &text[word.start..word.end]).collect();
        assert_eq!(words, ["Café", "à", "Zo\u{ad}ë"]);
    }

    #[test]
    fn invisible_letters_alone_are_no_word() {
        for invisible in ["\u{640}", "\u{115f}", "\u{1160}", "\u{3164}", "\u{ffa0}"] {
            assert!(folded(invisible).is_empty(), "{invisible:?}");
            assert!(folded(&invisible.repeat(3)).is_empty(), "{invisible:?}");
            assert_eq!(folded(&format!("{invisible}tea {invisible} {invisible}été")), ["tea", "ete"]);
        }
    }

    proptest! {
        #[test]
        fn words_are_disjoint_and_folded(text in "(\\PC|[ -~]|[가-힣ก-ฮ\u{200b}-\u{200f}\u{ad}\u{640}\u{1160}\u{3164}]){0,30}") {
            let mut last = 0;
            for word in words(&text) {
                prop_assert!(word.start >= last && word.end > word.start);
                prop_assert!(text.get(word.start..word.end).is_some());
                prop_assert!(!word.text.is_empty() && word.text.len() <= MAX_TERM_BYTES);
                prop_assert_eq!(fold(&word.text), word.text.as_ref());
                last = word.end;
            }
        }

        #[test]
        fn ascii_and_unicode_paths_agree(text in "[ -~]{0,40}") {
            let mut unicode = Vec::new();
            for_each_unicode_word(&text, &mut |word| unicode.push(word));
            prop_assert_eq!(words(&text), unicode);
        }
    }
}
