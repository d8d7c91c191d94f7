//! The words of the index: their frequencies, and those similar to typed ones, as far as they were looked up.
//!
//! A plan is made again and again: each time, it notes the words that it lacks, until it lacks none. Most
//! searches while typing lack one, so that they take one request for it and one for the hits.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::Cache;
use serde_json::{Map, Value, json};

use super::clauses::{all, term};
use super::copies::Copies;
use super::mapping::{ID, LETTERS, SOURCE, TERMS};
use super::word_terms::{ClauseField, TermSet};
use crate::analysis::marked_stem;
use crate::engine::SearchError;
use crate::language_shares::{LanguageCounts, LanguageShares};
use crate::tantivy_engine::fuzzy::{FuzzyAutomaton, Typo};
use crate::weights::idf;
use quarry_config::Language;
use quarry_domain::Revision;

/// Cached frequencies: while typing, all but those of the last word repeat.
const CACHED_COUNTS: usize = 20_000;
/// Cached lists of similar words.
const CACHED_SIMILAR: usize = 500;
/// Counts of one request.
const MAX_COUNTS: usize = 500;
/// Similar words that count.
const MAX_SIMILAR: usize = 256;
/// The sources whose languages are read, those with the most documents; others have the languages of the index.
const MAX_SOURCES: usize = 1_000;

/// A word of the index that is similar to a typed one.
#[derive(Clone, Debug)]
pub(super) struct NearWord {
    pub(super) word: String,
    pub(super) typo: Typo,
    pub(super) frequency: u64,
}

/// The words of one version of the index.
pub(super) struct Vocabulary {
    /// The index and its revision.
    pub(super) version: (String, Revision),
    pub(super) documents: u64,
    /// The languages of the documents.
    pub(super) languages: LanguageShares,
    /// True if each document has stems.
    pub(super) stems_all: bool,
    counts: Cache<TermSet, u64>,
    similar: Cache<String, Arc<[NearWord]>>,
}

/// A vocabulary with the notes of one search.
pub(super) struct WordNotes<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    missing: Mutex<Missing>,
}

#[derive(Default)]
struct Missing {
    counts: BTreeSet<TermSet>,
    similar: BTreeSet<String>,
}

impl Vocabulary {
    /// Reads the languages of an index.
    pub(super) async fn read(copies: &Copies<'_>, version: (String, Revision)) -> Result<Self, SearchError> {
        let marks: Vec<Value> =
            Language::ALL.into_iter().map(|of| term(TERMS, &marked_stem("", of))).collect();
        let languages = json!({ "languages": { "filters": { "filters": marks } } });
        let sources = json!({ "terms": { "field": SOURCE, "size": MAX_SOURCES }, "aggs": languages });
        let mut aggregations = languages;
        aggregations["sources"] = sources;
        let body = json!({
            "size": 0,
            "track_total_hits": true,
            "query": { "exists": { "field": ID } },
            "aggs": aggregations,
        });
        let answer = copies.search_one(body).await?;
        let documents = total_of(&answer);
        let of_index = language_counts(documents, &answer["aggregations"]);
        let sources = answer["aggregations"]["sources"]["buckets"].as_array();
        let sources = sources.into_iter().flatten().filter_map(|bucket| {
            let documents = bucket["doc_count"].as_u64()?;
            Some((bucket["key"].as_str()?.to_owned(), language_counts(documents, bucket)))
        });
        Ok(Self {
            version,
            documents,
            stems_all: of_index.languages.values().any(|count| *count == documents),
            languages: LanguageShares::new(&of_index, sources.collect()),
            counts: Cache::new(CACHED_COUNTS),
            similar: Cache::new(CACHED_SIMILAR),
        })
    }
}

impl<'a> WordNotes<'a> {
    pub(super) fn new(vocabulary: &'a Vocabulary) -> Self {
        Self { vocabulary, missing: Mutex::default() }
    }

    /// Returns the number of documents with one of some terms; 0 until it has been looked up.
    pub(super) fn count(&self, terms: TermSet) -> u64 {
        if let Some(count) = self.vocabulary.counts.get(&terms) {
            return count;
        }
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).counts.insert(terms);
        0
    }

    /// Returns the number of documents with a term.
    pub(super) fn frequency(&self, term: &str) -> u64 {
        self.count(TermSet::Terms(vec![term.to_owned()]))
    }

    pub(super) fn least_frequency(&self, words: &[&str]) -> u64 {
        words.iter().map(|word| self.frequency(word)).min().unwrap_or(0)
    }

    pub(super) fn idf(&self, frequency: u64) -> f32 {
        idf(frequency, self.vocabulary.documents)
    }

    /// Returns the words that a typed one may mean; none until they have been looked up.
    pub(super) fn similar(&self, typed: &str) -> Arc<[NearWord]> {
        if let Some(similar) = self.vocabulary.similar.get(typed) {
            return similar;
        }
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).similar.insert(typed.to_owned());
        Arc::default()
    }

    /// Returns true if everything so far has been looked up.
    pub(super) fn is_complete(&self) -> bool {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.counts.is_empty() && missing.similar.is_empty()
    }

    /// Returns the stems of a word in the languages of the documents.
    pub(super) fn stems_of(&self, word: &str, written: &str) -> Vec<String> {
        self.vocabulary.languages.of_index().stems_of(word, written)
    }

    /// Looks up what a plan lacked; false if it lacked nothing.
    pub(super) async fn look_up(&self, copies: &Copies<'_>) -> Result<bool, SearchError> {
        let missing = std::mem::take(&mut *self.missing.lock().unwrap_or_else(PoisonError::into_inner));
        let lookups: Vec<TermSet> = missing.counts.into_iter().collect();
        let words: Vec<String> = missing.similar.into_iter().collect();
        if lookups.is_empty() && words.is_empty() {
            return Ok(false);
        }
        let mut bodies: Vec<Value> = Vec::new();
        for chunk in lookups.chunks(MAX_COUNTS) {
            let filters: Vec<Value> = chunk.iter().map(|terms| terms.clause(&ClauseField::All)).collect();
            bodies.push(json!({
                "size": 0,
                "query": all(),
                "aggs": { "counts": { "filters": { "filters": filters } } },
            }));
        }
        let count_bodies = bodies.len();
        bodies.extend(words.iter().map(|word| suggestion(word)));
        let answers = copies.search(bodies).await?;
        let counts = answers.iter().take(count_bodies);
        let counts: Vec<u64> =
            counts.flat_map(|answer| counts_of(&answer["aggregations"]["counts"])).collect();
        for (lookup, count) in lookups.into_iter().zip(counts) {
            self.vocabulary.counts.insert(lookup, count);
        }
        for (word, answer) in words.into_iter().zip(&answers[count_bodies..]) {
            let similar = similar_of(&word, answer);
            self.vocabulary.similar.insert(word, similar.into());
        }
        Ok(true)
    }
}

/// Returns a request of the words that are similar to a typed one.
fn suggestion(word: &str) -> Value {
    let mut suggestions = Map::new();
    // Two edits keep the first letter; another first letter is the only edit.
    for (name, edits, kept) in [("one", 1, 0), ("two", 2, 1)] {
        suggestions.insert(
            name.to_owned(),
            json!({ "text": word, "term": {
                "field": LETTERS,
                "analyzer": "keyword",
                "suggest_mode": "always",
                "prefix_length": kept,
                "max_edits": edits,
                "min_word_length": 1,
                "size": MAX_SIMILAR,
                "shard_size": 4 * MAX_SIMILAR,
                "max_inspections": 100,
                "max_term_freq": i32::MAX,
                "accuracy": 0.0,
                "sort": "frequency",
            } }),
        );
    }
    json!({ "size": 0, "suggest": suggestions })
}

/// Returns the words that rules of typos permit, the likeliest first.
fn similar_of(typed: &str, answer: &Value) -> Vec<NearWord> {
    let Some(automaton) = FuzzyAutomaton::of(typed, false) else { return Vec::new() };
    let mut found: HashMap<String, u64> = HashMap::new();
    let lists = answer["suggest"].as_object().into_iter().flat_map(Map::values);
    for entry in lists.flat_map(|list| list.as_array().into_iter().flatten()) {
        for option in entry["options"].as_array().into_iter().flatten() {
            if let (Some(word), Some(frequency)) = (option["text"].as_str(), option["freq"].as_u64())
                && word != typed
                && automaton.permits(word)
            {
                found.insert(word.to_owned(), frequency);
            }
        }
    }
    let similar =
        |(word, frequency): (String, u64)| NearWord { typo: automaton.typo(&word), word, frequency };
    let mut similar: Vec<NearWord> = found.into_iter().map(similar).collect();
    similar.sort_by(|a, b| {
        a.typo.cmp(&b.typo).then(b.frequency.cmp(&a.frequency)).then_with(|| a.word.cmp(&b.word))
    });
    similar.truncate(MAX_SIMILAR);
    similar
}

/// Returns the counts of an aggregation of filters.
pub(super) fn counts_of(aggregation: &Value) -> Vec<u64> {
    let buckets = aggregation["buckets"].as_array().into_iter().flatten();
    buckets.map(|bucket| bucket["doc_count"].as_u64().unwrap_or(0)).collect()
}

fn language_counts(documents: u64, aggregations: &Value) -> LanguageCounts {
    let counts = counts_of(&aggregations["languages"]);
    LanguageCounts { documents, languages: Language::ALL.into_iter().zip(counts).collect() }
}

/// Returns the number of all matches.
pub(super) fn total_of(answer: &Value) -> u64 {
    answer["hits"]["total"]["value"].as_u64().unwrap_or(0)
}
