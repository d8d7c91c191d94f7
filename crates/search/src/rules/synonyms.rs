//! Synonyms by the words of a query.

use std::collections::HashMap;
use std::sync::Arc;

use quarry_config::Language;
use quarry_domain::SourceName;

use super::super::query::QueryUnit;
use super::definitions::SynonymSet;
use super::phrase_keys::{for_each_run, parsed};

/// The most synonyms of one word or phrase; further ones are ignored.
const MAX_TARGETS: usize = 100;

/// A word or phrase that stands for typed words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Synonym {
    /// Its words.
    pub(crate) units: Vec<QueryUnit>,
    pub(crate) scope: SynonymScope,
}

/// The documents that match by a synonym.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct SynonymScope {
    pub(crate) source: Option<SourceName>,
    pub(crate) language: Option<Language>,
}

/// The words of a query from one unit on, with their synonyms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SynonymMatch {
    /// The index of the first unit.
    pub(crate) first: usize,
    /// The number of units.
    pub(crate) units: usize,
    pub(crate) synonyms: Arc<[Arc<Synonym>]>,
}

impl SynonymMatch {
    /// Returns true if exactly one of a unit and the next one is among the words.
    pub(crate) fn divides(&self, unit: usize) -> bool {
        let words = self.first..self.first + self.units;
        self.units > 1 && words.contains(&unit) != words.contains(&(unit + 1))
    }
}

/// All synonyms, by the key of the words for which they stand.
#[derive(Debug, Default)]
pub(crate) struct Synonyms {
    by_key: HashMap<String, Arc<[Arc<Synonym>]>>,
    /// The length of the longest key in bytes.
    longest: usize,
}

impl Synonyms {
    pub(crate) fn new(sets: &[SynonymSet]) -> Self {
        let mut by_key: HashMap<String, Vec<Arc<Synonym>>> = HashMap::new();
        for set in sets {
            let scope = SynonymScope { source: set.source.clone(), language: set.language };
            let (from, to) =
                if set.words.is_empty() { (&set.from, &set.to) } else { (&set.words, &set.words) };
            let target = |phrase: &String| {
                let (key, units) = parsed(phrase);
                (key, Arc::new(Synonym { units, scope: scope.clone() }))
            };
            let targets: Vec<(String, Arc<Synonym>)> = to.iter().map(target).collect();
            for phrase in from {
                let (key, _) = parsed(phrase);
                let synonyms = by_key.entry(key.clone()).or_default();
                for (_, synonym) in targets.iter().filter(|(target, _)| *target != key) {
                    if synonyms.len() < MAX_TARGETS && !synonyms.contains(synonym) {
                        synonyms.push(synonym.clone());
                    }
                }
            }
        }
        let longest = by_key.keys().map(String::len).max().unwrap_or(0);
        let by_key = by_key.into_iter().map(|(key, synonyms)| (key, synonyms.into())).collect();
        Self { by_key, longest }
    }

    /// Returns the words of a query that have synonyms: from the left, the longest first.
    ///
    /// Words in quotes have none. White space within words does not matter, as in searches.
    pub(crate) fn of(&self, units: &[QueryUnit]) -> Vec<SynonymMatch> {
        let mut found = Vec::new();
        if self.by_key.is_empty() {
            return found;
        }
        let mut first = 0;
        while first < units.len() {
            let mut longest = None;
            for_each_run(units, first, self.longest, |count, key| {
                if let Some(synonyms) = self.by_key.get(key) {
                    longest = Some(SynonymMatch { first, units: count, synonyms: synonyms.clone() });
                }
            });
            first += longest.as_ref().map_or(1, |found: &SynonymMatch| found.units);
            found.extend(longest);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::query::ParsedQuery;
    use super::*;

    fn set(words: &[&str], from: &[&str], to: &[&str]) -> SynonymSet {
        let own = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
        let id = "set".to_owned();
        SynonymSet { id, words: own(words), from: own(from), to: own(to), source: None, language: None }
    }

    /// Returns the typed words with their synonyms.
    fn of(sets: &[SynonymSet], query: &str) -> Vec<String> {
        let units = ParsedQuery::parse(query).included;
        let text =
            |units: &[QueryUnit]| units.iter().flat_map(QueryUnit::texts).collect::<Vec<_>>().join(" ");
        let found = Synonyms::new(sets).of(&units);
        let shown = found.iter().map(|found| {
            let typed = text(&units[found.first..found.first + found.units]);
            let synonyms: Vec<String> = found.synonyms.iter().map(|synonym| text(&synonym.units)).collect();
            format!("{typed}={}", synonyms.join("|"))
        });
        shown.collect()
    }

    #[test]
    fn sets_are_two_way_or_one_way() {
        let sets = [set(&["tv", "television", "telly"], &[], &[]), set(&[], &["notebook"], &["laptop"])];
        assert_eq!(of(&sets, "big TV"), ["tv=television|telly"]);
        assert_eq!(of(&sets, "telly notebook"), ["telly=tv|television", "notebook=laptop"]);
        assert_eq!(of(&sets, "laptop \"tv\""), [""; 0]);
    }

    #[test]
    fn the_longest_words_come_first() {
        let sets = [set(&["nyc", "new york city"], &[], &[]), set(&["new york", "big apple"], &[], &[])];
        assert_eq!(of(&sets, "new york city hotel"), ["new york city=nyc"]);
        assert_eq!(of(&sets, "hotel new york"), ["new york=big apple"]);
        assert_eq!(of(&sets, "Big Apple NYC"), ["big apple=new york", "nyc=new york city"]);
        assert_eq!(of(&sets, "new york \"city\""), ["new york=big apple"]);
    }

    #[test]
    fn words_apart_together_and_with_symbols() {
        let sets = [set(&["wi-fi", "wlan"], &[], &[]), set(&["c++", "cpp"], &[], &[])];
        for query in ["wifi", "Wi-Fi", "wi fi", "WI FI"] {
            assert_eq!(of(&sets, query).len(), 1, "{query}");
        }
        assert_eq!(of(&sets, "c++"), ["c=cpp"]);
        assert_eq!(of(&sets, "c"), [""; 0], "a letter is not the name with symbols");
    }

    #[test]
    fn synonyms_of_synonyms_are_none() {
        let sets = [set(&[], &["a1"], &["b1"]), set(&[], &["b1"], &["c1"])];
        assert_eq!(of(&sets, "a1"), ["a1=b1"]);
    }
}
