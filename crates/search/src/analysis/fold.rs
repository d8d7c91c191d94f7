//! Folding: words that differ in case, accents and forms of letters become one term.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::characters::{ZERO_WIDTH_SPACE, ascii_digit, is_invisible, is_modifier_apostrophe, is_skin_tone};
use super::east_asian::fold_sequences;
use super::han::representative;
use super::indic::{DEVANAGARI_NUKTA, fold_nasals, indic_sign, without_chillu};
use quarry_domain::{is_accent, plain_letter};

/// The maximum length of a term in bytes, since tantivy limits terms.
pub(super) const MAX_TERM_BYTES: usize = 200;

/// A part of the characters `℃` and `℉`, and of no other word.
const DEGREE: char = '°';

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
    if folded.len() <= MAX_TERM_BYTES {
        return folded;
    }
    Cow::Owned(cut(folded.into_owned()))
}

/// Cuts a term to its maximum length.
pub(super) fn cut(mut term: String) -> String {
    term.truncate(term.floor_char_boundary(MAX_TERM_BYTES));
    term
}

/// Returns a word in lower case with its accents, in compatibility form.
pub(crate) fn accented(word: &str) -> String {
    let visible = word.chars().filter(|&c| !is_invisible(c));
    visible.nfkc().flat_map(char::to_lowercase).nfc().collect()
}

fn fold_unicode(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    let mut has_symbol = false;
    // Decomposition separates accents; lower case can add more (İ).
    for c in word.nfkd().flat_map(char::to_lowercase).nfkd() {
        if let Some(plain) = plain_letter(c).or_else(|| without_chillu(c)) {
            folded.push_str(plain);
            has_symbol = true;
            continue;
        }
        match c {
            _ if is_accent(c)
                || is_invisible(c)
                || matches!(c, ZERO_WIDTH_SPACE | DEVANAGARI_NUKTA | DEGREE) => {}
            _ if is_skin_tone(c) && has_symbol => {}
            // Decompositions contain it, as that of `ŉ`.
            _ if is_modifier_apostrophe(c) => {}
            _ => {
                let letter = arabic_letter(c)
                    .or_else(|| ascii_digit(c))
                    .or_else(|| indic_sign(c))
                    .or_else(|| ethiopic_letter(c));
                folded.push(letter.unwrap_or_else(|| representative(c)));
            }
        }
        has_symbol = !folded.is_empty();
    }
    fold_sequences(fold_nasals(folded))
}

/// Returns the common form of syllables that Amharic pronounces alike: `ሠላም` is `ሰላም`.
///
/// Consonants have eight characters, in the order of their vowels, of which the first and fourth of some sound alike.
fn ethiopic_letter(c: char) -> Option<char> {
    const ORDERS: u32 = 8;
    const A: [u32; 2] = [0, 3];
    let code = u32::from(c);
    if !(0x1200..0x1380).contains(&code) {
        return None;
    }
    let (consonant, order) = (code - code % ORDERS, code % ORDERS);
    let plain = match consonant {
        // The letters for h, of which the last also stands for kh.
        0x1200 | 0x1210 | 0x1280 => 0x1200,
        0x1220 => 0x1230,
        0x12D0 => 0x12A0,
        0x1340 => 0x1338,
        _ => consonant,
    };
    let is_vowel_or_h = matches!(plain, 0x1200 | 0x12A0);
    let order = if is_vowel_or_h && A.contains(&order) { A[0] } else { order };
    (plain + order != code).then(|| char::from_u32(plain + order)).flatten()
}

/// Returns the common form of letters that Arabic, Persian and Urdu keyboards type differently.
///
/// Hamza and madda are accents by now.
fn arabic_letter(c: char) -> Option<char> {
    Some(match c {
        'ٱ' | 'ٲ' | 'ٳ' => 'ا',
        'ة' | 'ۃ' | 'ە' | 'ہ' | 'ھ' | 'ۀ' => 'ه',
        'ى' | 'ی' | 'ے' | 'ې' | 'ۍ' => 'ي',
        'ک' | 'ڪ' => 'ك',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_case_accents_and_compatibility_forms() {
        for (word, expected) in [
            ("Müller", "muller"),
            ("mu\u{308}ller", "muller"),
            ("Straße", "strasse"),
            ("ŁÓDŹ", "lodz"),
            ("Ærø", "aero"),
            ("ＩＢＭ", "ibm"),
            ("ﬁne", "fine"),
            ("İstanbul", "istanbul"),
            ("Iğdır", "igdir"),
            ("ΕΛΛΆΣ", "ελλασ"),
            ("ёлка", "елка"),
            ("CO₂", "co2"),
            ("x²", "x2"),
            ("ŉ", "n"),
            ("۱۴۰۳", "1403"),
            ("१२", "12"),
            ("👍🏽", "👍"),
            ("🏽", "🏽"),
            ("Do\u{ad}nau\u{2060}dampf\u{200e}", "donaudampf"),
            ("\u{feff}mark", "mark"),
            ("مـــدرسة", "مدرسه"),
            ("آزادی", "ازادي"),
            ("کتاب", "كتاب"),
            ("أإؤئ", "ااوي"),
        ] {
            assert_eq!(fold(word), expected, "{word}");
        }
    }

    #[test]
    fn variants_of_letters_fold_alike() {
        for (a, b) in [
            ("کتابی", "كتابي"),
            ("على", "علی"),
            ("مدرسة", "مدرسه"),
            ("東京", "东京"),
            ("中國", "中国"),
            ("ケーキ", "けーき"),
            ("ہے", "هي"),
            ("ሠላም", "ሰላም"),
            ("ሃገር", "ሀገር"),
            ("ኃይል", "ሀይል"),
            ("ሐሙስ", "ሓሙስ"),
            ("ዓለም", "አለም"),
            ("ዐይን", "ዓይን"),
            ("ፀሐይ", "ጸሀይ"),
            ("അവന്\u{200d}", "അവൻ"),
            ("കണ്\u{200d}", "കൺ"),
            ("﨑", "崎"),
            ("ヶ", "ケ"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn cuts_long_words_between_characters() {
        assert_eq!(fold(&"é".repeat(1_000)).len(), MAX_TERM_BYTES);
        assert!(fold(&"京".repeat(1_000)).len() <= MAX_TERM_BYTES);
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(word in "\\PC{0,12}") {
            let once = fold(&word).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }
    }
}
