//! Faults over real connections, statistics, and shutdown.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use chrono::TimeDelta;
use quarry::simulator::{
    Collection, Fault, FaultPlan, FaultProfile, RetryAfter, SimulatorStats, UNSTEADY_REQUESTS, WrongBody,
};
use serde_json::{Value, json};

use super::client::{Upstream, ids, numbered, occurrences, seed_where};
use crate::support::wait::{ends, until};

/// A harsh upstream whose first page request meets this fault.
async fn harsh(wanted: impl Fn(Fault) -> bool) -> Upstream {
    let seed = seed_where(FaultProfile::Harsh, wanted);
    Upstream::start(numbered(250), FaultProfile::Harsh, seed).await
}

#[tokio::test]
async fn a_reset_sends_a_part_and_closes_the_connection() {
    let upstream = harsh(|fault| matches!(fault, Fault::Reset(_))).await;
    let mut response = upstream.get("/messages/").await;
    assert_eq!(response.status(), 200);
    let announced = response.content_length().unwrap();
    let mut received = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received += chunk.len() as u64,
            Ok(None) => panic!("the body ended as if it were whole"),
            Err(error) => break error,
        }
    };
    assert!(0 < received && received < announced, "{received} of {announced}: {error}");
    assert_eq!(upstream.stop().await.fault("reset in mid-body"), 1);
}

#[tokio::test]
async fn a_truncated_answer_is_whole_for_http_and_broken_for_json() {
    let upstream = harsh(|fault| matches!(fault, Fault::Truncated(_))).await;
    let response = upstream.get("/messages/").await;
    assert_eq!(response.status(), 200);
    let body = response.text().await.unwrap();
    assert!(body.starts_with("{\"total\":250,\"items\":["));
    assert!(serde_json::from_str::<Value>(&body).unwrap_err().is_eof());
    assert_eq!(upstream.stop().await.fault("truncated JSON"), 1);
}

#[tokio::test]
async fn wrong_bodies_come_with_status_200() {
    let bodies = [
        (Fault::EmptyBody, ""),
        (Fault::WrongBody(WrongBody::Null), "null"),
        (Fault::WrongBody(WrongBody::Detail), "{\"detail\":\"Something went wrong\"}"),
        (Fault::WrongBody(WrongBody::Html), "<!doctype html><title>Back soon</title>"),
        (Fault::EmptyItems, "{\"total\":250,\"items\":[]}"),
        (Fault::ErrorBesideItems, "{\"total\":250,\"items\":[],\"error\":\"upstream timeout\"}"),
    ];
    for (wanted, body) in bodies {
        let upstream = harsh(|fault| fault == wanted).await;
        let response = upstream.get("/messages/").await;
        assert_eq!(response.status(), 200, "{wanted:?}");
        assert_eq!(response.text().await.unwrap(), body);
        assert_eq!(upstream.stop().await.fault(wanted.name().unwrap()), 1);
    }
}

#[tokio::test]
async fn a_page_served_twice_is_an_earlier_one() {
    let upstream = harsh(|fault| matches!(fault, Fault::RepeatedPage(_))).await;
    let page = upstream.json("/messages/?skip=200&limit=100").await;
    let first = ids(&page["items"])[0];
    assert!(first == 0 || first == 100, "{first}");
    assert_eq!(ids(&page["items"]).len(), 100);
    assert_eq!(upstream.stop().await.fault("page served twice"), 1);

    let upstream = harsh(|fault| matches!(fault, Fault::RepeatedPage(_))).await;
    let page = upstream.json("/messages/").await;
    assert_eq!(ids(&page["items"]), (0..100).collect::<Vec<_>>(), "nothing is before the first page");
    assert_eq!(upstream.stop().await.fault("page served twice"), 0);
}

#[tokio::test]
async fn throttling_says_when_to_come_back_or_does_not() {
    for (wanted, header) in
        [(RetryAfter::Absent, None), (RetryAfter::Seconds(0), Some("0")), (RetryAfter::Seconds(2), Some("2"))]
    {
        let upstream = harsh(|fault| fault == Fault::Throttled(wanted)).await;
        let response = upstream.get("/messages/").await;
        assert_eq!(response.status(), 429);
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(retry_after, header);
        upstream.stop().await;
    }
    let upstream = harsh(|fault| matches!(fault, Fault::Throttled(RetryAfter::Date(_)))).await;
    let asked = chrono::Utc::now();
    let response = upstream.get("/messages/").await;
    let date = httpdate::parse_http_date(response.headers()["retry-after"].to_str().unwrap()).unwrap();
    let date: chrono::DateTime<chrono::Utc> = date.into();
    // Whole seconds, at most two after the response.
    let (earliest, latest) = (asked - TimeDelta::seconds(1), chrono::Utc::now() + TimeDelta::seconds(2));
    assert!((earliest..=latest).contains(&date), "{earliest} {date} {latest}");
    upstream.stop().await;
}

#[tokio::test]
async fn a_stall_outlasts_an_impatient_client_but_not_the_simulator() {
    let upstream = harsh(|fault| matches!(fault, Fault::Stalled(_))).await;
    give_up_stalled(&upstream, "/messages/").await;
    let stats = upstream.stop().await;
    assert_eq!((stats.requests, stats.fault("stall")), (1, 1));

    let upstream = harsh(|fault| matches!(fault, Fault::Stalled(_))).await;
    let patient = tokio::spawn(upstream.request("/messages/").send());
    until("a stall", async || (upstream.handle.stats().fault("stall") > 0).then_some(())).await;
    assert_eq!(ends("the simulator", upstream.stop()).await.statuses, [(503, 1)].into());
    assert_eq!(patient.await.unwrap().unwrap().status(), 503);
}

#[tokio::test]
async fn a_client_that_never_finishes_does_not_keep_the_simulator_from_stopping() {
    let upstream = Upstream::start(numbered(10), FaultProfile::None, 7).await;
    let mut idle = tokio::net::TcpStream::connect(upstream.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut idle, b"GET /messages/ HTTP/1.1\r\nHost: ").await.unwrap();
    assert_eq!(ends("the simulator", upstream.stop()).await.requests, 0);
}

/// The observations of a client over consecutive requests.
#[derive(Default)]
struct Seen {
    statuses: Vec<u16>,
    resets: u64,
    given_up: u64,
    totals: Vec<u64>,
    items: Vec<u64>,
}

/// Requests a page and disconnects when it stalls.
async fn give_up_stalled(upstream: &Upstream, path: &str) {
    let before = upstream.handle.stats();
    let asked = tokio::spawn(upstream.request(path).send());
    let stats = || upstream.handle.stats();
    until("a stall", async || (stats().fault("stall") > before.fault("stall")).then_some(())).await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled(), "it was answered");
    until("its end", async || (stats().unanswered > before.unanswered).then_some(())).await;
}

/// Requests pages of 25 repeatedly, with a short timeout for stalls.
async fn hammer(upstream: &Upstream, plan: FaultPlan, requests: RangeInclusive<u64>) -> Seen {
    let mut seen = Seen::default();
    for number in requests {
        let path = format!("/messages/?skip={}&limit=25", number % 10 * 25);
        if matches!(plan.fault(number), Fault::Stalled(_)) {
            give_up_stalled(upstream, &path).await;
            seen.given_up += 1;
            continue;
        }
        let response = upstream.request(&path).send().await.unwrap();
        seen.statuses.push(response.status().as_u16());
        let Ok(body) = response.bytes().await else {
            seen.resets += 1;
            continue;
        };
        if let Ok(page) = serde_json::from_slice::<Value>(&body)
            && page["items"].is_array()
        {
            seen.totals.push(page["total"].as_u64().unwrap());
            seen.items.extend(ids(&page["items"]));
        }
    }
    seen
}

#[tokio::test]
async fn what_is_counted_is_what_the_client_saw() {
    let plan = FaultPlan::new(FaultProfile::Harsh, 11, "messages");
    let upstream = Upstream::start(numbered(250), FaultProfile::Harsh, 11).await;
    let seen = hammer(&upstream, plan, 1..=400).await;
    let stats = upstream.stop().await;
    assert_eq!(stats.requests, 400);
    assert_eq!(stats.statuses, occurrences(seen.statuses));
    assert_eq!(stats.fault("reset in mid-body"), seen.resets);
    assert_eq!((stats.fault("stall"), stats.unanswered), (seen.given_up, seen.given_up));
    let items = stats.collections["messages"];
    assert!(!seen.items.is_empty());
    assert_eq!(items.items, seen.items.len() as u64);
    assert_eq!(items.distinct, seen.items.into_iter().collect::<BTreeSet<_>>().len() as u64);
    for lie in ["moved total", "item moved to the head", "page served twice", "empty items"] {
        assert!(stats.fault(lie) > 0, "{lie} was not met: {stats}");
    }
}

#[tokio::test]
async fn a_harsh_collection_ends_complete() {
    let plan = FaultPlan::new(FaultProfile::Harsh, 3, "messages");
    let upstream = Upstream::start(numbered(250), FaultProfile::Harsh, 3).await;
    let unsteady = hammer(&upstream, plan, 1..=UNSTEADY_REQUESTS).await;
    assert!(unsteady.totals.iter().any(|total| *total != 250));
    let steady = hammer(&upstream, plan, UNSTEADY_REQUESTS + 1..=UNSTEADY_REQUESTS + 60).await;
    assert!(steady.totals.iter().all(|total| *total == 250), "{:?}", steady.totals);
    assert_eq!(steady.items.into_iter().collect::<BTreeSet<_>>(), (0..250).collect());
    upstream.stop().await;
}

#[tokio::test]
async fn a_collection_can_be_replaced_while_it_is_served() {
    let upstream = Upstream::start(numbered(10), FaultProfile::None, 7).await;
    upstream.handle.replace(&numbered(10).truncated(5)).unwrap();
    let page = upstream.json("/messages/").await;
    assert_eq!((&page["total"], ids(&page["items"])), (&json!(5), vec![0, 1, 2, 3, 4]));
    upstream.handle.replace(&Collection::from_values("messages", [json!({ "id": 99 })]).unwrap()).unwrap();
    assert_eq!(ids(&upstream.json("/messages/").await["items"]), [99]);
    let unknown = Collection::from_values("products", [json!({ "id": 1 })]).unwrap();
    assert!(upstream.handle.replace(&unknown).is_err());
    let items = upstream.stop().await.collections["messages"];
    assert_eq!((items.items, items.distinct, items.size), (6, 6, 1));
}

#[test]
fn the_count_prints_as_a_table() {
    let mut stats = SimulatorStats { requests: 12_345, unanswered: 3, ..SimulatorStats::default() };
    stats.statuses.extend([(200, 12_000), (307, 1), (429, 341)]);
    stats.faults.extend([("stall", 3), ("throttled with seconds", 341)]);
    let items = quarry::simulator::CollectionStats { items: 1_200_000, distinct: 3_349, size: 3_349 };
    stats.collections.insert("messages".to_owned(), items);
    let expected = "\
requests                                12,345
  200                                   12,000
  307                                        1
  429                                      341
  no answer                                  3
faults                                     344
  stall                                      3
  throttled with seconds                   341
items
  messages         1,200,000 served, 3,349 distinct of 3,349";
    assert_eq!(stats.to_string(), expected);
}
