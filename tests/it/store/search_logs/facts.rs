//! Searches by the facts about their requests.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{
    Interaction, InteractionKind, Period, QueryDigest, QueryInteractions, SearchContext, SearchFact, SearchId,
};
use quarry::store::{NewSearch, SearchLogFilter, Slice, Store};

use super::super::at;
use super::super::interactions::{always, one_product, sale};
use super::reports::{roll_up_all, top_of, volume_of, zero_results_of};
use super::{everything, search, session};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    facts_are_stored_and_compared_exactly,
    reports_of_facts_are_the_sums_of_their_rows,
    interactions_are_those_of_searches_with_the_facts,
);

fn tag(name: &str, value: &str) -> SearchFact {
    SearchFact::tag(name, value).unwrap()
}

fn with(facts: impl IntoIterator<Item = SearchFact>, of: NewSearch) -> NewSearch {
    NewSearch { context: SearchContext::of(facts), ..of }
}

async fn facts_are_stored_and_compared_exactly(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let contexts = [
        vec![SearchFact::sort("newest"), SearchFact::filter("category", "Grün"), tag("arm", "b")],
        vec![SearchFact::sort("newest"), SearchFact::filter("category", "grun"), tag("arm", "B")],
        vec![SearchFact::filter("category", "100%_\\"), tag("arm", "bb"), tag("country", "de")],
        vec![tag("arm", "b"), tag("country", "de")],
        vec![],
        vec![SearchFact::filter("category", "a\0b"), tag("arm", "🦀 ")],
    ];
    let searches: Vec<NewSearch> = (0..)
        .zip(contexts.clone())
        .map(|(number, facts)| with(facts, search(number, "s", "bus", number as i64)))
        .collect();
    let logged = store.log_searches(&searches).await.unwrap().inserted;
    let mut stored = everything(&store).await;
    stored.sort_unstable_by_key(|search| search.id);
    assert_eq!(stored, logged);
    for (search, facts) in stored.iter().zip(&contexts) {
        assert!(search.context.facts().eq(facts.iter().cloned().map(without_nul)), "{search:?}");
    }
    let found = async |facts: &[SearchFact]| {
        let filter = SearchLogFilter { facts: facts.to_vec(), ..Default::default() };
        let found = store.search_log(&filter, Slice::first(10)).await.unwrap();
        assert_eq!(store.count_searches(&filter).await.unwrap(), found.len() as u64);
        found.into_iter().map(|search| search.id.0.as_u128()).rev().collect::<Vec<_>>()
    };
    assert_eq!(found(&[tag("arm", "b")]).await, [0, 3]);
    assert_eq!(found(&[tag("arm", "B")]).await, [1]);
    assert_eq!(found(&[tag("arm", "b"), tag("country", "de")]).await, [3]);
    assert_eq!(found(&[SearchFact::filter("category", "Grün")]).await, [0]);
    assert_eq!(found(&[SearchFact::filter("category", "100%_\\")]).await, [2]);
    assert_eq!(found(&[SearchFact::filter("category", "100%__")]).await, [0; 0]);
    assert_eq!(found(&[tag("arm", "🦀 ")]).await, [5]);
    assert_eq!(found(&[tag("arm", "🦀")]).await, [0; 0]);
    assert_eq!(found(&[SearchFact::sort("newest")]).await, [0, 1]);
    assert_eq!(found(&[SearchFact::filter("arm", "b")]).await, [0; 0]);
}

/// A control character would end a fact.
fn without_nul(fact: SearchFact) -> SearchFact {
    fact.map_value(|value| value.replace('\0', " "))
}

async fn reports_of_facts_are_the_sums_of_their_rows(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let queries = ["bus", "Bus", "train", "tram", "plane"];
    let searches: Vec<NewSearch> = (0..600_u128)
        .map(|number| {
            let query = queries[(number * number % 7 % 5) as usize];
            let mut of = search(number, &format!("s{}", number % 11), query, 0);
            of.last_keystroke_at += TimeDelta::minutes(number as i64 * 11);
            of.result_count = (number % 3 > 0).then_some((number % 4) as i64);
            let facts =
                [tag("arm", if number % 2 == 0 { "a" } else { "b" }), tag("n", &format!("{}", number % 5))];
            with(facts, of)
        })
        .collect();
    store.log_searches(&searches).await.unwrap();
    let log = everything(&store).await;
    let all = Period { from: at("2026-11-19T00:00:00Z"), before: None };
    let part = Period { from: at("2026-11-21T03:07:09Z"), before: Some(at("2026-11-23T01:30:00Z")) };
    let bounds = [0, 1, 30, 31, 60, 200].map(|hours| all.from + TimeDelta::hours(hours));
    for _ in 0..2 {
        for facts in
            [vec![tag("arm", "a")], vec![tag("arm", "b"), tag("n", "3")], vec![tag("arm", "c")], vec![]]
        {
            let holds = |search: &quarry::domain::LoggedSearch| {
                facts.iter().all(|fact| search.context.facts().any(|of| of == *fact))
            };
            let left: Vec<_> = log.iter().filter(|search| holds(search)).cloned().collect();
            for period in [all, part] {
                let top = store.top_searches(period, &facts, 0, 3).await.unwrap();
                assert_eq!(top, top_of(&left, period, 3), "{facts:?}");
                let rest = store.top_searches(period, &facts, 1, 9).await.unwrap();
                assert_eq!(rest, top_of(&left, period, 9).split_off(top.len().min(1)));
                let zero = store.zero_result_searches(period, &facts, true, 0, 9).await.unwrap();
                assert_eq!(zero, zero_results_of(&left, period, true, 9));
            }
            let volume = store.search_volume(&bounds, &facts).await.unwrap();
            assert_eq!(volume, volume_of(&left, &bounds), "{facts:?}");
        }
        roll_up_all(&store).await;
    }
}

async fn interactions_are_those_of_searches_with_the_facts(database: Arc<TestDatabase>) {
    let store: Store = database.store().await;
    let document = one_product(&store).await;
    let bus = QueryDigest::of("bus");
    for (number, arm) in [(1, "a"), (2, "b"), (3, "b")] {
        let of = with([tag("arm", arm)], search(number, &format!("s{number}"), "bus", 0));
        let quoted = SearchId::of_response(Some(&of.session), of.last_keystroke_at, 7, bus);
        store.log_searches(&[of]).await.unwrap();
        let click = Interaction {
            kind: InteractionKind::Click,
            search: Some(quoted),
            session: Some(session(&format!("s{number}"))),
            position: Some(number as i32),
            ..sale(number, document, 1, 1)
        };
        store.record_interactions(&[click]).await.unwrap();
    }
    store.attribute_interactions(chrono::Utc::now()).await.unwrap();
    for (facts, clicked, positions) in [
        (vec![], 3, 6),
        (vec![tag("arm", "b")], 2, 5),
        (vec![tag("arm", "a")], 1, 1),
        (vec![tag("arm", "c")], 0, 0),
    ] {
        let found = store.query_interactions(&[bus], always(), &facts).await.unwrap();
        let of_bus = QueryInteractions { clicked, positions, positioned: clicked, converted: 0 };
        let expected: HashMap<_, _> = (clicked > 0).then_some((bus, of_bus)).into_iter().collect();
        assert_eq!(found, expected, "{facts:?}");
        let documents = store.clicked_documents(bus, always(), &facts, 9).await.unwrap();
        assert_eq!(documents.iter().map(|row| row.clicks).sum::<i64>(), clicked, "{facts:?}");
    }
}
