//! Rate limits, over every transport and behind proxies.

use quarry::access::AccessControl;
use quarry::config::RateSettings;
use quarry::domain::Scope;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::keys::{Key, guarded};
use super::server::{Server, code, read};
use crate::support::socket::Socket;

const QUESTION: &str = "{ __typename }";

/// One request a minute with a burst of three.
const BURST_OF_THREE: RateSettings =
    RateSettings { per_key: 1, per_key_burst: 3, per_address: 0, per_address_burst: 1, failed_keys: 0 };

fn per_address() -> RateSettings {
    RateSettings { per_key: 0, per_address: 1, per_address_burst: 3, ..BURST_OF_THREE }
}

fn question(server: &Server) -> RequestBuilder {
    server.post(&json!({ "query": QUESTION }))
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

/// Asserts that a response is rate limited and has the time of a retry.
async fn assert_limited(response: Response) {
    assert_eq!(response.status(), 429);
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
    let answer = read(response).await;
    assert_eq!(code(&answer["errors"][0]), "RATE_LIMITED");
    assert_eq!(answer["errors"][0]["extensions"]["retryAfter"], after);
    assert!(answer.get("data").is_none() && answer.to_string().contains(&format!("{after} s")), "{answer}");
}

#[tokio::test]
async fn one_limit_holds_over_every_transport() {
    let server = guarded(&AccessControl::new(&[], &per_address(), 0)).await;
    assert_eq!(send(question(&server)).await.status(), 200);
    assert_eq!(send(server.get("/graphql?query=%7B__typename%7D")).await.status(), 200);
    let mut socket = Socket::connect(server.address).await;
    socket.subscribe("1", QUESTION).await;
    assert_eq!(socket.receive().await["type"], "next");
    assert_eq!(socket.receive().await["type"], "complete");
    for _ in 0..2 {
        assert_limited(send(question(&server)).await).await;
        assert_limited(send(server.get("/graphql?query=%7B__typename%7D")).await).await;
        socket.subscribe("2", QUESTION).await;
        let message = socket.receive().await;
        assert_eq!((&message["type"], code(&message["payload"][0])), (&json!("error"), "RATE_LIMITED"));
        // There is no header for it.
        let after = message["payload"][0]["extensions"]["retryAfter"].as_u64();
        assert!(after.is_some_and(|after| (1..=60).contains(&after)), "{message}");
    }
    // Only operations and malformed operations count.
    assert_eq!(send(server.get("/livez")).await.status(), 200);
}

#[tokio::test]
async fn malformed_requests_count() {
    let malformed = json!({"query": 7});
    for wrong in [malformed.clone(), json!([malformed, malformed, malformed])] {
        let server = guarded(&AccessControl::new(&[], &per_address(), 0)).await;
        let times = if wrong.is_array() { 1 } else { 3 };
        for _ in 0..times {
            assert_ne!(send(server.post(&wrong)).await.status(), 429);
        }
        assert_limited(send(question(&server)).await).await;
        assert_limited(send(server.get("/graphql?variables=7")).await).await;
    }
}

#[tokio::test]
async fn each_operation_of_a_batch_counts() {
    let server = guarded(&AccessControl::new(&[], &per_address(), 0)).await;
    let batch: Vec<Value> = (0..5).map(|_| json!({ "query": QUESTION })).collect();
    let answers = read(send(server.post(&json!(batch))).await).await;
    let ran = |answer: &Value| answer["data"]["__typename"] == "Query";
    let limited = |answer: &Value| code(&answer["errors"][0]) == "RATE_LIMITED";
    let answers = answers.as_array().unwrap();
    assert!(answers[..3].iter().all(ran) && answers[3..].iter().all(limited), "{answers:?}");
    assert_limited(send(question(&server)).await).await;
}

#[tokio::test]
async fn each_key_has_its_own_rate() {
    let (one, other) = (Key::new("one", &[Scope::Search]), Key::new("other", &[Scope::Search]));
    let keys = [one.config.clone(), other.config.clone()];
    let access = AccessControl::new(&keys, &BURST_OF_THREE, 0);
    let server = guarded(&access).await;
    let ask = async |key: &Key| send(question(&server).header("authorization", key.bearer())).await;
    for _ in 0..3 {
        assert_eq!(ask(&one).await.status(), 200);
    }
    assert_limited(ask(&one).await).await;
    assert_eq!(ask(&other).await.status(), 200);
    // Requests without a key have another limit, and reloaded settings reset no unchanged limit.
    assert_eq!(send(question(&server)).await.status(), 200);
    access.replace(&keys, &RateSettings { failed_keys: 7, ..BURST_OF_THREE });
    assert_limited(ask(&one).await).await;
    access.replace(&keys, &RateSettings { per_key_burst: 4, ..BURST_OF_THREE });
    assert_eq!(ask(&one).await.status(), 200);
    access.replace(&keys, &RateSettings::none());
    for _ in 0..10 {
        assert_eq!(ask(&one).await.status(), 200);
    }
}

#[tokio::test]
async fn clients_behind_a_proxy_are_distinct_and_cannot_spoof_addresses() {
    let server = guarded(&AccessControl::new(&[], &per_address(), 1)).await;
    let from = async |forwarded: &str| send(question(&server).header("x-forwarded-for", forwarded)).await;
    for made_up in ["1.1.1.1", "2.2.2.2", "3.3.3.3"] {
        assert_eq!(from(&format!("{made_up}, 9.9.9.9")).await.status(), 200);
    }
    assert_limited(from("4.4.4.4, 9.9.9.9").await).await;
    assert_eq!(from("9.9.9.9, 8.8.8.8").await.status(), 200);
    // An IPv6 network is one client.
    for host in ["1", "2", "3"] {
        assert_eq!(from(&format!("2001:db8::{host}")).await.status(), 200);
    }
    assert_limited(from("2001:db8::4").await).await;
    assert_eq!(from("2001:db8:0:1::4").await.status(), 200);
    // Without a trusted proxy, the header is ignored.
    let server = guarded(&AccessControl::new(&[], &per_address(), 0)).await;
    for made_up in ["1.1.1.1", "2.2.2.2", "3.3.3.3"] {
        assert_eq!(send(question(&server).header("x-forwarded-for", made_up)).await.status(), 200);
    }
    assert_limited(send(question(&server).header("x-forwarded-for", "4.4.4.4")).await).await;
}

#[tokio::test]
async fn attempts_with_invalid_keys_are_limited_and_a_valid_one_passes() {
    let right = Key::new("right", &[Scope::Search]);
    let rates = RateSettings { failed_keys: 3, ..RateSettings::none() };
    let server = guarded(&AccessControl::new(std::slice::from_ref(&right.config), &rates, 0)).await;
    let ask = async |bearer: &str| send(question(&server).header("authorization", bearer)).await;
    for _ in 0..3 {
        assert_eq!(ask(&Key::new("wrong", &[]).bearer()).await.status(), 401);
    }
    assert_limited(ask(&Key::new("wrong", &[]).bearer()).await).await;
    assert_limited(ask("Bearer").await).await;
    assert_eq!(ask(&right.bearer()).await.status(), 200);
}
