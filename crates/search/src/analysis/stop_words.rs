//! Stop words: frequent words without a topic.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::fold::fold;
use super::words::words;
use quarry_config::Language;

/// English auxiliaries and pronouns that the list of the crate lacks.
const MORE_ENGLISH: [&str; 9] = ["could", "would", "may", "might", "must", "shall", "cannot", "us", "whose"];

static LISTS: [OnceLock<HashSet<String>>; Language::ALL.len()] =
    [const { OnceLock::new() }; Language::ALL.len()];

/// Returns true for a folded stop word of a language.
pub(crate) fn is_stop_word(word: &str, language: Language) -> bool {
    LISTS[language as usize].get_or_init(|| list(language)).contains(word)
}

fn list(language: Language) -> HashSet<String> {
    let Some(listed) = code(language).and_then(stop_words::lookup) else { return HashSet::new() };
    let more: &[&str] = if language == Language::English { &MORE_ENGLISH } else { &[] };
    let mut list = HashSet::new();
    for entry in listed.iter().chain(more) {
        // Of contractions, only negations: "she'll" without its apostrophe is another word.
        match words(entry).as_slice() {
            [word] => list.insert(word.text.clone().into_owned()),
            [_, t] if t.text == "t" => list.insert(fold(&entry.replace(['\'', '’'], "")).into_owned()),
            _ => false,
        };
    }
    list
}

/// Returns the code of a language that has a list.
fn code(language: Language) -> Option<&'static str> {
    Some(match language {
        Language::Arabic => "ar",
        Language::Basque => "eu",
        Language::Catalan => "ca",
        Language::Danish => "da",
        Language::Dutch => "nl",
        Language::English => "en",
        Language::Finnish => "fi",
        Language::French => "fr",
        Language::German => "de",
        Language::Greek => "el",
        Language::Hungarian => "hu",
        Language::Indonesian => "id",
        Language::Italian => "it",
        Language::Nepali => "ne",
        Language::Norwegian => "no",
        Language::Portuguese => "pt",
        Language::Romanian => "ro",
        Language::Russian => "ru",
        Language::Spanish => "es",
        Language::Swedish => "sv",
        Language::Tamil => "ta",
        Language::Turkish => "tr",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_contain_function_words_only() {
        for word in ["the", "what", "where", "how", "is", "would", "they", "don", "dont", "of"] {
            assert!(is_stop_word(word, Language::English), "{word}");
        }
        for word in ["computer", "shell", "well", "hell", "home", "london", ""] {
            assert!(!is_stop_word(word, Language::English), "{word}");
        }
        assert!(is_stop_word("fur", Language::German) && is_stop_word("und", Language::German));
        assert!(is_stop_word("они", Language::Russian));
        assert!(!is_stop_word("the", Language::Czech));
    }
}
