//! Reports by category: exact sums for any period.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{
    CategoryTotal, DocumentDraft, DocumentId, Interaction, InteractionKind, Period, Searcher, SessionId,
};
use quarry::store::Store;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::{at, source};
use super::{always, product, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    a_shop_with_three_products,
    equal_names_stay_apart_and_ties_go_by_key_then_source,
    deleted_documents_do_not_count,
    bounds_are_exact_to_the_microsecond,
    reports_are_the_sums_of_rows,
);

const SALES: InteractionKind = InteractionKind::Conversion;

/// Source, key and quantity of each row; and the total.
async fn report(
    store: &Store,
    name: &str,
    of: Option<&str>,
    kind: InteractionKind,
    period: Period,
    first: u64,
) -> (Vec<(String, String, i64)>, i64) {
    let source = of.map(source);
    let report = store.category_report(name, source.as_ref(), kind, period, first).await.unwrap();
    let rows = report.rows.into_iter();
    let rows = rows.map(|(document, quantity)| (document.source.into(), document.key.into(), quantity));
    (rows.collect(), report.total_quantity)
}

fn row(source: &str, key: &str, quantity: i64) -> (String, String, i64) {
    (source.to_owned(), key.to_owned(), quantity)
}

fn total(name: &str, documents: i64, quantity: i64) -> CategoryTotal {
    CategoryTotal { name: name.to_owned(), documents, quantity }
}

async fn a_shop_with_three_products(database: Arc<TestDatabase>) {
    let store = database.store().await;
    assert_eq!(report(&store, "electronics", None, SALES, always(), 10).await, (vec![], 0));
    assert_eq!(store.category_totals(None, SALES, always()).await.unwrap(), []);
    let laptop = product("shop", "laptop", "Laptop", Some("electronics"));
    let mouse = product("shop", "mouse", "Mouse", Some("electronics"));
    let cable = product("shop", "cable", "Cable", Some("electronics"));
    let book = product("shop", "book", "Book", Some("books"));
    let kite = product("shop", "kite", "Kite", Some("toys"));
    let odd = product("shop", "odd", "Odd", None);
    let all = [laptop.clone(), mouse.clone(), cable, book.clone(), kite, odd.clone()];
    store.upsert_documents(&all).await.unwrap();
    let click = Interaction { kind: InteractionKind::Click, ..sale(9, laptop.id(), 1, 0) };
    store
        .record_interactions(&[
            sale(1, laptop.id(), 10, 0),
            sale(2, laptop.id(), 5, 90_000),
            sale(3, mouse.id(), 20, 0),
            sale(4, book.id(), 50, 0),
            sale(5, odd.id(), 70, 0),
            click,
        ])
        .await
        .unwrap();
    let electronics = vec![row("shop", "mouse", 20), row("shop", "laptop", 15)];
    assert_eq!(report(&store, "electronics", None, SALES, always(), 10).await, (electronics, 35));
    let first = vec![row("shop", "mouse", 20)];
    assert_eq!(report(&store, "electronics", Some("shop"), SALES, always(), 1).await, (first, 35));
    assert_eq!(report(&store, "electronics", Some("other"), SALES, always(), 1).await, (vec![], 0));
    assert_eq!(report(&store, "Electronics", None, SALES, always(), 1).await, (vec![], 0));
    let clicked = vec![row("shop", "laptop", 1)];
    assert_eq!(report(&store, "electronics", None, InteractionKind::Click, always(), 10).await, (clicked, 1));
    assert_eq!(
        store.category_totals(None, SALES, always()).await.unwrap(),
        [total("books", 1, 50), total("electronics", 3, 35), total("toys", 1, 0)]
    );
    assert_eq!(store.category_totals(Some(&source("other")), SALES, always()).await.unwrap(), []);
    let full = store.category_report("books", None, SALES, always(), 10).await.unwrap();
    assert_eq!(full.rows[0].0.title.as_deref(), Some("Book"));
}

async fn equal_names_stay_apart_and_ties_go_by_key_then_source(database: Arc<TestDatabase>) {
    let store = database.store().await;
    // In the order of bytes: upper case, lower case, umlauts, regardless of the locale.
    let keys = ["a", "B", "b", "Ä", "ä", "a b", "a-b", "ab"];
    let mut products: Vec<DocumentDraft> =
        keys.iter().map(|key| product("shop", key, "The same", Some("things"))).collect();
    products.push(product("Another shop", "b", "The same", Some("things")));
    products.push(product("shop", "most", "The same", Some("things")));
    store.upsert_documents(&products).await.unwrap();
    let sales: Vec<Interaction> = products
        .iter()
        .zip(1..)
        .map(|(product, number)| sale(number, product.id(), if number == 10 { 8 } else { 7 }, 0))
        .collect();
    store.record_interactions(&sales).await.unwrap();
    let mut expected: Vec<_> =
        products[..9].iter().map(|product| row(product.source.as_str(), product.key.as_str(), 7)).collect();
    expected.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    expected.insert(0, row("shop", "most", 8));
    for first in [1, 3, 5, 10, 100] {
        let expected = expected.iter().take(first).cloned().collect();
        assert_eq!(report(&store, "things", None, SALES, always(), first as u64).await, (expected, 71));
    }
}

async fn deleted_documents_do_not_count(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let [one, two] = ["1", "2"].map(|key| product("shop", key, "Thing", Some("things")));
    store.upsert_documents(&[one.clone(), two.clone()]).await.unwrap();
    store.record_interactions(&[sale(1, one.id(), 3, 0), sale(2, two.id(), 4, 0)]).await.unwrap();
    store.delete_documents(&[two.id()]).await.unwrap();
    let remaining = (vec![row("shop", "1", 3)], 3);
    assert_eq!(report(&store, "things", None, SALES, always(), 9).await, remaining);
    assert_eq!(store.category_totals(None, SALES, always()).await.unwrap(), [total("things", 1, 3)]);
    // A document that is restored in another category takes its sales with it.
    let two = DocumentDraft { category: Some("toys".to_owned()), ..two };
    store.upsert_documents(&[two]).await.unwrap();
    assert_eq!(
        store.category_totals(None, SALES, always()).await.unwrap(),
        [total("toys", 1, 4), total("things", 1, 3)]
    );
}

async fn bounds_are_exact_to_the_microsecond(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let thing = product("shop", "1", "Thing", Some("things"));
    store.upsert_documents(std::slice::from_ref(&thing)).await.unwrap();
    let times = [
        "2026-10-31T23:59:59.999999Z",
        "2026-11-01T00:00:00Z",
        "2026-11-01T12:00:00.000001Z",
        "2026-11-02T00:00:00Z",
        "2026-11-02T12:00:00Z",
    ];
    let sales: Vec<Interaction> = times
        .iter()
        .zip(0..)
        .map(|(time, number)| {
            let sale = sale(number, thing.id(), 10_i64.pow(number as u32), 0);
            Interaction { occurred_at: at(time), ..sale }
        })
        .collect();
    store.record_interactions(&sales).await.unwrap();
    let micro = TimeDelta::microseconds(1);
    for (first, from) in times.iter().enumerate() {
        for (last, before) in times.iter().enumerate() {
            let expected = |from: usize, end: usize| {
                (from..end.max(from)).map(|number| 10_i64.pow(number as u32)).sum::<i64>()
            };
            let (from, before) = (at(from), at(before));
            for (period, expected) in [
                (Period { from, before: Some(before) }, expected(first, last)),
                (Period { from, before: Some(before + micro) }, expected(first, last + 1)),
                (Period { from: from + micro, before: Some(before) }, expected(first + 1, last)),
                (Period { from, before: None }, expected(first, times.len())),
            ] {
                let (_, sum) = report(&store, "things", None, SALES, period, 5).await;
                assert_eq!(sum, expected, "{period:?}");
            }
        }
    }
}

async fn reports_are_the_sums_of_rows(database: Arc<TestDatabase>) {
    const PRODUCTS: usize = 40;
    const INTERACTIONS: u128 = 1_500;
    let store = database.store().await;
    let mut random = StdRng::seed_from_u64(4);
    let categories = [Some("books"), Some("toys"), Some("home goods"), None];
    let products: Vec<DocumentDraft> = (0..PRODUCTS)
        .map(|n| {
            let category = categories[random.random_range(0..categories.len())];
            product(["shop", "mart"][n % 2], &format!("{}", n / 2), "Thing", category)
        })
        .collect();
    store.upsert_documents(&products).await.unwrap();
    let session = SessionId::parse("gone").unwrap();
    let mut interactions: Vec<Interaction> = (0..INTERACTIONS)
        .map(|number| Interaction {
            kind: [InteractionKind::Click, SALES][random.random_range(0..2)],
            session: random.random_bool(0.1).then(|| session.clone()),
            occurred_at: at("2026-11-01T00:00:00Z") + TimeDelta::minutes(random.random_range(0..14_400)),
            // A few products sell most.
            ..sale(
                number,
                products[random.random_range(0..PRODUCTS).min(random.random_range(0..PRODUCTS))].id(),
                random.random_range(1..4),
                0,
            )
        })
        .collect();
    for batch in interactions.chunks(200) {
        store.record_interactions(batch).await.unwrap();
    }
    let removed = [products[3].id(), products[8].id()];
    store.delete_documents(&removed).await.unwrap();
    store.erase_interactions(&Searcher::Session(session.clone())).await.unwrap();
    interactions.retain(|of| of.session.is_none() && !removed.contains(&of.document));
    let live: BTreeMap<DocumentId, &DocumentDraft> = products
        .iter()
        .map(|product| (product.id(), product))
        .filter(|(id, _)| !removed.contains(id))
        .collect();

    for _ in 0..40 {
        let from = at("2026-10-31T00:00:00Z") + TimeDelta::minutes(random.random_range(0..14_400));
        let length = TimeDelta::minutes([10, 500, 3_000, 14_400][random.random_range(0..4)]);
        let before = random.random_bool(0.8).then(|| from + length);
        let period = Period { from, before };
        let kind = [InteractionKind::Click, SALES][random.random_range(0..2)];
        let of = [None, Some("shop"), Some("mart")][random.random_range(0..3)];
        let mut quantities: BTreeMap<DocumentId, i64> = BTreeMap::new();
        for interaction in &interactions {
            let at = interaction.occurred_at;
            let is_within = at >= from && before.is_none_or(|before| at < before);
            if interaction.kind == kind && is_within {
                *quantities.entry(interaction.document).or_default() += interaction.quantity;
            }
        }
        let mut totals: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let mut documents: BTreeMap<&str, Vec<(String, String, i64)>> = BTreeMap::new();
        for (id, product) in &live {
            let Some(category) = &product.category else { continue };
            if of.is_some_and(|of| product.source.as_str() != of) {
                continue;
            }
            let quantity = quantities.get(id).copied().unwrap_or(0);
            let sums = totals.entry(category).or_default();
            *sums = (sums.0 + 1, sums.1 + quantity);
            if quantity > 0 {
                let row = row(product.source.as_str(), product.key.as_str(), quantity);
                documents.entry(category).or_default().push(row);
            }
        }
        let mut expected: Vec<_> = totals.iter().map(|(name, sums)| total(name, sums.0, sums.1)).collect();
        expected.sort_by(|a, b| (Reverse(a.quantity), &a.name).cmp(&(Reverse(b.quantity), &b.name)));
        let of_source = of.map(source);
        let reported = store.category_totals(of_source.as_ref(), kind, period).await.unwrap();
        assert_eq!(reported, expected, "{period:?}");
        for category in categories.iter().flatten() {
            let mut rows = documents.remove(category).unwrap_or_default();
            rows.sort_by(|a, b| (Reverse(a.2), &a.1, &a.0).cmp(&(Reverse(b.2), &b.1, &b.0)));
            let sum = rows.iter().map(|row| row.2).sum();
            let first = random.random_range(1..15);
            rows.truncate(first);
            let reported = report(&store, category, of, kind, period, first as u64).await;
            assert_eq!(reported, (rows, sum), "{category} in {period:?}");
        }
    }
}
