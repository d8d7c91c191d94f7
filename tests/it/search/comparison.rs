//! The engine of OpenSearch compared with the embedded one: the same searches of both.
//!
//! Sets, totals, facets and interpretation are the same. The order within a tier may differ, since each
//! engine has its own lengths of texts and distances of words.

use std::collections::{BTreeMap, BTreeSet};

use quarry::search::{FacetRequest, MatchPolicy, SearchAnswer, SearchEngine, SearchRequest, SearchSort};
use serde_json::Value;

use super::corpus::{batch, documents, fill, open, put};
use super::opensearch::TestIndex;
use crate::support::messages::{field, messages, real};

/// The share of searches whose first hit is the same.
const SAME_FIRST_HIT: f64 = 0.95;

#[tokio::test]
async fn both_engines_find_the_same_in_messages() {
    find_the_same(&messages()).await;
}

#[tokio::test]
async fn both_engines_find_the_same_in_real_messages() {
    let Some((_, messages)) = real() else { return };
    find_the_same(&messages).await;
}

async fn find_the_same(messages: &[Value]) {
    let Some(index) = TestIndex::open().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    // In one segment: the embedded engine knows further forms of similar words by segment.
    fill(&embedded, documents(messages)).await;
    for (first, chunk) in (1..).step_by(1_000).zip(documents(messages).chunks(1_000)) {
        index.engine.apply(batch(first, chunk.iter().cloned().map(put).collect())).await.unwrap();
    }
    let mut differences = Vec::new();
    let (mut with_hits, mut same_first) = (0, 0);
    let requests = requests(messages);
    assert!(requests.len() >= 384, "{}", requests.len());
    for request in &requests {
        let expected = embedded.search(request).await.unwrap();
        let found = index.engine.search(request).await.unwrap();
        if summary(&expected) != summary(&found) {
            differences.push(format!(
                "{:?}: embedded {:?}, OpenSearch {:?}",
                request.query,
                summary(&expected),
                summary(&found)
            ));
        }
        if request.sort != SearchSort::Relevance {
            assert_eq!(keys(&expected), keys(&found), "{:?} {:?}", request.query, request.sort);
        }
        if let (Some(first), Some(other)) = (expected.hits.first(), found.hits.first()) {
            with_hits += 1;
            same_first += usize::from(first.document.id == other.document.id);
        }
    }
    index.delete().await;
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    let share = same_first as f64 / with_hits as f64;
    assert!(share >= SAME_FIRST_HIT, "the first hit is the same in {share:.3} of {with_hits} searches");
}

/// Searches of all kinds.
fn requests(messages: &[Value]) -> Vec<SearchRequest> {
    let fixed = ["", "müller", "-paris", "private jet -paris", "\"private jet\"", "o'sullivan", "the", "a b"];
    let mut typed: BTreeSet<String> = fixed.map(str::to_owned).into();
    for (at, message) in messages.iter().step_by(83).enumerate() {
        let text = field(message, "message");
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
        let long = words.iter().max_by_key(|word| word.chars().count()).unwrap();
        let letters: Vec<char> = long.chars().collect();
        let without = |cut: usize| -> String {
            letters.iter().enumerate().filter(|(of, _)| *of != cut).map(|(_, c)| *c).collect()
        };
        typed.extend((1..=last.chars().count()).step_by(2).map(|length| last.chars().take(length).collect()));
        typed.insert(format!("{long} "));
        typed.insert(format!("\"{}\"", words[..words.len().min(2)].join(" ")));
        typed.insert(format!("{first} {long}"));
        typed.insert(format!("{long} -{first}"));
        typed.insert(without(1 + at % letters.len().max(2)));
        typed.insert(format!("{} ", without(1)));
        typed.insert(format!("{long} {first} qqxq"));
        typed.insert(field(message, "user_name").to_owned());
    }
    let mut requests = Vec::new();
    for (at, query) in typed.into_iter().enumerate() {
        let facets = if at % 3 == 0 { vec![FacetRequest::new(20)] } else { Vec::new() };
        let request = SearchRequest { facets, ..SearchRequest::new(query, 10) };
        requests.push(match at % 9 {
            4 => SearchRequest { sort: SearchSort::Newest, ..request },
            5 => SearchRequest { sort: SearchSort::Oldest, ..request },
            6 => SearchRequest { match_policy: MatchPolicy::Any, ..request },
            7 => SearchRequest { typo_tolerance: false, ..request },
            8 => SearchRequest { prefix: false, ..request },
            _ => request,
        });
    }
    requests
}

/// The part of an answer about which engines agree.
fn summary(answer: &SearchAnswer) -> impl PartialEq + std::fmt::Debug {
    let facets: Vec<BTreeMap<String, Vec<(String, u64)>>> = answer
        .facets
        .iter()
        .map(|facets| {
            let of = |facet: &quarry::search::Facet| {
                let buckets = facet.buckets.iter().map(|bucket| (bucket.value.clone(), bucket.count));
                (facet.field.clone(), buckets.collect())
            };
            facets.iter().map(of).collect()
        })
        .collect();
    (answer.total, answer.tier, answer.relaxed, answer.is_truncated, answer.has_next, facets)
}

fn keys(answer: &SearchAnswer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.document.key.as_str()).collect()
}
