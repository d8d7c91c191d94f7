//! The visitors of documents.

use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{Interaction, InteractionKind, SessionId};

use super::super::at;
use super::{product, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(a_session_is_one_visitor);

async fn a_session_is_one_visitor(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let products = ["1", "2", "3"].map(|key| product("shop", key, "Mouse", None));
    store.upsert_documents(&products).await.unwrap();
    let mut ids = products.map(|product| product.id());
    ids.sort_unstable();
    let [first, second, third] = ids;
    let mut number = 0;
    let mut click = |document, session: Option<&str>, time: i64| {
        number += 1;
        let session = session.map(|session| SessionId::parse(session).unwrap());
        Interaction { kind: InteractionKind::Click, session, ..sale(number, document, 5, time) }
    };
    let clicks = [
        click(first, Some("s-1"), 0),
        click(first, Some("s-1"), 1),
        click(first, Some("s-1"), 2),
        click(second, Some("s-1"), 3),
        click(second, Some("s-2"), 4),
        click(second, None, 5),
        click(second, None, 6),
        click(third, Some("s-3"), -1),
        click(third, None, 0),
    ];
    store.record_interactions(&clicks).await.unwrap();
    store.record_interactions(&[sale(100, third, 7, 0)]).await.unwrap();

    let from = at("2026-11-20T10:00:00Z");
    let visitors = async |kind, from, limit| store.visitors(kind, from, limit).await.unwrap();
    assert_eq!(visitors(InteractionKind::Click, from, 9).await, [(second, 4), (first, 1), (third, 1)]);
    assert_eq!(visitors(InteractionKind::Click, from, 2).await, [(second, 4), (first, 1)]);
    let earlier = from - TimeDelta::seconds(1);
    assert_eq!(visitors(InteractionKind::Click, earlier, 2).await, [(second, 4), (third, 2)]);
    assert_eq!(visitors(InteractionKind::Conversion, from, 9).await, [(third, 1)]);
}
