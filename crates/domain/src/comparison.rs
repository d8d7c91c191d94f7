//! The comparison key of typed texts.
//!
//! `Straße` equals `STRASSE`, `How is` equals `howis`, and full-width letters equal plain ones.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use super::letters::{is_accent, plain_letter};

/// Normalises a text for comparison: NFKC, full case folding, visible characters only.
///
/// White space, control characters, zero-width format characters and variation selectors are
/// dropped; a text without visible characters yields an empty key. Equal keys are one search.
pub fn comparison_key(text: &str) -> String {
    if text.is_ascii() {
        let visible = text.bytes().filter(u8::is_ascii_graphic);
        return visible.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    // Normalization can introduce spaces (`¨` decomposes to a space and a mark), and case folding
    // can decompose letters again, so a filter follows the one and NFKC the other.
    let normal = text.chars().filter(is_visible).nfkc().filter(is_visible);
    normal.default_case_fold().nfkc().collect()
}

/// Normalises a text for reports: its comparison key without accents, as in searches.
///
/// `café` and `cafe` find the same documents, so they count as one query.
pub fn query_key(text: &str) -> String {
    let key = comparison_key(text);
    if key.is_ascii() {
        return key;
    }
    let mut folded = String::with_capacity(key.len());
    for char in key.nfd().filter(|char| !is_accent(*char)) {
        match (plain_letter(char), char) {
            (Some(plain), _) => folded.push_str(plain),
            (None, '‘' | '’' | 'ʼ') => folded.push('\''),
            (None, char) => folded.push(char),
        }
    }
    folded.nfc().collect()
}

fn is_visible(char: &char) -> bool {
    let is_invisible = char.is_whitespace()
        || char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    !is_invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_case_width_composition_and_white_space_are_one() {
        for (one, other) in [
            ("How is  Emil", "howisemil"),
            ("Straße", "STRASSE"),
            ("ΌΣΟΣ", "όσος"),
            ("cafe\u{301}", "CAFÉ"),
            ("ＤＡＴＡ　１２", "data12"),
            ("ﬁne", "FINE"),
            ("a\u{200b}b\u{feff}\0\u{85}\u{2028}", "ab"),
            ("❤\u{fe0f}", "❤"),
            ("ᄒ\u{1161}ᆫ글", "한글"),
            ("a¨", "a\u{308}"),
        ] {
            assert_eq!(comparison_key(one), comparison_key(other), "{one} {other}");
        }
        for nothing in ["", " \t\n\u{a0}\u{3000}", "\u{200b}\u{200d}\u{feff}", "\0\u{7f}"] {
            assert_eq!(comparison_key(nothing), "", "{nothing:?}");
        }
    }

    #[test]
    fn different_letters_stay_different() {
        for (one, other) in [("ışık", "isik"), ("cafe", "café"), ("e", "é"), ("a-b", "ab"), ("o", "0")] {
            assert_ne!(comparison_key(one), comparison_key(other), "{one} {other}");
        }
    }

    #[test]
    fn accents_are_one_query() {
        for (one, other) in [
            ("Café", "cafe"),
            ("cafe\u{301}", "CAFE"),
            ("Müller Straße", "mullerstrasse"),
            ("łódź", "lodz"),
            ("ışık", "isik"),
            ("ёлка", "елка"),
            ("levi’s", "Levi's"),
            ("smørrebrød", "smorrebrod"),
        ] {
            assert_eq!(query_key(one), query_key(other), "{one} {other}");
        }
        for (one, other) in [("a-b", "ab"), ("が", "か"), ("한", "하"), ("कि", "क"), ("東京", "京")]
        {
            assert_ne!(query_key(one), query_key(other), "{one} {other}");
        }
        assert_eq!(query_key("한글 が"), "한글が");
    }
}
