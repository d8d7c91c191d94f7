//! Articles, prepositions and pronouns that lose their vowel before another one: `l'eau`, `dell'arte`.

use super::analysis::is_apostrophe;
use quarry_config::Language;

/// The elided words of French, Italian and Catalan, folded.
const ELIDED: [&str; 31] = [
    "l", "d", "j", "m", "n", "s", "t", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "un", "gl", "all",
    "coll", "dall", "dell", "nell", "sull", "dagl", "degl", "negl", "sugl", "quell", "quest", "com", "dov",
    "cos", "v",
];

/// Returns true for an elided word, which an apostrophe follows.
pub(crate) fn is_elided(word: &str, rest: &str) -> bool {
    rest.starts_with(is_apostrophe) && ELIDED.contains(&word)
}

pub(crate) fn elides(language: Language) -> bool {
    matches!(language, Language::French | Language::Italian | Language::Catalan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apostrophe_follows_elided_words() {
        for (word, rest, expected) in [
            ("l", "'eau", true),
            ("dell", "’arte", true),
            ("qu", "\u{2bc}il", true),
            ("l", " eau", false),
            ("o", "'hara", false),
            ("aujourd", "'hui", false),
        ] {
            assert_eq!(is_elided(word, rest), expected, "{word}{rest}");
        }
    }
}
