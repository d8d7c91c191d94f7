//! Outages of the cache and of the database: reports stay correct and state their origin.

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::support::reports::{CATEGORY, Shop, category};
use crate::support::wait::until;

#[tokio::test]
async fn reports_survive_the_cache_and_the_database() {
    let (mut redis, postgres) = (OwnRedis::start(), OwnPostgres::start());
    let settings = |postgres: &OwnPostgres, redis: &OwnRedis| {
        format!("database_url = \"{}\"\nredis_url = \"{}\"", postgres.url(), redis.url())
    };
    let folders = [0, 1].map(|_| Folder::new(&settings(&postgres, &redis)));
    let one = folders[0].serve().await;
    let two = folders[1].serve().await;
    let shop = Shop::open(&one.endpoint).await;
    let sold = [("Mouse".to_owned(), 20), ("Laptop".to_owned(), 15)];

    // Servers share the cache.
    let computed = category(&one.endpoint, "electronics").await;
    assert_eq!((&computed["cache"], Shop::rows(&computed)), (&json!("MISS"), sold.to_vec()));
    let shared = category(&two.endpoint, "electronics").await;
    assert_eq!((&shared["cache"], &shared["generatedAt"]), (&json!("HIT"), &computed["generatedAt"]));

    // Without it, each server computes reports, with a warning.
    redis.stop();
    shop.sell(&two.endpoint, "Laptop", 1).await;
    let mut raw = one.endpoint.raw(CATEGORY, json!({"name": "electronics"})).await;
    assert_eq!(raw["errors"], Value::Null);
    let warning = &raw["extensions"]["warnings"][0];
    assert_eq!(warning["extensions"]["code"], "CACHE_UNAVAILABLE", "{raw}");
    assert_eq!(warning["path"], json!(["reports", "category"]));
    let report = raw["data"]["reports"]["category"].take();
    assert_eq!(report["cache"], "BYPASS");
    assert_eq!(Shop::rows(&report), [("Mouse".to_owned(), 20), ("Laptop".to_owned(), 16)]);

    // Without the database as well, the last good report is returned.
    postgres.cut_off();
    let stale = category(&one.endpoint, "electronics").await;
    assert_eq!(stale["cache"], "STALE");
    assert_eq!((&stale["rows"], &stale["generatedAt"]), (&report["rows"], &report["generatedAt"]));
    // A report without a previous one fails.
    let never = one.endpoint.query(CATEGORY, json!({"name": "books"})).await;
    assert_eq!(never.codes(), ["STORE_UNAVAILABLE"].into());

    // The recovered cache returns its reports until they expire; a refresh fails.
    redis.resume();
    until("the cache", async || {
        let cached = category(&two.endpoint, "electronics").await;
        (cached["cache"] == "HIT").then_some(())
    })
    .await;
    let refresh = json!({"name": "electronics", "refresh": true});
    let stale = two.endpoint.data(CATEGORY, refresh.clone()).await["reports"]["category"].take();
    assert_eq!(stale["cache"], "STALE");

    postgres.resume();
    until("the database", async || {
        let computed = two.endpoint.data(CATEGORY, refresh.clone()).await["reports"]["category"].take();
        (computed["cache"] == "BYPASS").then_some(computed)
    })
    .await;
    let cached = category(&one.endpoint, "electronics").await;
    assert_eq!((&cached["cache"], Shop::rows(&cached)[1].1), (&json!("HIT"), 16));
}
