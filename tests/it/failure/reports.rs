//! The cache or the database goes away while reports are asked for: the answers stay right, and
//! say what they are.

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::support::reports::{CATEGORY, Shop, category};
use crate::support::wait::until;

#[tokio::test]
async fn reports_outlive_the_cache_and_the_database() {
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

    // Without it, each asks the database, and the answer says so.
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

    // Without the database, too, it is the last good answer.
    postgres.cut_off();
    let stale = category(&one.endpoint, "electronics").await;
    assert_eq!(stale["cache"], "STALE");
    assert_eq!((&stale["rows"], &stale["generatedAt"]), (&report["rows"], &report["generatedAt"]));
    // What was never answered cannot be.
    let never = one.endpoint.ask(CATEGORY, json!({"name": "books"})).await;
    assert_eq!(never.codes(), ["STORE_UNAVAILABLE"].into());

    // With the cache back, what it kept is good until its time is over; computing it anew is not possible.
    redis.resume();
    until("the cache", async || {
        let kept = category(&two.endpoint, "electronics").await;
        (kept["cache"] == "HIT").then_some(())
    })
    .await;
    let refresh = json!({"name": "electronics", "refresh": true});
    let stale = two.endpoint.data(CATEGORY, refresh.clone()).await["reports"]["category"].take();
    assert_eq!(stale["cache"], "STALE");

    postgres.resume();
    until("the database", async || {
        let anew = two.endpoint.data(CATEGORY, refresh.clone()).await["reports"]["category"].take();
        (anew["cache"] == "BYPASS").then_some(anew)
    })
    .await;
    let anew = category(&one.endpoint, "electronics").await;
    assert_eq!((&anew["cache"], Shop::rows(&anew)[1].1), (&json!("HIT"), 16));
}
