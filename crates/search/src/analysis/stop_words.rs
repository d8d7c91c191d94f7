//! Stop words: frequent words without a topic.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::OnceLock;

use super::fold::fold;
use super::words::words;
use quarry_config::Language;

/// English auxiliaries and pronouns that the list of the crate lacks.
const MORE_ENGLISH: [&str; 9] = ["could", "would", "may", "might", "must", "shall", "cannot", "us", "whose"];

/// Words with a topic in the lists of the crate, folded: names of things, numerals, titles and units.
const CZECH_TOPICS: &str = "ahoj blizko chut clanek clanku clanky ctrnact ctyri daleko dekovat dekujeme dekuji den deset \
    design devatenact devet dobry dva dvacet dvanact dve email jedenact mate moc nove novy nula osm osmnact patnact \
    pozde prave prvni pet sedm sedmnact sest sestnact sta sto strana tema temata tipy tisic tisice trinact tri vecer zpravy";
const POLISH_TOPICS: &str = "cala caly cali daleko dobrze dr dwa dwaj dwie dwoje dzis dzisiaj godz hab ii iii inz iv ix \
    kierunku lat mgr mozliwe natychmiast nowe nr pan pana pani pl prof raz razie roku sam sama sposob tel tys ul vi vii \
    viii vol www xi xii xiii xiv xv zl";
const HINDI_TOPICS: &str =
    "घर वर्ग वरग साबुत बाला रखें दो पूरा पुरा सारा काफि काफी कुल गया दिया कर निहायत रवासा तिन";

static LISTS: [OnceLock<HashSet<String>>; Language::ALL.len()] =
    [const { OnceLock::new() }; Language::ALL.len()];

/// Returns true for a folded stop word of a language.
pub(crate) fn is_stop_word(word: &str, language: Language) -> bool {
    LISTS[language as usize].get_or_init(|| list(language)).contains(word)
}

fn list(language: Language) -> HashSet<String> {
    let Some(listed) = code(language).and_then(stop_words::lookup) else { return HashSet::new() };
    let more: &[&str] = if language == Language::English { &MORE_ENGLISH } else { &[] };
    let topics: HashSet<Cow<'_, str>> = topics(language).split_whitespace().map(fold).collect();
    let mut list = HashSet::new();
    for entry in listed.iter().chain(more) {
        // Of contractions, only negations: "she'll" without its apostrophe is another word.
        match words(entry).as_slice() {
            [word] => list.insert(word.text.clone().into_owned()),
            [_, t] if t.text == "t" => list.insert(fold(&entry.replace(['\'', '’'], "")).into_owned()),
            _ => false,
        };
    }
    list.retain(|word| !topics.contains(word.as_str()));
    list
}

/// Returns the words that a list contains by mistake.
fn topics(language: Language) -> &'static str {
    match language {
        Language::Czech => CZECH_TOPICS,
        Language::Hindi => HINDI_TOPICS,
        Language::Polish => POLISH_TOPICS,
        _ => "",
    }
}

/// Returns the code of a language that has a list.
fn code(language: Language) -> Option<&'static str> {
    Some(match language {
        Language::Arabic => "ar",
        Language::Armenian => "hy",
        Language::Basque => "eu",
        Language::Catalan => "ca",
        Language::Czech => "cs",
        Language::Danish => "da",
        Language::Dutch => "nl",
        Language::English => "en",
        Language::Estonian => "et",
        Language::Finnish => "fi",
        Language::French => "fr",
        Language::German => "de",
        Language::Greek => "el",
        Language::Hindi => "hi",
        Language::Hungarian => "hu",
        Language::Indonesian => "id",
        Language::Italian => "it",
        Language::Nepali => "ne",
        Language::Norwegian => "no",
        Language::Polish => "pl",
        Language::Portuguese => "pt",
        Language::Romanian => "ro",
        Language::Russian => "ru",
        Language::Sesotho => "st",
        Language::Spanish => "es",
        Language::Swedish => "sv",
        Language::Tamil => "ta",
        Language::Turkish => "tr",
        Language::Ukrainian => "uk",
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
        for (words, language) in [
            ("na pro a ktery", Language::Czech),
            ("dla jest i ktory", Language::Polish),
            ("के लिए में", Language::Hindi),
            ("для та як", Language::Ukrainian),
            ("ja ning kui", Language::Estonian),
            ("և համար", Language::Armenian),
            ("le ho", Language::Sesotho),
        ] {
            let listed = words.split(' ').filter(|word| is_stop_word(&fold(word), language)).count();
            assert!(listed >= 2, "{words}");
        }
        for (words, language) in [
            ("zpravy strana design mate", Language::Czech),
            ("pani lat zl vii", Language::Polish),
            ("घर काफी दो", Language::Hindi),
        ] {
            assert!(words.split(' ').all(|word| !is_stop_word(&fold(word), language)), "{words}");
        }
    }
}
