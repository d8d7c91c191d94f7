//! Cache-aside where all is well: what is computed, by whom, and how often.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use quarry::cache::CacheStatus::{Bypass, Hit, Miss};
use quarry::cache::{CacheAside, CacheClient, CacheLimits, CacheStatus};
use tokio::sync::{Barrier, Semaphore};

use super::caches::{TestCache, on_each_cache};
use super::server::{KIND, Refusal, Server, TTL, at, check, pass};
use crate::support::wait::until;

on_each_cache!(
    computed_once_then_from_the_cache_until_the_time_is_up,
    entries_end_at_their_own_times,
    empty_answers_are_kept,
    refreshing_computes_and_keeps,
    a_refresh_joins_no_computation_that_is_under_way,
    nothing_is_kept_where_the_cache_is_off,
    a_thousand_callers_are_one_computation,
    a_caller_that_goes_away_takes_nothing_from_the_others,
    a_computation_that_panics_is_no_end,
    servers_compute_once,
    what_is_too_large_is_computed_each_time,
    what_was_asked_before_a_clearing_is_not_answered_after_it,
    what_is_damaged_is_computed_again,
);

async fn computed_once_then_from_the_cache_until_the_time_is_up(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = Server::new("a", cache.share());
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    for seconds in [0, 1, 269] {
        check(&server.ask("q", at(seconds)).await, "a 1", Hit);
    }
    check(&server.ask("another", at(0)).await, "a 2", Miss);
    check(&server.ask("q", at(300)).await, "a 3", Miss);
    check(&server.ask("q", at(301)).await, "a 3", Hit);
    // A clock that was set back by hours does not make it fresh for hours.
    check(&server.ask("q", at(-7_200)).await, "a 4", Miss);
    let other = Server::new("b", cache.share_other());
    check(&other.ask("q", at(-7_199)).await, "a 4", Hit);
    assert_eq!((server.computed(), other.computed()), (4, 0));
}

async fn entries_end_at_their_own_times(open: impl Fn(CacheLimits) -> TestCache) {
    let server = Server::new("a", open(CacheLimits::default()).share());
    let mut outcomes = Vec::new();
    for question in 0..100 {
        server.ask(&question.to_string(), at(0)).await;
    }
    for question in 0..100 {
        outcomes.push(server.ask(&question.to_string(), at(285)).await.status);
    }
    assert!(outcomes.contains(&Hit) && outcomes.contains(&Miss), "{outcomes:?}");
}

async fn empty_answers_are_kept(open: impl Fn(CacheLimits) -> TestCache) {
    let answers = CacheClient::new(open(CacheLimits::default()).share(), TTL);
    let aside = CacheAside::<Vec<String>, Refusal>::new(answers, KIND);
    for outcome in [Miss, Hit, Hit] {
        let response = aside.get_or_compute("q", at(0), false, || async { Ok(Vec::new()) }).await.unwrap();
        assert_eq!((response.value, response.status), (Vec::new(), outcome));
    }
}

async fn what_is_too_large_is_computed_each_time(open: impl Fn(CacheLimits) -> TestCache) {
    let server = Server::new("a", open(CacheLimits { value_bytes: 4, ..CacheLimits::default() }).share());
    for answer in ["a 1", "a 2"] {
        let response = server.ask("q", at(0)).await;
        check(&response, answer, Bypass);
        assert_eq!(response.warning, None);
    }
}

async fn refreshing_computes_and_keeps(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = Server::new("a", cache.share());
    check(&server.refresh("q", at(0)).await, "a 1", Bypass);
    check(&server.ask("q", at(1)).await, "a 1", Hit);
    let response = server.refresh("q", at(100)).await;
    check(&response, "a 2", Bypass);
    assert_eq!(response.warning, None);
    check(&Server::new("b", cache.share_other()).ask("q", at(310)).await, "a 2", Hit);
}

async fn a_refresh_joins_no_computation_that_is_under_way(open: impl Fn(CacheLimits) -> TestCache) {
    let server = Server::new("a", open(CacheLimits::default()).share());
    let gate = Arc::new(Semaphore::new(0));
    let slow = tokio::spawn({
        let (server, gate) = (server.clone(), gate.clone());
        async move { server.try_ask("q", at(0), false, pass(gate)).await.unwrap() }
    });
    until("the first computation", async || (server.computed() == 1).then_some(())).await;
    check(&server.refresh("q", at(0)).await, "a 2", Bypass);
    gate.add_permits(1);
    check(&slow.await.unwrap(), "a 1", Miss);
}

async fn nothing_is_kept_where_the_cache_is_off(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = Server::with_ttl("a", cache.share(), Duration::ZERO);
    for answer in ["a 1", "a 2"] {
        let response = server.ask("q", at(0)).await;
        check(&response, answer, Bypass);
        assert_eq!(response.warning, None);
    }
    assert_eq!(server.ask_in_vain("q", at(0), Refusal::Away).await, Err(Refusal::Away));
    assert_eq!(cache.value(&format!("{KIND}:q")).await, None);
}

async fn a_thousand_callers_are_one_computation(open: impl Fn(CacheLimits) -> TestCache) {
    const CALLERS: usize = 1_000;
    let server = Server::new("a", open(CacheLimits::default()).share());
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    let gate = Arc::new(Semaphore::new(0));
    // They all look at once, and find that the time is up.
    let start = Arc::new(Barrier::new(CALLERS));
    let calls = (0..CALLERS).map(|_| {
        let (server, gate, start) = (server.clone(), gate.clone(), start.clone());
        tokio::spawn(async move {
            start.wait().await;
            server.try_ask("q", at(300), false, pass(gate)).await.unwrap()
        })
    });
    let calls: Vec<_> = calls.collect();
    until("the computation", async || (server.computed() == 2).then_some(())).await;
    gate.add_permits(CALLERS);
    let responses: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert!(responses.iter().all(|response| response.value == "a 2"));
    assert_eq!(
        count(&responses.iter().map(|response| response.status).collect::<Vec<_>>()),
        (1, CALLERS - 1)
    );
    assert_eq!(server.computed(), 2);
}

async fn a_caller_that_goes_away_takes_nothing_from_the_others(open: impl Fn(CacheLimits) -> TestCache) {
    let server = Server::new("a", open(CacheLimits::default()).share());
    let gate = Arc::new(Semaphore::new(0));
    let ask = || {
        let (server, gate) = (server.clone(), gate.clone());
        tokio::spawn(async move { server.try_ask("q", at(0), false, pass(gate)).await.unwrap() })
    };
    let first = ask();
    until("its computation", async || (server.computed() == 1).then_some(())).await;
    let second = ask();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    check(&second.await.unwrap(), "a 1", Hit);
    // No caller waits for this one at all. It is another question: the second caller may have found its
    // answer in the cache before the first computation had given its lock back, and a call for the same
    // question joins that computation until then.
    let third = tokio::spawn({
        let (server, gate) = (server.clone(), gate.clone());
        async move { server.try_ask("another", at(0), false, pass(gate)).await }
    });
    until("its computation", async || (server.computed() == 2).then_some(())).await;
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    let in_vain = async || server.ask_in_vain("another", at(1), Refusal::Away).await.ok();
    check(&until("its answer", in_vain).await, "a 2", Hit);
}

async fn a_computation_that_panics_is_no_end(open: impl Fn(CacheLimits) -> TestCache) {
    let server = Server::new("a", open(CacheLimits::default()).share());
    let failing = tokio::spawn({
        let server = server.clone();
        async move { server.try_ask("q", at(0), false, async { panic!("a defect") }).await }
    });
    assert!(failing.await.unwrap_err().is_panic());
    check(&server.ask("q", at(0)).await, "a 2", Miss);
}

async fn servers_compute_once(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let servers = [Server::new("a", cache.share()), Server::new("a", cache.share_other())];
    for round in 0..5 {
        let calls = (0..100).map(|number| {
            let server = servers[number % 2].clone();
            tokio::spawn(async move {
                let work = async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Ok(())
                };
                server.try_ask("q", at(300 * round), false, work).await.unwrap()
            })
        });
        let responses: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let outcomes: Vec<_> = responses.iter().map(|response| response.status).collect();
        assert_eq!(count(&outcomes), (1, 99), "round {round}");
        let first = &responses[0].value;
        assert!(responses.iter().all(|response| response.value == *first));
    }
    assert_eq!(servers[0].computed() + servers[1].computed(), 5);
}

async fn what_was_asked_before_a_clearing_is_not_answered_after_it(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = Server::new("a", cache.share());
    let other = Server::new("b", cache.share_other());
    for clearing in [&server, &other] {
        let computed = server.computed();
        let gate = Arc::new(Semaphore::new(0));
        let old = tokio::spawn({
            let (server, gate) = (server.clone(), gate.clone());
            async move { server.try_ask("q", at(0), false, pass(gate)).await.unwrap() }
        });
        until("its computation", async || (server.computed() > computed).then_some(())).await;
        clearing.answers.clear().await.unwrap();
        // It neither joins the old computation nor waits for it.
        let new = server.ask("q", at(1)).await;
        check(&new, &format!("a {}", computed + 2), Miss);
        gate.add_permits(1);
        // It is not kept.
        check(&old.await.unwrap(), &format!("a {}", computed + 1), Bypass);
        check(&server.ask("q", at(2)).await, &new.value, Hit);
        check(&other.ask("q", at(2)).await, &new.value, Hit);
        clearing.answers.clear().await.unwrap();
        assert_eq!(server.ask_in_vain("q", at(3), Refusal::Away).await, Err(Refusal::Away));
        assert_eq!(other.ask_in_vain("q", at(3), Refusal::Away).await, Err(Refusal::Away));
    }
}

async fn what_is_damaged_is_computed_again(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = Server::new("a", cache.share());
    let key = format!("{KIND}:q");
    server.ask("q", at(0)).await;
    let good = cache.value(&key).await.unwrap();
    let mut flipped = good.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let of_another_version = [&[99], &good[1..]].concat();
    for (round, bad) in
        [b"".to_vec(), b"nonsense".to_vec(), flipped, of_another_version].into_iter().enumerate()
    {
        cache.put_now(&key, bad).await;
        let answer = format!("a {}", round + 2);
        check(&server.ask("q", at(1)).await, &answer, Miss);
        check(&server.ask("q", at(1)).await, &answer, Hit);
    }
}

/// How many missed and how many hit, if these are all.
fn count(outcomes: &[CacheStatus]) -> (usize, usize) {
    let of = |wanted: CacheStatus| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let (misses, hits) = (of(Miss), of(Hit));
    assert_eq!(misses + hits, outcomes.len(), "{outcomes:?}");
    (misses, hits)
}
