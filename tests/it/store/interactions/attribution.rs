//! Interactions count for the logged search that their response belongs to.

use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{
    Interaction, InteractionKind, Period, QueryDigest, SearchId, Searcher, SessionId, Timestamp,
};
use quarry::store::{NewSearch, Store};

use super::super::at;
use super::super::search_logs::search;
use super::{always, one_product, raw, rows, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    clicks_on_earlier_texts_count_for_the_logged_search,
    the_session_and_the_time_decide,
    erased_and_settled_interactions_are_forgotten,
    clicks_follow_the_text_of_a_superseded_search,
    clicks_on_later_pages_count_for_the_logged_search,
    clicks_count_in_the_period_of_their_search,
);

fn session(id: &str) -> SessionId {
    SessionId::parse(id).unwrap()
}

/// The id of a response to a text of a session, some seconds after ten o'clock.
fn response(of: &str, text: &str, second: i64) -> SearchId {
    SearchId::of_response(Some(&session(of)), moment(second), 1, QueryDigest::of(text))
}

fn moment(second: i64) -> Timestamp {
    at("2026-11-20T10:00:00Z") + TimeDelta::seconds(second)
}

async fn click(store: &Store, number: u128, search: SearchId, second: i64) {
    let document = one_product(store).await;
    let kind = InteractionKind::Click;
    let click = Interaction { kind, search: Some(search), ..sale(number, document, 1, second) };
    store.record_interactions(&[click]).await.unwrap();
}

async fn clicked(store: &Store, query: &str) -> i64 {
    store.attribute_interactions(chrono::Utc::now()).await.unwrap();
    let digest = QueryDigest::of(query);
    let found = store.query_interactions(&[digest], always(), &[]).await.unwrap();
    found.get(&digest).map_or(0, |of_query| of_query.clicked)
}

/// A search that was typed from three seconds before its end on.
fn typed(number: u128, of: &str, query: &str, second: i64) -> NewSearch {
    search(number, of, query, second)
}

async fn clicks_on_earlier_texts_count_for_the_logged_search(database: Arc<TestDatabase>) {
    let store = database.store().await;
    // Two clicks before the search is logged.
    click(&store, 1, response("s", "numb", 8), 9).await;
    click(&store, 2, response("s", "numbe", 9), 9).await;
    assert_eq!((clicked(&store, "numb").await, clicked(&store, "number").await), (1, 0));
    store.log_searches(&[typed(1, "s", "number", 10)]).await.unwrap();
    assert_eq!((clicked(&store, "number").await, clicked(&store, "numb").await), (1, 0), "one search");
    // And one after it.
    store.log_searches(&[typed(2, "t", "number", 50)]).await.unwrap();
    click(&store, 3, response("t", "num", 48), 55).await;
    assert_eq!((clicked(&store, "number").await, clicked(&store, "num").await), (2, 0));
}

async fn the_session_and_the_time_decide(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store
        .log_searches(&[
            typed(1, "s", "red shoes", 100),
            typed(2, "s", "blue hats", 120),
            typed(3, "t", "green socks", 100),
        ])
        .await
        .unwrap();
    click(&store, 1, response("s", "red", 98), 99).await;
    click(&store, 2, response("s", "blue", 118), 119).await;
    click(&store, 3, response("t", "gre", 99), 100).await;
    // No search of the session was typed at these times, and a response without a session has none.
    click(&store, 4, response("s", "unrelated", 300), 301).await;
    click(&store, 5, response("u", "unrelated", 100), 101).await;
    click(&store, 6, SearchId::of_response(None, moment(100), 7, QueryDigest::of("unrelated")), 101).await;
    for query in ["redshoes", "bluehats", "greensocks"].map(|key| key.to_owned()) {
        let key = quarry::domain::query_key(&query);
        assert_eq!(clicked(&store, &key).await, 1, "{query}");
    }
    assert_eq!(clicked(&store, "unrelated").await, 3);
}

async fn erased_and_settled_interactions_are_forgotten(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = one_product(&store).await;
    for (number, of) in [(1, "gone"), (2, "stays")] {
        let quoting = Interaction {
            session: Some(session(of)),
            search: Some(response(of, "numb", 8)),
            ..sale(number, document, 1, 9)
        };
        store.record_interactions(&[quoting]).await.unwrap();
    }
    let connection = raw(&database).await;
    let pending = async || rows(&connection, "SELECT search_id FROM search_attributions").await.len();
    assert_eq!(pending().await, 2);
    let searcher = Searcher::Session(session("gone"));
    store.erase_searches(&searcher, moment(60)).await.unwrap();
    store.erase_interactions(&searcher).await.unwrap();
    assert_eq!(pending().await, 1);
    store.attribute_interactions(chrono::Utc::now()).await.unwrap();
    assert_eq!(pending().await, 1);
    store.attribute_interactions(chrono::Utc::now() + TimeDelta::minutes(10)).await.unwrap();
    assert_eq!(pending().await, 0);
    connection.close().await.unwrap();
}

async fn clicks_follow_the_text_of_a_superseded_search(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let (first, other) = (typed(1, "s", "numb", 10), typed(2, "t", "numb", 10));
    store.log_searches(&[first.clone(), other]).await.unwrap();
    click(&store, 1, response("s", "numb", 9), 12).await;
    click(&store, 2, response("t", "numb", 9), 12).await;
    assert_eq!(clicked(&store, "numb").await, 2);
    // Afterwards, they are not attributed again.
    store.attribute_interactions(chrono::Utc::now() + TimeDelta::minutes(10)).await.unwrap();
    let revised = |revision, query: &str, second: i64| NewSearch {
        revision,
        started_at: first.started_at,
        ..typed(1, "s", query, second)
    };
    for (revision, query) in [(2, "number"), (3, "number one"), (4, "number one")] {
        for _ in 0..2 {
            store.log_searches(&[revised(revision, query, 10 * revision)]).await.unwrap();
            let counts =
                (clicked(&store, &quarry::domain::query_key(query)).await, clicked(&store, "numb").await);
            assert_eq!(counts, (1, 1), "{query}");
        }
    }
    assert_eq!(clicked(&store, "number").await, 0);
}

async fn clicks_on_later_pages_count_for_the_logged_search(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store.log_searches(&[typed(1, "s", "number", 10), typed(2, "s", "numb", 200)]).await.unwrap();
    // The first page, the next one while nothing is typed, and the same text requested again.
    for (number, second) in [(1, 10), (2, 100), (3, 700)] {
        click(&store, number, response("s", "number", second), second + 1).await;
    }
    assert_eq!((clicked(&store, "number").await, clicked(&store, "numb").await), (1, 0));
    // Another session's, another text, and a day later.
    click(&store, 4, response("t", "number", 100), 101).await;
    click(&store, 5, response("s", "numbers", 100), 101).await;
    click(&store, 6, response("s", "number", 86_400), 86_401).await;
    assert_eq!((clicked(&store, "number").await, clicked(&store, "numbers").await), (3, 1));
}

async fn clicks_count_in_the_period_of_their_search(database: Arc<TestDatabase>) {
    const DAYS: i64 = 86_400;
    let store = database.store().await;
    store
        .log_searches(&[
            typed(1, "s", "number", 10),
            typed(2, "t", "number", 500),
            typed(3, "u", "number", 600),
        ])
        .await
        .unwrap();
    // Days later, at once, and days earlier by the clock of a client.
    click(&store, 1, response("s", "number", 10), 30 * DAYS).await;
    click(&store, 2, response("t", "number", 500), 502).await;
    click(&store, 3, response("u", "number", 600), -3 * DAYS).await;
    store.attribute_interactions(chrono::Utc::now()).await.unwrap();
    let digest = QueryDigest::of("number");
    for (from, before, expected) in
        [(0, 100, 1), (100, 550, 1), (550, 700, 1), (0, 700, 3), (700, 40 * DAYS, 0), (-5 * DAYS, 0, 0)]
    {
        let period = Period { from: moment(from), before: Some(moment(before)) };
        let found = store.query_interactions(&[digest], period, &[]).await.unwrap();
        let clicked = found.get(&digest).map_or(0, |of_query| of_query.clicked);
        assert_eq!(clicked, expected, "from {from} to {before}");
        // A click within a day of the period is proof enough that clicks are recorded.
        let are_recorded = store.clicks_are_recorded(period).await.unwrap();
        assert_eq!(are_recorded, expected > 0 && before > 100, "from {from} to {before}");
    }
}
