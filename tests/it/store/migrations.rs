//! Migrations go up, down and up again, and two servers may start at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use quarry::domain::{Interaction, InteractionKind, Revision};
use quarry::store::{Store, StoreError};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query};
use uuid::Uuid;

use super::interactions::{always, one_product, sale};
use super::{at, draft, raw, rows, utc};
use crate::support::databases::{TestDatabase, on_each_database, on_postgres};

on_each_database!(
    up_down_and_up_again,
    one_by_one,
    two_servers_migrate_at_once,
    the_roll_up_of_interactions_is_dropped_and_restored,
    without_tables_a_call_is_refused,
    migrations_of_a_newer_version_are_named
);

async fn up_down_and_up_again(database: Arc<TestDatabase>) {
    let store = database.connect().await;
    let all = store.migration_status().await.unwrap();
    assert!(all.len() >= 3 && all.iter().all(|migration| !migration.applied), "{all:?}");

    assert_eq!(store.migrate_up(None).await.unwrap(), all.len());
    assert_eq!(store.migrate_up(None).await.unwrap(), 0);
    assert!(store.migration_status().await.unwrap().iter().all(|migration| migration.applied));
    let id = store.store_id().await.unwrap();
    assert_eq!(store.store_id().await.unwrap(), id);
    store.upsert_documents(&[draft("1", "one")]).await.unwrap();

    assert_eq!(store.migrate_down(100).await.unwrap(), all.len());
    assert!(store.migration_status().await.unwrap().iter().all(|migration| !migration.applied));
    assert!(matches!(store.latest_revision().await, Err(StoreError::Refused(_))));

    assert_eq!(store.migrate_up(None).await.unwrap(), all.len());
    // An index of the old documents must not continue with the new ones.
    assert_ne!(store.store_id().await.unwrap(), id);
    assert_eq!(store.latest_revision().await.unwrap(), Revision::ZERO);
    assert_eq!(store.upsert_documents(&[draft("1", "one")]).await.unwrap().inserted, 1);
}

async fn one_by_one(database: Arc<TestDatabase>) {
    let store = database.connect().await;
    let all = store.migration_status().await.unwrap().len();
    for done in 1..=all {
        assert_eq!(store.migrate_up(Some(1)).await.unwrap(), 1);
        let status = store.migration_status().await.unwrap();
        assert_eq!(status.iter().filter(|migration| migration.applied).count(), done);
        assert!(status.iter().take(done).all(|migration| migration.applied), "{status:?}");
    }
    for _ in 0..all {
        assert_eq!(store.migrate_down(1).await.unwrap(), 1);
    }
    assert_eq!(store.migrate_down(1).await.unwrap(), 0);
}

async fn two_servers_migrate_at_once(database: Arc<TestDatabase>) {
    let servers = (0..4).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            let store = database.connect().await;
            (store.migrate_up(None).await.unwrap(), store.store_id().await.unwrap())
        })
    });
    let mut applied = 0;
    let mut ids = Vec::new();
    for server in servers.collect::<Vec<_>>() {
        let (count, id) = server.await.unwrap();
        applied += count;
        ids.push(id);
    }
    let store = database.connect().await;
    assert_eq!(applied, store.migration_status().await.unwrap().len());
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// A downgrade restores the exact sums of the previous version.
async fn the_roll_up_of_interactions_is_dropped_and_restored(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = one_product(&store).await;
    let sales: Vec<Interaction> =
        (0..50).map(|n| sale(n, document, 1 + n as i64 % 3, n as i64 * 10_000)).collect();
    let clicks = (50..60).map(|n| Interaction { kind: InteractionKind::Click, ..sale(n, document, 1, 0) });
    let all: Vec<Interaction> = sales.into_iter().chain(clicks).collect();
    store.record_interactions(&all).await.unwrap();
    let reports = async |store: &Store| {
        let (sold, clicked) = (InteractionKind::Conversion, InteractionKind::Click);
        let report = store.category_report("electronics", None, sold, always(), 10).await.unwrap();
        (report, store.category_totals(None, clicked, always()).await.unwrap())
    };
    let before = reports(&store).await;
    assert_eq!((before.0.total_quantity, before.1[0].quantity), (99, 10));

    // This migration and the later ones.
    let status = store.migration_status().await.unwrap();
    let at_index = status.iter().position(|migration| migration.name.ends_with("interaction_index")).unwrap();
    let steps = status.len() - at_index;
    assert_eq!(store.migrate_down(steps as u32).await.unwrap(), steps);
    let mut expected = BTreeMap::new();
    for interaction in &all {
        let day = interaction.occurred_at.duration_trunc(TimeDelta::days(1)).unwrap();
        let kind = if interaction.kind == InteractionKind::Click { "click" } else { "conversion" };
        let sums = expected.entry((kind.to_owned(), day, document.0)).or_insert((0, 0));
        *sums = (sums.0 + 1, sums.1 + interaction.quantity);
    }
    let connection = raw(&database).await;
    let restored: BTreeMap<(String, DateTime<Utc>, Uuid), (i64, i64)> =
        rows(&connection, "SELECT * FROM interaction_days")
            .await
            .iter()
            .map(|row| {
                let key = (
                    row.try_get("", "kind").unwrap(),
                    utc(row, "day"),
                    row.try_get("", "document_id").unwrap(),
                );
                (key, (row.try_get("", "interactions").unwrap(), row.try_get("", "quantity").unwrap()))
            })
            .collect();
    assert_eq!(restored, expected);
    // The previous version finds its rows by the text of a day on SQLite.
    let day = connection.get_database_backend().build(
        &Query::select()
            .expr(Expr::col(Asterisk).count())
            .from("interaction_days")
            .and_where(Expr::col("day").eq(at("2026-11-20T00:00:00Z").fixed_offset()))
            .take(),
    );
    let found: i64 = connection.query_one_raw(day).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert_eq!(found, 2);
    connection.close().await.unwrap();

    let store = database.store().await;
    assert_eq!(reports(&store).await, before);
    let connection = raw(&database).await;
    assert!(connection.execute_unprepared("SELECT 1 FROM interaction_days").await.is_err());
    connection.close().await.unwrap();
}

async fn without_tables_a_call_is_refused(database: Arc<TestDatabase>) {
    let store = database.connect().await;
    store.ping().await.unwrap();
    let Err(StoreError::Refused(text)) = store.upsert_documents(&[draft("1", "one")]).await else {
        panic!("refused, since there are no tables")
    };
    // The message shows the missing table.
    assert!(text.contains("counters"), "{text}");
}

async fn migrations_of_a_newer_version_are_named(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let connection = raw(&database).await;
    let newer =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_of_a_newer_version', 1)";
    connection.execute_unprepared(newer).await.unwrap();
    connection.close().await.unwrap();
    for refused in [store.migrate_up(None).await.err(), store.migration_status().await.err()] {
        assert!(matches!(refused, Some(StoreError::UnknownMigrations)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_server_on_a_migrated_database_needs_no_right_to_create_tables() {
    on_postgres(async |database| {
        database.store().await;
        let owner = raw(database).await;
        let role = format!("writer_{}", Uuid::new_v4().simple());
        for statement in [
            format!("CREATE ROLE {role} LOGIN"),
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_owned(),
            format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"),
            format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"),
        ] {
            owner.execute_unprepared(&statement).await.unwrap();
        }
        let writer =
            Store::connect(&database.url().replacen("quarry@", &format!("{role}@"), 1), 2).await.unwrap();
        assert_eq!(writer.migrate_up(None).await.unwrap(), 0);
        assert_eq!(writer.upsert_documents(&[draft("1", "one")]).await.unwrap().inserted, 1);
        drop(writer);
        for statement in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
            owner.execute_unprepared(&statement).await.unwrap();
        }
        owner.close().await.unwrap();
    })
    .await;
}
