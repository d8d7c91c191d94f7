//! Classes of characters.

use unicode_normalization::char::is_combining_mark;

/// The zeros of the decimal digits outside ASCII; the other nine digits follow each.
///
/// Digits with a compatibility decomposition are missing.
const ZEROS: [u32; 58] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136,
    0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50,
    0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E950,
];

/// Returns the ASCII digit of a decimal digit of any script.
pub(super) fn ascii_digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = *ZEROS[..ZEROS.partition_point(|&zero| zero <= code)].last()?;
    char::from_digit(code - zero, 10)
}

/// Returns true for characters within words.
pub(super) fn belongs_to_word(c: char) -> bool {
    // Joiners shape Persian and Indic words without dividing them.
    (c.is_alphanumeric() && !is_modifier_apostrophe(c)) || is_combining_mark(c) || is_invisible(c)
}

/// Returns true for letters that look like apostrophes, for which keyboards type these: Ukrainian `ʼ`, Hawaiian `ʻ`, `ʿ`.
///
/// They divide words as apostrophes do, so that either spelling finds the other.
pub(super) fn is_modifier_apostrophe(c: char) -> bool {
    matches!(u32::from(c), 0x2B9..=0x2BF)
}

/// Returns true for the signs that are typed as an apostrophe.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '＇' | '´' | '`') || is_modifier_apostrophe(c)
}

/// Returns true for numerals and abbreviations that stand alone: `½`, `①`, `㎏`, `℡`, but not superscripts and subscripts.
pub(super) fn is_lone_numeral(c: char) -> bool {
    matches!(u32::from(c), 0xBC..=0xBE | 0x2103 | 0x2109 | 0x2121 | 0x213B | 0x2150..=0x215F | 0x2460..=0x24B5
        | 0x24EA..=0x24FF | 0x2776..=0x2793
        | 0x3220..=0x33FF | 0x1F100..=0x1F10C)
}

pub(super) fn is_pictograph(c: char) -> bool {
    // Minus, bullet and fraction operators, and what draws lines, are punctuation; enclosed letters belong to words.
    matches!(u32::from(c), 0x203C | 0x2049 | 0x2190..=0x2211 | 0x221A..=0x24B5 | 0x24EA..=0x24FF | 0x25A0..=0x2BFF
        | 0x1F000..=0x1F12F | 0x1F14A..=0x1FAFF)
}

/// Returns true for the modifiers that color a pictograph.
pub(super) fn is_skin_tone(c: char) -> bool {
    matches!(u32::from(c), 0x1F3FB..=0x1F3FF)
}

/// Returns true for letters of scripts that write no spaces between words, and for Hangul.
///
/// Korean has spaces, but particles and compounds adjoin the words that queries name.
pub(crate) fn is_unspaced(c: char) -> bool {
    match u32::from(c) {
        0..0x0E00 => false,
        0x0E00..=0x0EFF
        | 0x1000..=0x109F
        | 0x1780..=0x17FF
        | 0x1950..=0x19FF
        | 0x1A20..=0x1AAF
        | 0xA9E0..=0xA9FF
        | 0xAA60..=0xAADF => !is_digit_or_punctuation(c),
        0x2E80..=0x2FDF
        | 0x3005..=0x3007
        | 0x3021..=0x302F
        | 0x3031..=0x303C
        | 0x3041..=0x3096
        | 0x3099..=0x309A
        | 0x309D..=0x309F
        | 0x30A1..=0x30FA
        | 0x30FC..=0x312F
        | 0x31A0..=0x31BF
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFF9F
        | 0x20000..=0x3FFFF => true,
        _ => is_hangul(c),
    }
}

fn is_digit_or_punctuation(c: char) -> bool {
    ascii_digit(c).is_some() || !(c.is_alphanumeric() || is_combining_mark(c))
}

pub(crate) fn is_hangul(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x11FF | 0x3130..=0x318F | 0xA960..=0xA97F | 0xAC00..=0xD7FF
        | 0xFFA1..=0xFFDC)
}

/// Returns true for characters without a meaning of their own.
///
/// Soft hyphens, joiners, direction marks, fillers, tatweel and variation selectors. A zero-width space is
/// not among them: it separates words in Thai and Khmer, and parts of a word elsewhere.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(u32::from(c), 0x00AD | 0x034F | 0x061C | 0x0640 | 0x115F..=0x1160 | 0x17B4..=0x17B5
        | 0x180B..=0x180F | 0x200C..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xE0100..=0xE01EF)
}

pub(super) const ZERO_WIDTH_SPACE: char = '\u{200b}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_all_scripts_have_values() {
        for (digits, expected) in
            [("٠٩", "09"), ("۴۲", "42"), ("१७", "17"), ("๓๕", "35"), ("៦", "6"), ("၈", "8")]
        {
            assert_eq!(digits.chars().filter_map(ascii_digit).collect::<String>(), expected);
        }
        assert!(ZEROS.is_sorted());
        assert_eq!("a²½京".chars().find_map(ascii_digit), None);
    }
}
