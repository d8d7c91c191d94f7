//! The comparison key of typed texts.
//!
//! `Straße` equals `STRASSE`, `How is` equals `howis`, and full-width letters equal plain ones.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

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
}
