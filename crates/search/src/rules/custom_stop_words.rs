//! Stop words beside those of the built-in lists.

use std::collections::HashMap;

use quarry_config::Language;
use quarry_domain::SourceName;

use super::super::analysis::words;
use super::super::filter::DocumentFilter;
use super::definitions::StopWordSet;

/// Words that are added to the built-in lists, or removed from them.
#[derive(Debug, Default)]
pub(crate) struct CustomStopWords(HashMap<String, Vec<StopWordChange>>);

/// A change of the lists by one set.
#[derive(Debug)]
struct StopWordChange {
    is_added: bool,
    source: Option<SourceName>,
    language: Option<Language>,
}

impl CustomStopWords {
    pub(crate) fn new(sets: &[StopWordSet]) -> Self {
        let mut changes: HashMap<String, Vec<StopWordChange>> = HashMap::new();
        for set in sets {
            let added = set.add.iter().map(|word| (word, true));
            for (word, is_added) in added.chain(set.remove.iter().map(|word| (word, false))) {
                for word in words(word) {
                    let (source, language) = (set.source.clone(), set.language);
                    let change = StopWordChange { is_added, source, language };
                    changes.entry(word.text.into_owned()).or_default().push(change);
                }
            }
        }
        Self(changes)
    }

    /// Returns true for a stop word of one of the languages in a search with a filter.
    ///
    /// Additions have precedence over removals.
    pub(crate) fn is_stop_word(
        &self,
        word: &str,
        languages: &[Language],
        filter: &DocumentFilter,
        is_built_in: impl Fn(Language) -> bool,
    ) -> bool {
        let mut languages = languages.iter().copied();
        if self.0.is_empty() {
            return languages.any(is_built_in);
        }
        let changes = self.0.get(word).map_or(&[] as &[_], Vec::as_slice);
        let changes = || changes.iter().filter(|change| change.is_within(filter));
        let mut added = changes().filter(|change| change.is_added);
        let is_added =
            added.any(|change| change.language.is_none_or(|of| languages.clone().any(|it| it == of)));
        let is_removed = |language: Language| {
            changes().any(|change| !change.is_added && change.language.is_none_or(|of| of == language))
        };
        is_added || languages.any(|language| is_built_in(language) && !is_removed(language))
    }
}

impl StopWordChange {
    /// Returns true if a filter selects the source of the set only.
    fn is_within(&self, filter: &DocumentFilter) -> bool {
        let Some(source) = &self.source else { return true };
        !filter.source.is_empty() && filter.source.iter().all(|selected| selected == source.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_add_and_remove_words_of_sources_and_languages() {
        let sets: Vec<StopWordSet> = serde_json::from_value(serde_json::json!([
            {"id": "all", "add": ["Buy"], "remove": ["who"]},
            {"id": "german", "add": ["bitte"], "remove": ["die"], "language": "german"},
            {"id": "shop", "add": ["order"], "source": "shop"},
        ]))
        .unwrap();
        let custom = CustomStopWords::new(&sets);
        let shop = DocumentFilter { source: vec!["shop".to_owned()], ..DocumentFilter::default() };
        let all = DocumentFilter::default();
        let (english, german) = (Language::English, Language::German);
        let built_in = |language: Language, word: &str| match language {
            Language::English => ["who", "the"].contains(&word),
            _ => ["die", "the"].contains(&word),
        };
        for (word, languages, filter, expected) in [
            ("buy", &[english][..], &all, true),
            ("buy", &[], &all, true),
            ("who", &[english], &all, false),
            ("the", &[english], &all, true),
            ("the", &[], &all, false),
            ("bitte", &[english], &all, false),
            ("bitte", &[english, german], &all, true),
            ("die", &[german], &all, false),
            ("order", &[english], &all, false),
            ("order", &[english], &shop, true),
        ] {
            let is = custom.is_stop_word(word, languages, filter, |language| built_in(language, word));
            assert_eq!(is, expected, "{word} {languages:?} {filter:?}");
        }
    }
}
