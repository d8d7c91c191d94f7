//! Words after a minus, which exclude documents.

/// Units of quantities below zero, in lower case; `-5g` and `-4k` exclude.
const SIGNED_UNITS: [&str; 16] =
    ["v", "mv", "kv", "a", "ma", "db", "dbm", "dpt", "m", "cm", "mm", "km", "bar", "mbar", "ev", "lufs"];

/// Returns the word after a minus, unless it is a number below zero, alone or with a unit.
pub(crate) fn exclusion(chunk: &str) -> Option<&str> {
    let word = chunk.strip_prefix(is_minus)?;
    let begins_with_word = word.chars().next().is_some_and(char::is_alphanumeric);
    (begins_with_word && word.chars().any(char::is_alphabetic) && !is_quantity(word)).then_some(word)
}

/// Returns true for a number with a unit that is written together with it: `20°C`, `12V`.
fn is_quantity(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_numeric() || matches!(c, '.' | ','));
    let is_degree = unit.starts_with(['°', 'º', '℃', '℉']);
    unit.len() < word.len() && (is_degree || SIGNED_UNITS.contains(&unit.to_lowercase().as_str()))
}

/// Returns true for the characters that keyboards and phones write for a minus.
pub(crate) fn is_minus(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}')
}
