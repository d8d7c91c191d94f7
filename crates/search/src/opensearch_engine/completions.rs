//! Completions of a text being typed, by words of documents.

use std::collections::HashSet;

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

use super::clauses::{any_of, fuzzy, pattern, term};
use super::document::{decoded, hits_of};
use super::filter::filter_clause;
use super::mapping::{BEGINNINGS, DOCUMENT, ID, PUBLISHED_AT, TERMS, VOCABULARY};
use super::plan::ClausePlan;
use super::searcher::ClusterSearcher;
use super::vocabulary::{WordNotes, total_of};
use crate::analysis::{is_marked, is_unspaced, words};
use crate::engine::SearchError;
use crate::filter::DocumentFilter;
use crate::followers::{FOLLOWED_DOCUMENTS, FollowerCounts};
use crate::planner::StopWords;
use crate::query::ParsedQuery;
use crate::request::{CompletionRequest, SearchRequest};
use crate::tantivy_engine::fuzzy::{FuzzyAutomaton, MIN_LETTERS_OF_FIRST, max_edits};
use crate::tiers::RequiredUnits;
use crate::typed_text::TypedText;
use crate::written_words::{READ_DOCUMENTS, Spellings};

/// The words of each shard among which the most frequent are found.
const SHARD_WORDS: usize = 5_000;
/// Words that are fetched beyond those requested: characters, and words of which the spelling is the same.
const MORE_WORDS: usize = 64;
/// The times that plans are made until their words are known.
const MAX_PLANS: usize = 8;

/// A word with the number of its documents.
type WordCount = (String, u64);

/// Completes typed texts by words of the index.
pub(super) struct WordCompleter<'a> {
    pub(super) searcher: &'a ClusterSearcher<'a>,
}

/// The documents within words and a filter.
struct WordScope {
    query: Value,
    documents: u64,
}

impl WordCompleter<'_> {
    /// Counts the documents with all words of each text.
    pub(super) async fn count(
        &self,
        texts: &[String],
        filter: &DocumentFilter,
    ) -> Result<Vec<u64>, SearchError> {
        let scopes = self.scopes(texts.iter().map(String::as_str).collect(), true, filter).await?;
        Ok(scopes.into_iter().map(|scope| scope.documents).collect())
    }

    /// Finds the documents that contain all words of each text.
    async fn scopes(
        &self,
        texts: Vec<&str>,
        prefix: bool,
        filter: &DocumentFilter,
    ) -> Result<Vec<WordScope>, SearchError> {
        let ClusterSearcher { copies, vocabulary, .. } = self.searcher;
        let notes = WordNotes::new(vocabulary);
        let planner = self.searcher.planner(&notes, filter, false);
        let request = SearchRequest { prefix, ..SearchRequest::new("", 0) };
        let plan = |text: &&str| {
            let Ok(plan) = planner.plan(&ParsedQuery::parse(text), &request);
            plan
        };
        let mut plans: Vec<_> = texts.iter().map(plan).collect();
        for _ in 0..MAX_PLANS {
            if !notes.look_up(copies).await? {
                break;
            }
            plans = texts.iter().map(plan).collect();
        }
        let documents = vocabulary.documents;
        let query = |plan: &ClausePlan| {
            let excluded = plan.excluded.iter().map(|unit| unit.clause(documents, RequiredUnits::All, false));
            let excluded: Vec<Value> = excluded.collect();
            let typos = vec![false; plan.included.len()];
            json!({ "bool": {
                "filter": [
                    plan.clause(documents, RequiredUnits::All, &typos),
                    filter_clause(filter),
                    { "exists": { "field": ID } },
                ],
                "must_not": excluded,
            } })
        };
        let queries: Vec<Value> = plans.iter().map(query).collect();
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let body = |query: &Value| json!({ "size": 0, "track_total_hits": true, "query": query });
        let answers = copies.search(queries.iter().map(body).collect()).await?;
        let scopes = queries.into_iter().zip(&answers);
        Ok(scopes.map(|(query, answer)| WordScope { query, documents: total_of(answer) }).collect())
    }

    async fn scope_of(&self, text: &str, filter: &DocumentFilter) -> Result<WordScope, SearchError> {
        let scope = self.scopes(vec![text], false, filter).await?.pop();
        scope.ok_or_else(|| SearchError::Failed("no scope was found".to_owned()))
    }

    /// Returns values that begin with the typed text, then this with its last word completed.
    pub(super) async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        let mut texts = self.values(request).await?;
        texts.extend(self.complete_word(request).await?);
        texts.truncate(request.limit);
        Ok(texts)
    }

    /// Returns the typed text with its last word completed, as far as documents contain both.
    async fn complete_word(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        for typed in TypedText::all(&request.text) {
            let found = self.complete_typed(request, typed).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn complete_typed(
        &self,
        request: &CompletionRequest,
        mut typed: TypedText,
    ) -> Result<Vec<String>, SearchError> {
        let scope = self.scope(&mut typed, &request.filter).await?;
        let limit = request.limit;
        if limit == 0 || scope.documents == 0 {
            return Ok(Vec::new());
        }
        if typed.word.is_empty() || typed.is_joined() {
            let found = self.followers(&typed, &scope, request).await?;
            if typed.word.is_empty() || !found.is_empty() {
                return Ok(found);
            }
        }
        if is_marked(&typed.word) {
            return Ok(Vec::new());
        }
        let mut words = self.words(&typed.word, &scope, limit).await?;
        if is_character(&typed.written) {
            // A character is a term, but hardly a word.
            words.retain(|(word, _)| *word != typed.word);
        }
        let documents: u64 = words.iter().map(|(_, count)| *count).sum();
        if documents < self.searcher.sufficient_hits {
            let similar = self.similar(&typed.word, true, &scope).await?;
            words.extend(similar.into_iter().take(limit.saturating_sub(words.len())));
        }
        let mut known = HashSet::new();
        let words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
        let mut texts = self.written(&words, &scope).await?;
        texts.retain(|text| known.insert(text.clone()));
        // Typed accents are meant.
        let accented = typed.written.to_lowercase();
        if accented != typed.word {
            texts.sort_by_key(|written| !written.to_lowercase().starts_with(&accented));
        }
        Ok(texts.iter().map(|written| typed.completed_to(written)).collect())
    }

    /// Finds the documents with the words before the last one, and corrects these if there are none.
    async fn scope(&self, typed: &mut TypedText, filter: &DocumentFilter) -> Result<WordScope, SearchError> {
        let scope = self.scope_of(&typed.before, filter).await?;
        if typed.before.is_empty() || scope.documents > 0 {
            return Ok(scope);
        }
        let within = self.scope_of("", filter).await?;
        let before = typed.before.clone();
        let mut corrected = before.clone();
        let mut is_corrected = false;
        for word in words(&before).iter().rev() {
            if self.scope_of(&word.text, filter).await?.documents > 0 {
                continue;
            }
            let similar = self.similar(&word.text, false, &within).await?;
            let Some((meant, _)) = similar.into_iter().next() else { return Ok(scope) };
            let meant = self.written(&[meant], &within).await?;
            corrected.replace_range(word.start..word.end, &meant[0]);
            is_corrected = true;
        }
        if !is_corrected {
            return Ok(scope);
        }
        typed.before = corrected;
        self.scope_of(&typed.before, filter).await
    }

    /// Returns words of a scope with a prefix, most documents first, ties by word.
    async fn words(
        &self,
        prefix: &str,
        scope: &WordScope,
        limit: usize,
    ) -> Result<Vec<WordCount>, SearchError> {
        let found = self
            .counted(VOCABULARY, &format!("{}.*", pattern(prefix)), limit + MORE_WORDS, &scope.query)
            .await?;
        Ok(found.into_iter().filter(|(word, _)| !is_character(word)).take(limit).collect())
    }

    /// Returns words of a scope that are similar to a typed one, the likeliest typo first, then by frequency.
    async fn similar(
        &self,
        typed: &str,
        is_prefix: bool,
        scope: &WordScope,
    ) -> Result<Vec<WordCount>, SearchError> {
        let Some(automaton) = FuzzyAutomaton::of(typed, is_prefix) else { return Ok(Vec::new()) };
        let letters: Vec<char> = typed.chars().collect();
        let edits = max_edits(letters.len());
        let mut near = vec![fuzzy(BEGINNINGS, typed, edits, 1)];
        let first = letters[0].to_string();
        let mut patterns = vec![format!("{}.*", pattern(&first))];
        if letters.len() >= MIN_LETTERS_OF_FIRST {
            near.push(fuzzy(BEGINNINGS, typed, 1, 0));
            let rest: String = letters[1..].iter().collect();
            let transposed: String =
                [letters[1], letters[0]].into_iter().chain(letters[2..].iter().copied()).collect();
            let (typed, rest, transposed) = (pattern(typed), pattern(&rest), pattern(&transposed));
            patterns.push(format!("(.{rest}|.{typed}|{rest}|{transposed}).*"));
        }
        let query = json!({ "bool": { "filter": [scope.query, any_of(near, Vec::new())] } });
        let mut found: Vec<WordCount> = Vec::new();
        for pattern in patterns {
            for (word, count) in self.counted(VOCABULARY, &pattern, SHARD_WORDS, &query).await? {
                let is_meant =
                    word != typed && !(is_prefix && word.starts_with(typed)) && automaton.permits(&word);
                if is_meant && !found.iter().any(|(known, _)| *known == word) {
                    found.push((word, count));
                }
            }
        }
        found.sort_by(|(a, a_count), (b, b_count)| {
            let typos = automaton.typo(a).cmp(&automaton.typo(b));
            typos.then(b_count.cmp(a_count)).then_with(|| a.cmp(b))
        });
        Ok(found)
    }

    /// Counts the documents of a query by those of their terms that match a pattern.
    pub(super) async fn counted(
        &self,
        field: &str,
        pattern: &str,
        limit: usize,
        query: &Value,
    ) -> Result<Vec<WordCount>, SearchError> {
        let body = json!({
            "size": 0,
            "query": query,
            "aggs": { "words": { "terms": {
                "field": field,
                "include": pattern,
                "size": limit,
                "shard_size": SHARD_WORDS.max(limit),
            } } },
        });
        let answer = self.searcher.copies.search_one(body).await?;
        let buckets = answer["aggregations"]["words"]["buckets"].as_array().into_iter().flatten();
        Ok(buckets
            .filter_map(|bucket| Some((bucket["key"].as_str()?.to_owned(), bucket["doc_count"].as_u64()?)))
            .collect())
    }

    /// Returns folded words as documents of a scope write them.
    async fn written(&self, words: &[String], scope: &WordScope) -> Result<Vec<String>, SearchError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let body = |word: &String| {
            json!({
                "size": READ_DOCUMENTS,
                "query": { "bool": { "filter": [scope.query, term(TERMS, word)] } },
                "sort": [{ ID: "asc" }],
                "_source": [DOCUMENT],
            })
        };
        let answers = self.searcher.copies.search(words.iter().map(body).collect()).await?;
        let mut written = Vec::with_capacity(words.len());
        for (word, mut answer) in words.iter().zip(answers) {
            let mut spellings = Spellings::default();
            for hit in hits_of(&mut answer) {
                spellings.add_from(self.searcher.sources, &*decoded(&hit)?, word);
                if spellings.is_clear() {
                    break;
                }
            }
            written.push(spellings.best().unwrap_or(word).to_owned());
        }
        Ok(written)
    }

    /// Returns the typed text with the words that follow it in documents of a scope.
    async fn followers(
        &self,
        typed: &TypedText,
        scope: &WordScope,
        request: &CompletionRequest,
    ) -> Result<Vec<String>, SearchError> {
        let mut counts = FollowerCounts::new(typed);
        if counts.is_empty() {
            return Ok(Vec::new());
        }
        let ClusterSearcher { copies, vocabulary, sources, rulebook, .. } = self.searcher;
        let body = json!({
            "size": FOLLOWED_DOCUMENTS,
            "query": scope.query,
            "sort": [{ PUBLISHED_AT: { "order": "desc", "missing": "_last" } }, { ID: "asc" }],
            "_source": [DOCUMENT],
        });
        let mut answer = copies.search_one(body).await?;
        let languages = vocabulary.languages.within(&request.filter);
        let main_languages = &languages.main;
        let stop_words = StopWords { main_languages, rulebook, filter: &request.filter };
        for hit in hits_of(&mut answer) {
            counts.add(sources, &*decoded(&hit)?, &|word: &str| stop_words.contains(word));
        }
        Ok(counts.into_texts(request.limit))
    }
}

/// Returns true for a character of a script without spaces, which is hardly a word.
fn is_character(word: &str) -> bool {
    word.starts_with(is_unspaced) && word.graphemes(true).nth(1).is_none()
}
