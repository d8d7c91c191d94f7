//! Reports read indexes of a large table of interactions.

use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{Interaction, InteractionKind, Period, QueryDigest, SearchFact, SearchId};
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::at;
use super::super::plans::plans_of;
use super::{product, raw, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(no_report_reads_all_interactions);

const PRODUCTS: usize = 500;
const INTERACTIONS: u128 = 20_000;

async fn no_report_reads_all_interactions(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let products: Vec<_> = (0..PRODUCTS)
        .map(|n| product("shop", &n.to_string(), "Thing", Some(["books", "toys", "clothing"][n % 3])))
        .collect();
    store.upsert_documents(&products).await.unwrap();
    for first in (0..INTERACTIONS).step_by(2_000) {
        // Over 83 days.
        let batch: Vec<Interaction> = (first..first + 2_000)
            .map(|n| Interaction {
                kind: if n % 2 == 0 { InteractionKind::Click } else { InteractionKind::Conversion },
                search: (n % 3 == 0).then(|| SearchId::new(n as u64, digest(n as u64 % 500))),
                ..sale(n, products[(n * 7) as usize % PRODUCTS].id(), 1, n as i64 * 360)
            })
            .collect();
        store.record_interactions(&batch).await.unwrap();
    }
    let connection = raw(&database).await;
    let backend = connection.get_database_backend();
    for table in ["interactions", "documents"] {
        let analyze = match backend {
            DbBackend::MySql => format!("ANALYZE TABLE {table}"),
            // VACUUM also updates the visibility map, for index-only scans.
            DbBackend::Postgres => format!("VACUUM ANALYZE {table}"),
            _ => format!("ANALYZE {table}"),
        };
        connection.execute_unprepared(&analyze).await.unwrap();
    }

    let from = at("2026-12-20T07:00:00Z");
    let days = |days: i64| Period { from, before: Some(from + TimeDelta::days(days)) };
    let periods = [days(1), days(7), Period { from: from + TimeDelta::days(40), before: None }];
    for period in periods {
        let plans = plans_of_reports(&database, period).await;
        assert_eq!(plans.len(), 2);
        let is_covered = plans[1].contains("COVERING INDEX documents_in_category");
        assert!(is_covered || backend != DbBackend::Sqlite, "{period:?}: {}", plans[1]);
        for plan in plans {
            assert!(plan.contains("interaction") && !scans(backend, &plan), "{period:?}: {plan}");
        }
        let plans = plans_of(&database, |store| async move {
            let queries: Vec<QueryDigest> = (0..10).map(digest).collect();
            store.query_interactions(&queries, period, &[]).await.unwrap();
            store.clicked_documents(queries[0], period, &[], 10).await.unwrap();
            let facts = [SearchFact::sort("newest")];
            store.query_interactions(&queries, period, &facts).await.unwrap();
            store.clicked_documents(queries[0], period, &facts, 10).await.unwrap();
            store.clicks_are_recorded(period).await.unwrap();
        });
        for plan in plans.await {
            assert!(plan.contains("interactions_") || plan.contains("documents"), "{period:?}: {plan}");
            assert!(!scans(backend, &plan), "{period:?}: {plan}");
        }
    }

    // Without their indexes, this test would fail.
    for index in ["interactions_time", "interactions_document", "interactions_query_time"] {
        let drop = match backend {
            DbBackend::MySql => format!("DROP INDEX {index} ON interactions"),
            _ => format!("DROP INDEX {index}"),
        };
        connection.execute_unprepared(&drop).await.unwrap();
    }
    connection.close().await.unwrap();
    let plans = plans_of_reports(&database, days(1)).await;
    assert!(plans.iter().all(|plan| scans(backend, plan)), "{plans:?}");
}

async fn plans_of_reports(database: &TestDatabase, period: Period) -> Vec<String> {
    plans_of(database, |store| async move {
        store.category_report("toys", None, InteractionKind::Conversion, period, 10).await.unwrap();
        store.category_totals(None, InteractionKind::Conversion, period).await.unwrap();
    })
    .await
}

fn digest(query: u64) -> QueryDigest {
    QueryDigest::of(&format!("query {query}"))
}

/// Returns true if a plan reads all interactions, or all of an index.
fn scans(backend: DbBackend, plan: &str) -> bool {
    match backend {
        DbBackend::Postgres => plan.contains("Seq Scan on interaction"),
        DbBackend::MySql => {
            let plan: serde_json::Value = serde_json::from_str(plan).unwrap();
            reads_all(&plan)
        }
        // An automatic index of SQLite is built from all rows.
        _ => plan.lines().any(|line| {
            line.starts_with("SCAN interaction")
                || (line.starts_with("SEARCH interaction") && line.contains("AUTOMATIC"))
        }),
    }
}

/// Returns true if a plan of MySQL reads all of a table of interactions.
fn reads_all(plan: &serde_json::Value) -> bool {
    match plan {
        serde_json::Value::Object(step) => {
            let text = |field: &str| step.get(field).and_then(|value| value.as_str()).unwrap_or_default();
            let is_interactions = text("table_name").starts_with("interaction");
            let is_all = matches!(text("access_type"), "ALL" | "index");
            (is_interactions && is_all) || step.values().any(reads_all)
        }
        serde_json::Value::Array(steps) => steps.iter().any(reads_all),
        _ => false,
    }
}
