//! Searches of all kinds for the messages, and what two engines must agree about.

use std::collections::{BTreeMap, BTreeSet};

use quarry::search::{FacetRequest, MatchPolicy, SearchAnswer, SearchRequest, SearchSort};
use serde_json::Value;

use crate::support::messages::field;

/// Returns searches of all kinds.
pub(super) fn requests(messages: &[Value]) -> Vec<SearchRequest> {
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

/// Returns the part of an answer about which engines agree.
pub(super) fn summary(answer: &SearchAnswer) -> impl PartialEq + std::fmt::Debug {
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

pub(super) fn keys_of_answer(answer: &SearchAnswer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.document.key.as_str()).collect()
}
