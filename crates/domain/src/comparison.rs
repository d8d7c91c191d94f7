//! The form in which typed texts are compared: `Straße` and `STRASSE`, `How is` and `howis`,
//! full-width and plain letters are one.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// The comparison form of a text: NFKC, full case folding, and nothing that cannot be seen: no
/// white space, no control characters, no zero-width format characters, no variation selectors.
/// Empty where there is nothing to see. Texts of one key are one search.
pub fn comparison_key(text: &str) -> String {
    if text.is_ascii() {
        let seen = text.bytes().filter(u8::is_ascii_graphic);
        return seen.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    // Normalizing can bring spaces in (`¨` is a space and a mark) and folding can take letters
    // apart again, so each is followed by its remedy.
    let normal = text.chars().filter(is_seen).nfkc().filter(is_seen);
    normal.default_case_fold().nfkc().collect()
}

fn is_seen(char: &char) -> bool {
    let is_unseen = char.is_whitespace()
        || char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    !is_unseen
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
