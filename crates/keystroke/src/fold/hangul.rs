//! The letters of Korean syllables, which are typed one by one. Pure.

use unicode_normalization::char::decompose_canonical;

/// The vowels that a Korean keyboard composes from two.
const COMPOUND_VOWELS: [(char, &str); 7] =
    [('ᅪ', "ᅩᅡ"), ('ᅫ', "ᅩᅢ"), ('ᅬ', "ᅩᅵ"), ('ᅯ', "ᅮᅥ"), ('ᅰ', "ᅮᅦ"), ('ᅱ', "ᅮᅵ"), ('ᅴ', "ᅳᅵ")];
/// The finals from `ᆨ` to `ᇂ`, as leading consonants.
const FINALS: [&str; 27] = [
    "ᄀ", "ᄁ", "ᄀᄉ", "ᄂ", "ᄂᄌ", "ᄂᄒ", "ᄃ", "ᄅ", "ᄅᄀ", "ᄅᄆ", "ᄅᄇ", "ᄅᄉ", "ᄅᄐ", "ᄅᄑ",
    "ᄅᄒ", "ᄆ", "ᄇ", "ᄇᄉ", "ᄉ", "ᄊ", "ᄋ", "ᄌ", "ᄎ", "ᄏ", "ᄐ", "ᄑ", "ᄒ",
];

pub(super) fn is_hangul(char: char) -> bool {
    matches!(char, '가'..='힣' | '\u{1100}'..='\u{11ff}')
}

/// Decomposes Korean into the typed letters. A consonant has one code point in any position.
pub(super) fn decompose_hangul(key: &str) -> String {
    let mut letters = String::with_capacity(key.len() * 2);
    for char in key.chars() {
        if !is_hangul(char) {
            letters.push(char);
            continue;
        }
        decompose_canonical(char, |jamo| match jamo {
            '\u{11a8}'..='\u{11c2}' => letters.push_str(FINALS[jamo as usize - 0x11a8]),
            _ => match COMPOUND_VOWELS.iter().find(|(compound, _)| *compound == jamo) {
                Some((_, parts)) => letters.push_str(parts),
                None => letters.push(jamo),
            },
        });
    }
    letters
}
