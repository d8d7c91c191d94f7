//! The synthetic catalogue: deterministic per seed, idempotent, resumable, and visible to running servers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use quarry::app::{SeedPlan, SeedProgress, seed};
use quarry::domain::{CategoryReport, CategoryTotal, InteractionKind, Period, SourceName};
use quarry::store::Store;
use tokio_util::sync::CancellationToken;

use crate::support::databases::{TestDatabase, on_each_database};
use crate::support::folder::Folder;
use crate::support::wait::until;

on_each_database!(interrupted_runs_are_completed_without_duplicates);

fn plan() -> SeedPlan {
    SeedPlan {
        source: SourceName::parse("products").expect("a name"),
        products: 1_200,
        sales: 11_000,
        seed: 7,
        until: "2026-11-21T00:00:00Z".parse().expect("a time"),
    }
}

/// Returns all reports.
async fn reports(store: &Store) -> (Vec<CategoryTotal>, Vec<CategoryReport>) {
    let all = Period { from: DateTime::<Utc>::UNIX_EPOCH, before: None };
    let totals = store.category_totals(None, InteractionKind::Conversion, all).await.expect("reports");
    let mut categories = Vec::new();
    for total in &totals {
        let report = store.category_report(&total.name, None, InteractionKind::Conversion, all, 5_000).await;
        let mut report = report.expect("reports");
        for (document, _) in &mut report.rows {
            document.indexed_at = DateTime::UNIX_EPOCH;
        }
        categories.push(report);
    }
    (totals, categories)
}

async fn interrupted_runs_are_completed_without_duplicates(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let whole = plan();
    // Interrupted after the first thousand products, and amid the sales.
    let mut new = (0, 0);
    for stop in [
        SeedProgress { products: 1_000, ..SeedProgress::default() },
        SeedProgress { sales: 5_000, ..SeedProgress::default() },
    ] {
        let cancel = CancellationToken::new();
        let seeded = seed(&store, &whole, &cancel, |seeded| {
            if seeded.products >= stop.products && seeded.sales >= stop.sales {
                cancel.cancel();
            }
        });
        let seeded = seeded.await.expect("seeds");
        assert_eq!(seeded.sales, stop.sales);
        new = (new.0 + seeded.new_products, new.1 + seeded.new_sales);
    }
    let never = CancellationToken::new();
    let seeded = seed(&store, &whole, &never, |_| {}).await.expect("seeds");
    assert_eq!((seeded.products, seeded.sales), (1_200, 11_000));
    assert_eq!((new.0 + seeded.new_products, new.1 + seeded.new_sales), (1_200, 11_000));
    assert!(seeded.new_products <= 200 && seeded.new_sales == 6_000, "{seeded:?}");
    let first = reports(&store).await;

    let again = seed(&store, &whole, &never, |_| {}).await.expect("seeds");
    assert_eq!((again.new_products, again.new_sales), (0, 0));
    assert_eq!(reports(&store).await, first);

    let (totals, categories) = first;
    let mut names: Vec<&str> = totals.iter().map(|total| total.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["books", "clothing", "electronics", "home goods", "toys"]);
    assert_eq!(totals.iter().map(|total| total.documents).sum::<i64>(), 1_200);
    for (total, report) in totals.iter().zip(&categories) {
        assert_eq!(total.quantity, report.total_quantity);
        assert_eq!(total.quantity, report.rows.iter().map(|row| row.1).sum::<i64>());
    }

    // An uninterrupted run has the same result; another seed has a different one.
    let elsewhere = Store::connect("sqlite::memory:", 1).await.expect("opens");
    elsewhere.migrate_up(None).await.expect("migrates");
    seed(&elsewhere, &whole, &never, |_| {}).await.expect("seeds");
    assert_eq!(reports(&elsewhere).await, (totals, categories));
    let other = SeedPlan { seed: 8, source: SourceName::parse("others").expect("a name"), ..whole };
    let seeded = seed(&elsewhere, &other, &never, |_| {}).await.expect("seeds");
    assert_eq!((seeded.new_products, seeded.new_sales), (1_200, 11_000));
}

#[tokio::test]
async fn a_running_server_indexes_seeded_products() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    let command = ["seed", "--products", "300", "--sales", "4000", "--seed", "3", "--until", "2026-11-01"];
    let ended = folder.run(&command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let output =
        "300 products (300 new or changed) and 4000 sales (4000 new) of \"products\" up to 2026-11-01";
    assert!(ended.stdout.starts_with(output), "{ended:?}");
    // Without a terminal, progress is printed in lines.
    assert!(ended.stderr.contains("products: 300 of 300\nsales: 4000 of 4000\n"), "{ended:?}");
    until("the products to be found", async || (server.endpoint.total("").await == 300).then_some(())).await;
    let again = folder.succeed(&command).await;
    assert!(again.starts_with("300 products (0 new or changed) and 4000 sales (0 new)"), "{again}");
    server.stop().await;
}

#[tokio::test]
async fn a_killed_run_is_completed_by_the_next() {
    let folder = Folder::new("");
    let command = ["seed", "--products", "2000", "--sales", "40000", "--until", "2026-11-01"];
    let mut running = folder.start(&command);
    // From then on, it may be killed at any point.
    until("the first line", async || running.stderr().contains("products: ").then_some(())).await;
    let killed = running.kill();
    assert_eq!(killed.code, None, "{killed:?}");
    let ended = folder.run(&command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("2000 products ("), "{ended:?}");
    assert!(!ended.stdout.contains("2000 new or changed"), "{ended:?}");
    let store = Store::connect(&folder.database_url(), 1).await.expect("opens");
    let all = Period { from: DateTime::<Utc>::UNIX_EPOCH, before: None };
    let killed = store.category_totals(None, InteractionKind::Conversion, all).await.expect("reports");
    let whole = Store::connect("sqlite::memory:", 1).await.expect("opens");
    whole.migrate_up(None).await.expect("migrates");
    let until = "2026-11-01T00:00:00Z".parse().expect("a time");
    let plan = SeedPlan { products: 2_000, sales: 40_000, seed: 1, until, ..plan() };
    seed(&whole, &plan, &CancellationToken::new(), |_| {}).await.expect("seeds");
    let expected = whole.category_totals(None, InteractionKind::Conversion, all).await.expect("reports");
    assert_eq!(killed, expected);
}

#[tokio::test]
async fn invalid_options_are_usage_errors() {
    let folder = Folder::new("");
    for wrong in [&["--products", "0"][..], &["--sales", "-1"], &["--until", "tomorrow"], &["--source", ""]] {
        let ended = folder.run(&[&["seed"], wrong].concat()).await;
        assert_eq!(ended.code, Some(2), "{wrong:?}: {ended:?}");
    }
}
