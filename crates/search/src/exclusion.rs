//! Words after a minus, which exclude documents.

/// Units of quantities below zero, in lower case; `-5g` and `-4k` exclude.
const SIGNED_UNITS: [&str; 16] =
    ["v", "mv", "kv", "a", "ma", "db", "dbm", "dpt", "m", "cm", "mm", "km", "bar", "mbar", "ev", "lufs"];

/// Returns the word after one minus or several, with its symbols, unless it is a number below zero.
pub(crate) fn exclusion(chunk: &str) -> Option<&str> {
    let word = chunk.trim_start_matches(is_minus);
    (word.len() < chunk.len() && is_excludable(word)).then_some(word)
}

/// Returns true if a minus before a word excludes it: the word is no number, alone or with a unit.
pub(crate) fn is_excludable(word: &str) -> bool {
    let bare = word.trim_start_matches(is_leading_sign);
    let begins_with_word = match bare.chars().next() {
        // Amounts of money can be below zero, as can numbers in brackets.
        Some(first) if bare.len() < word.len() => first.is_alphabetic(),
        Some(first) => first.is_alphanumeric(),
        None => false,
    };
    begins_with_word && word.chars().any(char::is_alphabetic) && !is_quantity(word)
}

/// Returns true for signs before words: `#sale`, `@shop`, `.net`, `*this*`, `(that)`.
///
/// Arrows and slashes are none.
fn is_leading_sign(c: char) -> bool {
    "#＃@＠.+*_~&$€£¥([{（［「『‹'‘’‚".contains(c)
}

/// Returns true for a number with a unit that is written together with it: `20°C`, `12V`.
fn is_quantity(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_numeric() || matches!(c, '.' | ','));
    let is_degree = unit.starts_with(['°', 'º', '℃', '℉']);
    unit.len() < word.len() && (is_degree || SIGNED_UNITS.contains(&unit.to_lowercase().as_str()))
}

/// Returns true for hyphens, dashes and minus signs: keyboards, phones and word processors write any of them.
pub(crate) fn is_minus(c: char) -> bool {
    // A heavy minus is a pictograph, a word of its own.
    matches!(u32::from(c), 0x2D | 0x2010..=0x2015 | 0x2043 | 0x207B | 0x208B | 0x2212 | 0x2E3A..=0x2E3B | 0xFE58
        | 0xFE63 | 0xFF0D)
}
