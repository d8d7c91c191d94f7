//! Checks of synonyms, stop words and rules before they are stored.

use std::collections::HashSet;
use std::fmt;

use super::super::filter::{
    AttributeTest, DocumentFilter, MAX_FILTER_DEPTH, MAX_FILTER_VALUE_CHARS, MAX_FILTER_VALUES,
};
use super::super::query::{ParsedQuery, QueryUnit};
use super::definitions::{RuleDocument, ScoreFactor, SearchRule, StopWordSet, SynonymSet};
use super::phrase_keys::parsed;

/// The longest id.
const MAX_ID_CHARS: usize = 64;
/// Words and phrases of one list of a set.
const MAX_SYNONYMS: usize = 30;
/// Stop words of one list of a set.
const MAX_STOP_WORDS: usize = 1_000;
/// The longest word or phrase, in characters.
const MAX_PHRASE_CHARS: usize = 100;
/// The most words of a phrase.
const MAX_PHRASE_WORDS: usize = 8;
/// The most texts of one list of a condition.
const MAX_TEXTS: usize = 50;
/// Documents of one list of a rule.
const MAX_DOCUMENTS: usize = 50;
/// The greatest position of a pinned document.
const MAX_POSITION: u32 = 100;
/// Factors of a rule.
const MAX_FACTORS: usize = 20;
/// The bounds of a factor.
const MIN_FACTOR: f32 = 0.1;
const MAX_FACTOR: f32 = 10.0;
/// The longest name and URL, in characters.
const MAX_NAME_CHARS: usize = 200;
const MAX_URL_CHARS: usize = 2_048;

/// A problem of an entry, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The path of the invalid value.
    pub path: String,
    /// The problem; it completes the path to a sentence.
    pub problem: String,
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.problem)
    }
}

/// Collects problems below a path.
struct Checker {
    path: String,
    problems: Vec<RuleProblem>,
}

impl RuleDocument {
    /// Returns the problems of all entries; their paths begin with the name of the list.
    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut problems = Vec::new();
        let mut add =
            |list: &str, at: usize, id: &str, known: &mut HashSet<String>, mut of: Vec<RuleProblem>| {
                if !known.insert(id.to_owned()) {
                    let path = format!("{list}.{at}.id");
                    of.push(RuleProblem {
                        path,
                        problem: "is that of an entry before: give each its own".into(),
                    });
                }
                problems.append(&mut of);
            };
        let mut known = HashSet::new();
        for (at, set) in self.synonyms.iter().enumerate() {
            add("synonyms", at, &set.id, &mut known, set.problems(&format!("synonyms.{at}")));
        }
        known.clear();
        for (at, set) in self.stop_words.iter().enumerate() {
            add("stopWords", at, &set.id, &mut known, set.problems(&format!("stopWords.{at}")));
        }
        known.clear();
        for (at, rule) in self.rules.iter().enumerate() {
            add("rules", at, &rule.id, &mut known, rule.problems(&format!("rules.{at}")));
        }
        problems
    }
}

impl SynonymSet {
    /// Returns the problems of the set below a path.
    pub fn problems(&self, path: &str) -> Vec<RuleProblem> {
        let mut checker = Checker::new(path);
        checker.id(&self.id);
        match (self.words.len(), self.from.len(), self.to.len()) {
            (0, 0, 0) => checker.add("words", "is missing: give two or more words, or `from` and `to`"),
            (0, 0, _) => checker.add("from", "is empty: give the words that find those of `to`"),
            (0, _, 0) => checker.add("to", "is empty: give the words that those of `from` find"),
            (0, ..) | (2.., 0, 0) => {}
            (1, 0, 0) => checker.add("words", "has one entry: give two or more"),
            _ => checker.add("words", "stands beside `from` or `to`: use two sets"),
        }
        checker.phrases("words", &self.words, MAX_SYNONYMS, MAX_PHRASE_WORDS);
        checker.phrases("from", &self.from, MAX_SYNONYMS, MAX_PHRASE_WORDS);
        checker.phrases("to", &self.to, MAX_SYNONYMS, MAX_PHRASE_WORDS);
        checker.problems
    }
}

impl StopWordSet {
    /// Returns the problems of the set below a path.
    pub fn problems(&self, path: &str) -> Vec<RuleProblem> {
        let mut checker = Checker::new(path);
        checker.id(&self.id);
        if self.add.is_empty() && self.remove.is_empty() {
            checker.add("add", "is empty, and so is `remove`: give one of them a word");
        }
        checker.phrases("add", &self.add, MAX_STOP_WORDS, 1);
        checker.phrases("remove", &self.remove, MAX_STOP_WORDS, 1);
        let added: HashSet<Option<String>> = self.add.iter().map(|word| phrase_key(word)).collect();
        if let Some(at) = self.remove.iter().position(|word| added.contains(&phrase_key(word))) {
            checker.add(&format!("remove.{at}"), "is in `add`, too: keep one of them");
        }
        checker.problems
    }
}

impl SearchRule {
    /// Returns the problems of the rule below a path.
    pub fn problems(&self, path: &str) -> Vec<RuleProblem> {
        let mut checker = Checker::new(path);
        checker.id(&self.id);
        if let Some(name) = &self.name {
            checker.text("name", name, MAX_NAME_CHARS);
        }
        if let (Some(from), Some(until)) = (self.valid_from, self.valid_until)
            && from >= until
        {
            checker.add("validUntil", "is not after `validFrom`: the rule would never apply");
        }
        let condition = &self.condition;
        if condition.empty && !(condition.equals.is_empty() && condition.contains.is_empty()) {
            checker.add("condition.empty", "excludes `equals` and `contains`: use two rules");
        }
        checker.phrases("condition.equals", &condition.equals, MAX_TEXTS, usize::MAX);
        checker.phrases("condition.contains", &condition.contains, MAX_TEXTS, usize::MAX);
        checker.count("condition.source", condition.source.len(), MAX_FILTER_VALUES);
        checker.values("condition.category", &condition.category);
        self.check_effects(&mut checker);
        checker.problems
    }

    fn check_effects(&self, checker: &mut Checker) {
        let Self { pin, hide, boost, redirect, .. } = self;
        if pin.is_empty() && hide.is_empty() && boost.is_empty() && redirect.is_none() {
            let problem = "is empty, and so are `hide`, `boost` and `redirect`: give the rule an effect";
            checker.add("pin", problem);
        }
        checker.count("pin", pin.len(), MAX_DOCUMENTS);
        checker.count("hide", hide.len(), MAX_DOCUMENTS);
        let (mut positions, mut documents) = (HashSet::new(), HashSet::new());
        for (at, pinned) in pin.iter().enumerate() {
            if !(1..=MAX_POSITION).contains(&pinned.position) {
                checker.add(&format!("pin.{at}.position"), &format!("is not from 1 to {MAX_POSITION}"));
            }
            if !positions.insert(pinned.position) {
                checker.add(&format!("pin.{at}.position"), "is that of another document: choose a free one");
            }
            if !documents.insert(pinned.id()) {
                checker.add(&format!("pin.{at}"), "is pinned twice: keep one of them");
            }
        }
        if let Some(at) = hide.iter().position(|hidden| documents.contains(&hidden.id())) {
            checker.add(&format!("hide.{at}"), "is pinned by the same rule: keep one of them");
        }
        checker.count("boost", boost.len(), MAX_FACTORS);
        for (at, factor) in boost.iter().enumerate() {
            checker.factor(&format!("boost.{at}"), factor);
        }
        if let Some(url) = redirect {
            checker.url("redirect", url);
        }
    }
}

impl Checker {
    fn new(path: &str) -> Self {
        Self { path: path.to_owned(), problems: Vec::new() }
    }

    fn add(&mut self, field: &str, problem: &str) {
        let path = format!("{}.{field}", self.path);
        self.problems.push(RuleProblem { path, problem: problem.to_owned() });
    }

    fn id(&mut self, id: &str) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > MAX_ID_CHARS || !id.chars().all(is_plain) {
            self.add("id", "is not of 1 to 64 ASCII letters, digits, `-`, `_` and `.`");
        }
    }

    fn count(&mut self, field: &str, count: usize, max: usize) {
        if count > max {
            self.add(field, &format!("has {count} entries: give at most {max}"));
        }
    }

    fn text(&mut self, field: &str, text: &str, max_chars: usize) {
        if let Err(problem) = quarry_domain::check_text(text, max_chars) {
            self.add(field, &problem);
        }
    }

    fn values(&mut self, field: &str, values: &[String]) {
        self.count(field, values.len(), MAX_FILTER_VALUES);
        for (at, value) in values.iter().enumerate() {
            self.text(&format!("{field}.{at}"), value, MAX_FILTER_VALUE_CHARS);
        }
    }

    /// Checks words and phrases, which must differ.
    fn phrases(&mut self, field: &str, phrases: &[String], max: usize, max_words: usize) {
        self.count(field, phrases.len(), max);
        let mut known = HashSet::new();
        for (at, phrase) in phrases.iter().enumerate().take(max) {
            let path = format!("{field}.{at}");
            self.text(&path, phrase, MAX_PHRASE_CHARS);
            let query = ParsedQuery::parse(phrase);
            let has_signs = !query.excluded.is_empty()
                || query.included.iter().any(|unit| matches!(unit, QueryUnit::Phrase(_)));
            if has_signs {
                self.add(&path, "contains quotes or an exclusion: give plain words");
            } else if query.included.is_empty() {
                self.add(&path, "contains no word: give letters or digits");
            } else if query.included.iter().map(QueryUnit::words).sum::<usize>() > max_words {
                let remedy =
                    if max_words == 1 { "is not one word" } else { "has more than 8 words: shorten it" };
                self.add(&path, remedy);
            } else if !known.insert(phrase_key(phrase)) {
                self.add(&path, "equals an entry before: remove one of them");
            }
        }
    }

    fn factor(&mut self, path: &str, factor: &ScoreFactor) {
        if !(MIN_FACTOR..=MAX_FACTOR).contains(&factor.factor) {
            self.add(&format!("{path}.factor"), &format!("is not from {MIN_FACTOR} to {MAX_FACTOR}"));
        }
        let filter = &factor.filter;
        if filter.is_empty() {
            self.add(&format!("{path}.filter"), "is empty: it would change all scores alike");
        }
        self.filter(&format!("{path}.filter"), filter, MAX_FILTER_DEPTH);
    }

    /// Checks a filter, whose attributes the API checks against the declared ones.
    fn filter(&mut self, path: &str, filter: &DocumentFilter, depth: usize) {
        let Some(below) = depth.checked_sub(1) else {
            self.add(path, &format!("is nested more than {MAX_FILTER_DEPTH} levels deep: simplify it"));
            return;
        };
        self.values(&format!("{path}.source"), &filter.source);
        self.values(&format!("{path}.category"), &filter.category);
        self.values(&format!("{path}.authorKey"), &filter.author_key);
        self.count(&format!("{path}.attributes"), filter.attributes.len(), MAX_FILTER_VALUES);
        for (at, condition) in filter.attributes.iter().enumerate() {
            self.test(&format!("{path}.attributes.{at}.test"), &condition.test);
        }
        if let (Some(from), Some(before)) = (filter.published_from, filter.published_before)
            && from >= before
        {
            self.add(&format!("{path}.publishedBefore"), "is not after `publishedFrom`: no document matches");
        }
        if let Some(not) = &filter.not {
            self.filter(&format!("{path}.not"), not, below);
        }
        self.count(&format!("{path}.anyOf"), filter.any_of.len(), MAX_FILTER_VALUES);
        for (at, filter) in filter.any_of.iter().enumerate() {
            self.filter(&format!("{path}.anyOf.{at}"), filter, below);
        }
    }

    fn test(&mut self, path: &str, test: &AttributeTest) {
        match test {
            AttributeTest::Labels(labels) => {
                self.alternatives(&format!("{path}.labels"), labels, |_| false);
                self.values(&format!("{path}.labels"), labels);
            }
            AttributeTest::Numbers(ranges) => {
                self.alternatives(&format!("{path}.numbers"), ranges, |range| range.from > range.to);
            }
            AttributeTest::Dates(ranges) => {
                self.alternatives(&format!("{path}.dates"), ranges, |range| range.from > range.to);
            }
            AttributeTest::Exists(_) | AttributeTest::Near { .. } | AttributeTest::Within(_) => {}
        }
    }

    /// Checks values or ranges of which one must match.
    fn alternatives<T>(&mut self, path: &str, alternatives: &[T], is_inverted: impl Fn(&T) -> bool) {
        if alternatives.is_empty() {
            self.add(path, "is empty: no document matches");
        }
        if let Some(at) = alternatives.iter().position(is_inverted) {
            self.add(&format!("{path}.{at}"), "ends before it begins: exchange `from` and `to`");
        }
    }

    /// Checks a URL that pages follow: scripts have schemes, too.
    fn url(&mut self, field: &str, url: &str) {
        let lower = url.to_ascii_lowercase();
        let host = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
        let is_path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
        let has_host = host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#']));
        if !(is_path || has_host) || url.contains(char::is_whitespace) {
            self.add(field, "is not a URL: give one with http or https, or a path that begins with `/`");
        }
        self.text(field, url, MAX_URL_CHARS);
    }
}

/// Returns the key by which phrases are equal; `None` without a word.
fn phrase_key(phrase: &str) -> Option<String> {
    let (key, units) = parsed(phrase);
    (!units.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the problems of a document of JSON.
    #[track_caller]
    fn problems(json: &str) -> Vec<String> {
        let document: RuleDocument = serde_json::from_str(json).unwrap();
        document.problems().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn valid_entries_have_no_problem() {
        let json = include_str!("../../../../docs/examples/rules.json");
        assert_eq!(problems(json), [""; 0]);
    }

    #[test]
    fn each_problem_has_its_path_and_a_remedy() {
        for (json, expected) in [
            (r#"{"synonyms": [{"id": "a b", "words": ["tv", "telly"]}]}"#, "synonyms.0.id is not of 1 to 64"),
            (r#"{"synonyms": [{"id": "a"}]}"#, "synonyms.0.words is missing"),
            (r#"{"synonyms": [{"id": "a", "words": ["tv"]}]}"#, "synonyms.0.words has one entry"),
            (r#"{"synonyms": [{"id": "a", "from": ["tv"]}]}"#, "synonyms.0.to is empty"),
            (r#"{"synonyms": [{"id": "a", "to": ["tv"]}]}"#, "synonyms.0.from is empty"),
            (
                r#"{"synonyms": [{"id": "a", "words": ["tv", "b"], "to": ["c"]}]}"#,
                "synonyms.0.words stands beside",
            ),
            (r#"{"synonyms": [{"id": "a", "words": ["TV", "t-v"]}]}"#, "synonyms.0.words.1 equals an entry"),
            (r#"{"synonyms": [{"id": "a", "words": ["tv", "-b"]}]}"#, "synonyms.0.words.1 contains quotes"),
            (r#"{"synonyms": [{"id": "a", "words": ["tv", "?!"]}]}"#, "synonyms.0.words.1 contains no word"),
            (
                r#"{"synonyms": [{"id": "a", "words": ["tv", "a b c d e f g h i"]}]}"#,
                "synonyms.0.words.1 has more than 8 words",
            ),
            (
                r#"{"synonyms": [{"id": "a", "words": ["b", "c"]}, {"id": "a", "words": ["b", "c"]}]}"#,
                "synonyms.1.id is that of an entry before",
            ),
            (r#"{"stopWords": [{"id": "a"}]}"#, "stopWords.0.add is empty"),
            (r#"{"stopWords": [{"id": "a", "add": ["b c"]}]}"#, "stopWords.0.add.0 is not one word"),
            (
                r#"{"stopWords": [{"id": "a", "add": ["b"], "remove": ["B"]}]}"#,
                "stopWords.0.remove.0 is in `add`",
            ),
            (r#"{"rules": [{"id": "a"}]}"#, "rules.0.pin is empty, and so are"),
            (
                r#"{"rules": [{"id": "a", "redirect": "javascript:alert(1)"}]}"#,
                "rules.0.redirect is not a URL",
            ),
            (r#"{"rules": [{"id": "a", "redirect": "//evil.example"}]}"#, "rules.0.redirect is not a URL"),
            (
                r#"{"rules": [{"id": "a", "pin": [{"source": "s", "key": "k", "position": 0}]}]}"#,
                "rules.0.pin.0.position is not from 1 to 100",
            ),
            (
                r#"{"rules": [{"id": "a", "pin": [{"source": "s", "key": "k", "position": 1},
                    {"source": "s", "key": "l", "position": 1}]}]}"#,
                "rules.0.pin.1.position is that of another",
            ),
            (
                r#"{"rules": [{"id": "a", "pin": [{"source": "s", "key": "k", "position": 1}],
                    "hide": [{"source": "s", "key": "k"}]}]}"#,
                "rules.0.hide.0 is pinned by the same rule",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"filter": {"source": ["s"]}, "factor": 11}]}]}"#,
                "rules.0.boost.0.factor is not from 0.1 to 10",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"factor": 2, "filter": {"attributes":
                    [{"name": "brand", "test": {"labels": []}}]}}]}]}"#,
                "rules.0.boost.0.filter.attributes.0.test.labels is empty",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"factor": 2, "filter": {"attributes":
                    [{"name": "price", "test": {"numbers": [{"to": 1.0}, {"from": 3.0, "to": 2.0}]}}]}}]}]}"#,
                "rules.0.boost.0.filter.attributes.0.test.numbers.1 ends before",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"factor": 2, "filter": {"attributes":
                    [{"name": "made", "test": {"dates": [{"from": 1, "to": 0}]}}]}}]}]}"#,
                "rules.0.boost.0.filter.attributes.0.test.dates.0 ends before",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"factor": 2, "filter": {
                    "publishedFrom": "2026-01-02T00:00:00Z", "publishedBefore": "2026-01-02T00:00:00Z"}}]}]}"#,
                "rules.0.boost.0.filter.publishedBefore is not after",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"filter": {}, "factor": 2}]}]}"#,
                "rules.0.boost.0.filter is empty",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"filter":
                    {"not": {"not": {"not": {"not": {"not": {"source": ["s"]}}}}}}, "factor": 2}]}]}"#,
                "rules.0.boost.0.filter.not.not.not.not.not is nested more than 5 levels deep",
            ),
            (
                r#"{"rules": [{"id": "a", "redirect": "/x", "condition": {"empty": true, "equals": ["b"]}}]}"#,
                "rules.0.condition.empty excludes",
            ),
            (
                r#"{"rules": [{"id": "a", "redirect": "/x", "validFrom": "2027-01-02T00:00:00Z",
                    "validUntil": "2027-01-01T00:00:00Z"}]}"#,
                "rules.0.validUntil is not after",
            ),
        ] {
            let found = problems(json);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{json}: {found:?}");
        }
    }

    #[test]
    fn lists_are_bounded() {
        let words: Vec<String> = (0..=MAX_SYNONYMS).map(|at| format!("w{at}")).collect();
        let json = serde_json::json!({"synonyms": [{"id": "a", "words": words}]}).to_string();
        assert_eq!(problems(&json), ["synonyms.0.words has 31 entries: give at most 30"]);
    }
}
