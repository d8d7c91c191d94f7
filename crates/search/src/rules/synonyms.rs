//! Synonyms by the words of a query.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use quarry_config::Language;
use quarry_domain::SourceName;

use super::super::query::QueryUnit;
use super::definitions::SynonymSet;
use super::phrase_forms::{UnitStems, for_each_form_key};
use super::phrase_keys::{for_each_run, parsed};

/// The most synonyms of one word or phrase; further ones are ignored.
const MAX_TARGETS: usize = 100;
/// The bytes by which a form of an entry may be longer than the longest entry.
const MAX_ENDING_BYTES: usize = 12;

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

/// The synonyms of words by a key.
type SynonymTable = HashMap<String, Arc<[Arc<Synonym>]>>;

/// All synonyms, by the key of the words for which they stand.
#[derive(Debug, Default)]
pub(crate) struct Synonyms {
    by_key: SynonymTable,
    /// The synonyms by the stems of the words in each language, once a query was in it.
    ///
    /// To stem thousands of entries takes milliseconds, and an index has a few languages of many.
    by_stems: Vec<OnceLock<SynonymTable>>,
    /// The words for which synonyms stand, with their key.
    phrases: Vec<(String, Vec<QueryUnit>)>,
    /// The length of the longest key in bytes.
    longest: usize,
    /// The number of units of the longest phrase.
    most_units: usize,
}

impl Synonyms {
    pub(crate) fn new(sets: &[SynonymSet]) -> Self {
        let mut by_key: HashMap<String, Vec<Arc<Synonym>>> = HashMap::new();
        let mut phrases: Vec<(String, Vec<QueryUnit>)> = Vec::new();
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
                let (key, units) = parsed(phrase);
                let synonyms = by_key.entry(key.clone()).or_default();
                let others = targets.iter().filter(|(target, _)| *target != key);
                merge(synonyms, others.map(|(_, synonym)| synonym));
                phrases.push((key, units));
            }
        }
        let longest = by_key.keys().map(String::len).max().unwrap_or(0);
        let most_units = phrases.iter().map(|(_, units)| units.len()).max().unwrap_or(0);
        let by_key = by_key.into_iter().map(|(key, synonyms)| (key, synonyms.into())).collect();
        let by_stems = Language::ALL.iter().map(|_| OnceLock::new()).collect();
        Self { by_key, by_stems, phrases, longest, most_units }
    }

    /// Returns the words of a query that have synonyms: from the left, the longest first.
    ///
    /// Words in quotes have none. White space within words does not matter, as in searches, and neither do
    /// the forms of words in some languages; of entries of the same length, the typed words count.
    pub(crate) fn of(&self, units: &[QueryUnit], languages: &[Language]) -> Vec<SynonymMatch> {
        let mut found = Vec::new();
        if self.by_key.is_empty() {
            return found;
        }
        let stems: Vec<(Language, Vec<UnitStems>)> = languages
            .iter()
            .map(|&language| (language, units.iter().map(|unit| UnitStems::of(unit, language)).collect()))
            .collect();
        let mut first = 0;
        while first < units.len() {
            let mut longest: Option<SynonymMatch> = None;
            // Words that are typed apart are more than those of the entry.
            let most_units = self.most_units + 1;
            for_each_run(units, first, self.longest + MAX_ENDING_BYTES, |count, key| {
                let synonyms = self.by_key.get(key).cloned().or_else(|| {
                    let is_short = count <= most_units;
                    is_short.then(|| self.of_forms(&stems, first, count)).flatten()
                });
                if let Some(synonyms) = synonyms {
                    longest = Some(SynonymMatch { first, units: count, synonyms });
                }
            });
            first += longest.as_ref().map_or(1, |found: &SynonymMatch| found.units);
            found.extend(longest);
        }
        found
    }

    /// Returns the synonyms of the entries whose words have the stems of some units.
    fn of_forms(
        &self,
        stems: &[(Language, Vec<UnitStems>)],
        first: usize,
        count: usize,
    ) -> Option<Arc<[Arc<Synonym>]>> {
        let mut found: Option<Arc<[Arc<Synonym>]>> = None;
        for (language, units) in stems {
            let table = self.table(*language);
            for_each_form_key(&units[first..first + count], *language, |key| {
                let Some(synonyms) = table.get(key) else { return };
                found = Some(match found.take() {
                    None => synonyms.clone(),
                    Some(known) => {
                        let mut merged = known.to_vec();
                        merge(&mut merged, synonyms.iter());
                        merged.into()
                    }
                });
            });
        }
        found
    }

    /// Returns the synonyms by the stems of words in a language.
    fn table(&self, language: Language) -> &SynonymTable {
        self.by_stems[language as usize].get_or_init(|| {
            let mut table: HashMap<String, Vec<Arc<Synonym>>> = HashMap::new();
            for (key, units) in &self.phrases {
                let stems: Vec<UnitStems> = units.iter().map(|unit| UnitStems::of(unit, language)).collect();
                for_each_form_key(&stems, language, |form| {
                    let of_language = self.by_key[key]
                        .iter()
                        .filter(|synonym| synonym.scope.language.is_none_or(|only| only == language));
                    merge(table.entry(form.to_owned()).or_default(), of_language);
                });
            }
            let table = table.into_iter().filter(|(_, synonyms)| !synonyms.is_empty());
            table.map(|(key, synonyms)| (key, synonyms.into())).collect()
        })
    }
}

/// Adds synonyms that are not known yet, up to the limit.
fn merge<'s>(known: &mut Vec<Arc<Synonym>>, synonyms: impl Iterator<Item = &'s Arc<Synonym>>) {
    for synonym in synonyms {
        if known.len() < MAX_TARGETS && !known.contains(synonym) {
            known.push(synonym.clone());
        }
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
        of_languages(sets, query, &[Language::English])
    }

    fn of_languages(sets: &[SynonymSet], query: &str, languages: &[Language]) -> Vec<String> {
        let units = ParsedQuery::parse(query).included;
        let text =
            |units: &[QueryUnit]| units.iter().flat_map(QueryUnit::texts).collect::<Vec<_>>().join(" ");
        let found = Synonyms::new(sets).of(&units, languages);
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

    #[test]
    fn forms_of_words_find_the_entry() {
        let sets = [
            set(&["sofa", "couch"], &[], &[]),
            set(&["cell phone", "smartphone"], &[], &[]),
            set(&[], &["knife set", "blades"], &["cutlery"]),
            set(&["news", "bulletin"], &[], &[]),
        ];
        for (query, expected) in [
            ("two sofas", &["sofas=couch"][..]),
            ("couches", &["couches=sofa"]),
            ("sofa's", &["sofa s=couch"]),
            ("cell phones", &["cell phones=smartphone"]),
            ("cellphones", &["cellphones=smartphone"]),
            ("smart phones", &["smart phones=cell phone"]),
            ("cells phone", &["cells phone=smartphone"]),
            ("knives set", &["knives set=cutlery"]),
            ("blade", &["blade=cutlery"]),
            ("new", &[]),
            ("\"sofas\"", &[]),
            ("phones cell", &[]),
            ("sofabed", &[]),
        ] {
            assert_eq!(of(&sets, query), expected, "{query}");
        }
        assert_eq!(of_languages(&sets, "sofas", &[]), [""; 0], "an index without word forms");
    }

    #[test]
    fn typed_words_come_before_their_forms() {
        let sets = [set(&["glass", "tumbler"], &[], &[]), set(&["glasses", "spectacles"], &[], &[])];
        assert_eq!(of(&sets, "glasses"), ["glasses=spectacles"]);
        assert_eq!(of(&sets, "glass"), ["glass=tumbler"]);
        let sets = [set(&["jet", "plane"], &[], &[]), set(&["jet ski", "watercraft"], &[], &[])];
        assert_eq!(of(&sets, "jet skis"), ["jet skis=watercraft"], "the longest entry counts");
    }

    #[test]
    fn forms_belong_to_the_languages_of_the_set_and_of_the_index() {
        let mut german = set(&["Fahrrad", "Velo"], &[], &[]);
        german.language = Some(Language::German);
        let sets = [german, set(&["Stühle", "Sessel"], &[], &[])];
        let both = [Language::English, Language::German];
        assert_eq!(of_languages(&sets, "Fahrräder ", &both), ["fahrrader=velo"]);
        assert_eq!(of_languages(&sets, "velos", &[Language::English]), [""; 0]);
        assert_eq!(of_languages(&sets, "Stuhl", &both), ["stuhl=sessel"]);
    }
}
