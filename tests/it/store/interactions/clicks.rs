//! Clicked searches.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{Interaction, InteractionKind, Period, QueryDigest, QueryInteractions, SearchId};

use super::super::at;
use super::{always, one_product, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(responses_with_several_clicks_count_once);

async fn responses_with_several_clicks_count_once(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = one_product(&store).await;
    let [bus, train, plane] = ["bus", "train", "plane"].map(QueryDigest::of);
    let click = |number: u128, search: Option<SearchId>, second: i64| Interaction {
        kind: InteractionKind::Click,
        search,
        ..sale(number, document, 1, second)
    };
    let answer = |salt: u64, query: QueryDigest| Some(SearchId::new(salt, query));
    let none = QueryInteractions::default();
    let before = at("2026-11-20T10:00:10Z");
    let period = Period { from: before - TimeDelta::seconds(10), before: Some(before) };
    assert!(!store.clicks_are_recorded(always()).await.unwrap());

    // Neither a click without a search nor a sale refers to a response.
    let sold = Interaction { search: answer(9, bus), ..sale(2, document, 1, 0) };
    store.record_interactions(&[click(1, None, 0), sold]).await.unwrap();
    assert!(!store.clicks_are_recorded(always()).await.unwrap());
    let found = store.query_interactions(&[bus], always(), &[]).await.unwrap();
    assert_eq!(found, HashMap::from([(bus, QueryInteractions { converted: 1, ..none })]));

    store
        .record_interactions(&[
            click(10, answer(1, bus), 0),
            click(11, answer(1, bus), 1),
            click(12, answer(2, bus), 9),
            click(13, answer(2, train), 5),
            click(14, answer(3, bus), 10),
            click(15, answer(4, train), -1),
        ])
        .await
        .unwrap();
    let asked = [bus, plane, train, bus];
    let clicks = |clicked| QueryInteractions { clicked, ..none };
    let with_sale = |clicked| QueryInteractions { converted: 1, ..clicks(clicked) };
    let clicked = store.query_interactions(&asked, period, &[]).await.unwrap();
    assert_eq!(clicked, HashMap::from([(bus, with_sale(2)), (train, clicks(1))]));
    let clicked = store.query_interactions(&asked, always(), &[]).await.unwrap();
    assert_eq!(clicked, HashMap::from([(bus, with_sale(3)), (train, clicks(2))]));
    assert!(store.query_interactions(&[], always(), &[]).await.unwrap().is_empty());
    assert!(store.clicks_are_recorded(period).await.unwrap());
    let later = Period { from: before + TimeDelta::seconds(1), before: None };
    assert!(!store.clicks_are_recorded(later).await.unwrap());
    let earlier =
        Period { from: at("2026-01-01T00:00:00Z"), before: Some(period.from - TimeDelta::seconds(1)) };
    assert!(!store.clicks_are_recorded(earlier).await.unwrap());
}
