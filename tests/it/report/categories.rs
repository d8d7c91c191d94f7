//! Reports of sales per category, and click-through rates of searches.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::domain::{
    CategoryReport, DocumentDraft, DocumentId, DocumentKey, Interaction, InteractionId, InteractionKind,
    QueryDigest, SearchId, SourceName, Timestamp, query_key,
};
use quarry::report::{
    CacheStatus, CategoryDocuments, CategoryTotals, ClickedDocuments, ReportPeriod, ReportResponse,
    TopSearches,
};
use quarry::store::{RecordOutcome, Store};
use uuid::Uuid;

use super::fixture::{local_reports, search};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(sales_are_reported_per_category, the_click_through_rate_is_a_share_of_searches);

async fn product(store: &Store, source: &str, key: &str, title: &str, category: &str) -> DocumentId {
    let draft = DocumentDraft {
        source: SourceName::parse(source).unwrap(),
        key: DocumentKey::parse(key).unwrap(),
        title: Some(title.to_owned()),
        text: title.to_owned(),
        category: Some(category.to_owned()),
        author: None,
        published_at: None,
        attributes: "{}".to_owned(),
    };
    store.upsert_documents(std::slice::from_ref(&draft)).await.unwrap();
    draft.id()
}

async fn record(
    store: &Store,
    kind: InteractionKind,
    document: DocumentId,
    quantity: i64,
    search: Option<SearchId>,
    occurred_at: Timestamp,
) {
    let id = InteractionId(Uuid::new_v4());
    let (session, user) = (None, None);
    let interaction =
        Interaction { id, kind, document, quantity, session, user, search, position: Some(3), occurred_at };
    assert_eq!(store.record_interactions(&[interaction]).await.unwrap(), [RecordOutcome::Recorded]);
}

/// Returns title and quantity of each row.
fn rows(report: &ReportResponse<CategoryReport>) -> Vec<(&str, i64)> {
    report.value.rows.iter().map(|(document, sold)| (document.title.as_deref().unwrap(), *sold)).collect()
}

async fn sales_are_reported_per_category(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let reports = local_reports(&store);
    let (now, kind) = (Utc::now(), InteractionKind::Conversion);
    let laptop = product(&store, "shop", "1", "Laptop", "electronics").await;
    let mouse = product(&store, "shop", "2", "Mouse", "electronics").await;
    let book = product(&store, "shop", "3", "Book", "books").await;
    let other_mouse = product(&store, "market", "2", "Mouse", "electronics").await;
    product(&store, "shop", "4", "Teddy", "toys").await;
    for (document, quantity) in [(laptop, 10), (laptop, 5), (mouse, 20), (book, 50)] {
        record(&store, kind, document, quantity, None, now).await;
    }
    record(&store, kind, other_mouse, 7, None, now - TimeDelta::days(40)).await;
    record(&store, InteractionKind::Click, laptop, 1, None, now).await;

    let electronics = CategoryDocuments {
        name: "electronics".to_owned(),
        source: None,
        kind,
        period: ReportPeriod::default(),
        first: 10,
    };
    for cache_status in [CacheStatus::Miss, CacheStatus::Hit] {
        let report = reports.get(electronics.clone(), false).await.unwrap();
        assert_eq!((rows(&report), report.cache_status), (vec![("Mouse", 20), ("Laptop", 15)], cache_status));
        assert_eq!(report.value.total_quantity, 35);
        assert_eq!(report.covered_until, report.generated_at);
    }
    let category = async |parameters: CategoryDocuments| {
        let report = reports.get(parameters, false).await.unwrap();
        assert_eq!(report.cache_status, CacheStatus::Miss, "other parameters are another report");
        report
    };
    let longer = ReportPeriod { from: Some(now - TimeDelta::days(60)), before: None };
    let report = category(CategoryDocuments { period: longer, ..electronics.clone() }).await;
    assert_eq!(
        rows(&report),
        [("Mouse", 20), ("Laptop", 15), ("Mouse", 7)],
        "two products with the same name"
    );
    let report = category(CategoryDocuments { first: 1, ..electronics.clone() }).await;
    assert_eq!((rows(&report), report.value.total_quantity), (vec![("Mouse", 20)], 35));
    let report = category(CategoryDocuments { kind: InteractionKind::Click, ..electronics.clone() }).await;
    assert_eq!(rows(&report), [("Laptop", 1)]);
    let market = Some(SourceName::parse("market").unwrap());
    let report =
        category(CategoryDocuments { source: market.clone(), period: longer, ..electronics.clone() }).await;
    assert_eq!(rows(&report), [("Mouse", 7)]);
    let report = category(CategoryDocuments { name: "Electronics".to_owned(), ..electronics.clone() }).await;
    assert_eq!(rows(&report), []);
    let past = ReportPeriod { from: None, before: Some(now - TimeDelta::days(35)) };
    let report = category(CategoryDocuments { period: past, ..electronics }).await;
    assert_eq!((rows(&report), Some(report.covered_until)), (vec![("Mouse", 7)], past.before));

    for cache_status in [CacheStatus::Miss, CacheStatus::Hit, CacheStatus::Bypass] {
        let refresh = cache_status == CacheStatus::Bypass;
        let report = reports
            .get(CategoryTotals { source: None, kind, period: ReportPeriod::default() }, refresh)
            .await
            .unwrap();
        let rows: Vec<_> =
            report.value.iter().map(|row| (row.name.as_str(), row.documents, row.quantity)).collect();
        let expected = vec![("books", 1, 50), ("electronics", 3, 35), ("toys", 1, 0)];
        assert_eq!((rows, report.cache_status), (expected, cache_status));
    }
    let report = reports
        .get(CategoryTotals { source: market, kind, period: ReportPeriod::default() }, false)
        .await
        .unwrap();
    assert_eq!(
        (report.value.len(), report.value[0].quantity, report.cache_status),
        (1, 0, CacheStatus::Miss)
    );
}

async fn the_click_through_rate_is_a_share_of_searches(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let reports = local_reports(&store);
    let now = Utc::now();
    for (query, count) in [("Red Shoes", 4), ("tea", 3), ("coffee", 2)] {
        let searches = (0..count).map(|_| search("s", query, now, 1));
        store.log_searches(&searches.collect::<Vec<_>>()).await.unwrap();
    }
    let document = product(&store, "shop", "1", "Shoes", "shoes").await;
    let rates = async || {
        let report = reports
            .get(
                TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 0, first: 10 },
                true,
            )
            .await
            .unwrap();
        report.value.iter().map(|row| row.click_through_rate()).collect::<Vec<_>>()
    };
    let answer = |salt, query| Some(SearchId::new(salt, QueryDigest::of(&query_key(query))));
    let (click, conversion) = (InteractionKind::Click, InteractionKind::Conversion);
    record(&store, click, document, 1, None, now).await;
    record(&store, click, document, 1, answer(1, "tea"), now - TimeDelta::days(31)).await;
    record(&store, conversion, document, 1, answer(1, "tea"), now).await;
    assert_eq!(rates().await, [None, None, None], "no click of the period quotes a search");
    // Two clicks on the results of one search count once.
    for salt in [1, 1, 2] {
        record(&store, click, document, 1, answer(salt, "red SHOES"), now).await;
    }
    for salt in 0..5 {
        record(&store, click, document, 1, answer(salt, "tea"), now).await;
    }
    assert_eq!(rates().await, [Some(0.5), Some(1.0), Some(0.0)]);
    let top = TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 1, first: 10 };
    let rows = reports.get(top, true).await.unwrap().value;
    let tea = &rows[0];
    assert_eq!((rows.len(), tea.search.query.as_str()), (2, "tea"), "the first row was skipped");
    assert_eq!(tea.conversion_rate(), Some(1.0 / 3.0));
    assert_eq!((tea.searches_without_clicks(), tea.average_click_position()), (Some(0), Some(3.0)));
    assert_eq!((rows[1].searches_without_clicks(), rows[1].average_click_position()), (Some(2), None));
    let clicked = ClickedDocuments {
        query: "RED  shoes".to_owned(),
        period: ReportPeriod::default(),
        facts: Vec::new(),
        first: 10,
    };
    let clicked = reports.get(clicked, false).await.unwrap().value;
    assert_eq!((clicked.len(), clicked[0].clicks, clicked[0].average_position), (1, 2, Some(3.0)));
}
