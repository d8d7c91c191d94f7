//! `/readyz` reports the obstacles to readiness and degradations.

use serde_json::{Value, json};

use super::samples;
use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::support::wait::until;

#[tokio::test]
async fn an_outage_is_reported_and_leaves_the_server_ready() {
    let postgres = OwnPostgres::start();
    let mut redis = OwnRedis::start();
    let settings = format!("database_url = \"{}\"\nredis_url = \"{}\"", postgres.url(), redis.url());
    let folder = Folder::new(&settings);
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let stored = endpoint.index("notes", &[("1", "Green tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    until("full health", async || {
        let (status, health) = endpoint.json("/readyz").await;
        assert_eq!(status, 200, "{health}");
        let healthy = json!({"ready": true, "index": {"applied": 1, "latest": 1, "behind": 0}});
        (health == healthy).then_some(())
    })
    .await;
    let degraded_by = async |sentence: Option<&str>| {
        until(sentence.unwrap_or("no degradation"), async || {
            let (status, health) = endpoint.json("/readyz").await;
            assert_eq!((status, &health["ready"]), (200, &Value::Bool(true)), "{health}");
            match sentence {
                Some(sentence) => health["degraded"].as_array()?.contains(&json!(sentence)).then_some(()),
                None => health.get("degraded").is_none().then_some(()),
            }
        })
        .await;
    };
    let up = async |name: &str, expected: f64| {
        until(name, async || {
            let value = samples(endpoint.address()).await?[name];
            ((value - expected).abs() < f64::EPSILON).then_some(())
        })
        .await;
    };
    postgres.cut_off();
    degraded_by(Some("The database cannot be reached.")).await;
    up("quarry_database_up", 0.0).await;
    postgres.resume();
    degraded_by(None).await;
    up("quarry_database_up", 1.0).await;
    redis.stop();
    degraded_by(Some("The keystroke buffer cannot be reached.")).await;
    up("quarry_redis_up{purpose=\"flushing\"}", 0.0).await;
    up("quarry_redis_up{purpose=\"feed_in\"}", 0.0).await;
    up("quarry_keystroke_buffer_up", 0.0).await;
    // Connections that are used during the outage and idle afterwards.
    let typed = "mutation { logKeystroke(input: { sessionId: \"s\", text: \"tea\" }) { accepted } }";
    assert_eq!(endpoint.query(typed, Value::Null).await.codes(), ["BUFFER_UNAVAILABLE"].into());
    endpoint.data("{ reports { topSearches { cache } } }", Value::Null).await;
    up("quarry_redis_up{purpose=\"keystrokes\"}", 0.0).await;
    up("quarry_redis_up{purpose=\"cache\"}", 0.0).await;
    redis.resume();
    degraded_by(None).await;
    up("quarry_redis_up{purpose=\"flushing\"}", 1.0).await;
    up("quarry_redis_up{purpose=\"feed_in\"}", 1.0).await;
    up("quarry_redis_up{purpose=\"keystrokes\"}", 1.0).await;
    up("quarry_redis_up{purpose=\"cache\"}", 1.0).await;
    let after = samples(endpoint.address()).await.unwrap();
    assert!(after["quarry_redis_connects_total{purpose=\"flushing\"}"] >= 2.0, "{after:?}");
    assert!(after["quarry_worker_failures_total{worker=\"flusher\"}"] >= 1.0, "{after:?}");
    assert!(after["quarry_database_failures_total{cause=\"unavailable\"}"] >= 1.0, "{after:?}");
    server.stop().await;
}
