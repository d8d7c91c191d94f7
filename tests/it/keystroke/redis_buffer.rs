//! What only the buffer in Redis promises: many servers, and a Redis that goes and comes back.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarry::domain::Searcher;
use quarry::keystroke::{
    Appended, BufferError, BufferLimits, FlushTally, KeystrokeBuffer, RedisBuffer, Wanted,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::buffers::{by, entered, in_box, ms, numbered, roomy, stroke, texts};
use crate::support::redis::{OwnRedis, command, delete_keys, keys, shared_url};
use crate::support::wait::{TEST_TIMEOUT, until};

/// The contract: people know within this time that a keystroke was not taken.
const SOON: Duration = ms(300);
/// The same of anything else, in the background.
const LATER: Duration = Duration::from_secs(5);

/// A buffer that waits for Redis as long as a server's does.
fn open(redis: &OwnRedis) -> Arc<RedisBuffer> {
    Arc::new(RedisBuffer::open(&redis.url(), "quarry", roomy()).unwrap())
}

/// A buffer with time for a machine that is busy.
fn patient(url: &str, prefix: &str, limits: BufferLimits) -> RedisBuffer {
    RedisBuffer::with_patience(url, prefix, limits, TEST_TIMEOUT).unwrap()
}

/// Times a call by the paused clock of the runtime.
///
/// It advances by what the call waits for, and not by what the machine takes.
async fn timed<T>(call: impl Future<Output = T>) -> (Duration, T) {
    tokio::time::pause();
    let begun = Instant::now();
    let outcome = call.await;
    let took = begun.elapsed();
    tokio::time::resume();
    (took, outcome)
}

/// Appends by many tasks at once, each of which fails soon.
async fn fails_soon(buffer: &Arc<RedisBuffer>) {
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let buffer = buffer.clone();
        calls.spawn(async move { buffer.append(&[stroke(&format!("lost {number}"), "x")]).await });
    }
    let (took, outcomes) = timed(calls.join_all()).await;
    assert!(took <= SOON, "appends failed after {took:?}");
    for appended in outcomes {
        assert!(matches!(appended, Err(BufferError::Unavailable(_))), "{appended:?}");
    }
}

/// Appends until it succeeds.
async fn is_well_again(buffer: &RedisBuffer, session: &str) {
    until("an append that succeeds", async || {
        buffer
            .append(&[stroke(session, "well")])
            .await
            .ok()
            .map(|appended| assert_eq!(appended, [Appended::Accepted]))
    })
    .await;
}

#[tokio::test]
async fn a_buffer_opens_before_redis_runs() {
    let mut redis = OwnRedis::unstarted();
    let buffer = open(&redis);
    for _ in 0..3 {
        fails_soon(&buffer).await;
    }
    let (took, claimed) = timed(buffer.claim(Wanted::Due, 10)).await;
    assert!(
        matches!(claimed, Err(BufferError::Unavailable(_))) && took <= LATER,
        "{claimed:?} after {took:?}"
    );
    assert!(matches!(buffer.health().await, Err(BufferError::Unavailable(_))));
    redis.resume();
    is_well_again(&buffer, "s").await;
    // Its other connection was refused a moment ago.
    let runs = until("a claim", async || buffer.claim(Wanted::All, 10).await.ok()).await;
    assert_eq!(runs.len(), 1);
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let mut redis = OwnRedis::start();
    let (hasty, buffer) = (open(&redis), patient(&redis.url(), "quarry", roomy()));
    let typed = [entered(numbered(5, stroke("claimed", "bus"))), by("ann", stroke("open", "c"))];
    assert_eq!(buffer.append(&typed).await.unwrap(), [Appended::Accepted; 2]);
    let claimed = buffer.claim(Wanted::Due, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    is_well_again(&hasty, "open").await;
    for round in 1..=3 {
        if round < 3 {
            redis.stop()
        } else {
            redis.kill()
        }
        fails_soon(&hasty).await;
        redis.resume();
        is_well_again(&hasty, "open").await;
        let health = buffer.health().await.unwrap();
        assert_eq!((health.runs, health.claimed), (2, 1));
        assert!(health.keystrokes >= 2 + round, "{health:?}");
        let late = buffer.append(&[numbered(5, stroke("claimed", "late"))]).await.unwrap();
        assert_eq!(late, [Appended::Late]);
    }
    let rest = buffer.claim(Wanted::All, 10).await.unwrap();
    let rest_texts = texts(&rest[0]);
    assert!(rest_texts.starts_with(&["c", "well", "well", "well"]), "{rest_texts:?}");
    let ids = [claimed[0].id.clone(), rest[0].id.clone()];
    buffer.ack(&ids, FlushTally::default()).await.unwrap();
    assert_eq!(buffer.health().await.unwrap().keystrokes, 0);
}

#[tokio::test]
async fn a_stalled_redis_holds_nothing_up() {
    let redis = OwnRedis::start();
    let buffer = open(&redis);
    is_well_again(&buffer, "s").await;
    redis.pause();
    for _ in 0..3 {
        fails_soon(&buffer).await;
    }
    let (took, claimed) = timed(buffer.claim(Wanted::Due, 10)).await;
    assert!(
        matches!(claimed, Err(BufferError::Unavailable(_))) && took <= LATER,
        "{claimed:?} after {took:?}"
    );
    fails_soon(&buffer).await;
    redis.unpause();
    is_well_again(&buffer, "s").await;
    let runs = until("a claim", async || buffer.claim(Wanted::All, 1_000).await.ok()).await;
    let run = runs.iter().find(|run| run.session.as_str() == "s").unwrap();
    // What timed out may have been taken all the same.
    assert!(run.keystrokes.len() >= 2 && texts(run).iter().all(|text| *text == "well"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_scripts_are_sent_again() {
    let redis = OwnRedis::start();
    let buffer = patient(&redis.url(), "quarry", roomy());
    let delete_keys = || command::<()>(&redis.url(), &["SCRIPT", "FLUSH"]);
    for round in 0..2_u64 {
        let batch: Vec<_> =
            (0..50).map(|number| entered(stroke(&format!("session {number}"), &round.to_string()))).collect();
        delete_keys();
        assert_eq!(buffer.append(&batch).await.unwrap(), [Appended::Accepted; 50]);
        delete_keys();
        let runs = buffer.claim(Wanted::Due, 100).await.unwrap();
        assert_eq!(runs.len(), 50);
        delete_keys();
        let ids: Vec<_> = runs.into_iter().map(|run| run.id).collect();
        buffer.ack(&ids, FlushTally { searches: 50, ..FlushTally::default() }).await.unwrap();
        delete_keys();
        let searcher = Searcher::Session(stroke("session 1", "").session);
        assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, 0);
        delete_keys();
        let health = buffer.health().await.unwrap();
        assert_eq!(
            (health.accepted, health.keystrokes, health.searches),
            (50 * (round + 1), 0, 50 * (round + 1))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_know_of_each_others_submissions() {
    let redis = OwnRedis::start();
    let servers = [1, 2].map(|_| patient(&redis.url(), "quarry", roomy()));
    let append = async |server: usize, keystroke| {
        command::<()>(&redis.url(), &["SCRIPT", "FLUSH"]);
        assert_eq!(servers[server].append(&[keystroke]).await.unwrap(), [Appended::Accepted]);
    };
    append(0, entered(stroke("s", "bus"))).await;
    append(1, stroke("s", "BUS")).await;
    append(0, stroke("s", "c")).await;
    append(1, entered(stroke("s", "cat"))).await;
    let runs = servers[1].claim(Wanted::Due, 10).await.unwrap();
    assert_eq!(runs.iter().map(texts).collect::<Vec<_>>(), [["bus", "BUS"], ["c", "cat"]]);
    append(0, stroke("s", " cat")).await;
    append(1, stroke("s", "cat ")).await;
    let health = servers[0].health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes, health.accepted), (2, 4, 6));
    append(0, stroke("s", "d")).await;
    append(1, stroke("s", "cat")).await;
    let rest = servers[0].claim(Wanted::All, 10).await.unwrap();
    assert_eq!(rest.iter().map(texts).collect::<Vec<_>>(), [["d", "cat"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_one_buffer() {
    let redis = OwnRedis::start();
    let limits = BufferLimits { lease: ms(50), flood_keystrokes: 3, ..roomy() };
    let servers = [1, 2].map(|_| patient(&redis.url(), "quarry", limits));
    servers[0].append(&[stroke("s", "b")]).await.unwrap();
    servers[1].append(&[entered(stroke("s", "bu"))]).await.unwrap();
    let first = servers[0].claim(Wanted::Due, 10).await.unwrap();
    assert_eq!(texts(&first[0]), ["b", "bu"]);
    let second = until("the end of the lease", async || {
        let runs = servers[1].claim(Wanted::Due, 10).await.unwrap();
        (!runs.is_empty()).then_some(runs)
    })
    .await;
    assert_eq!(first, second);
    // Both stored it; who acks second changes nothing, and counts nothing twice.
    let tally = FlushTally { searches: 1, ..FlushTally::default() };
    for server in &servers {
        server.ack(&[first[0].id.clone()], tally).await.unwrap();
        assert_eq!(server.health().await.unwrap().searches, 1);
    }
    let batch = [stroke("s", "c"), stroke("s", "ca")];
    assert_eq!(servers[0].append(&batch).await.unwrap(), [Appended::Accepted, Appended::Flooded]);
    assert_eq!(servers[1].append(&batch).await.unwrap(), [Appended::Flooded; 2]);
    // Another prefix is another buffer.
    let other = patient(&redis.url(), "quarry-2", limits);
    let unused = other.health().await.unwrap();
    assert_eq!((unused.runs, unused.accepted, unused.searches), (0, 0, 0));
}

#[tokio::test]
async fn all_keys_of_a_script_have_one_tag_and_no_run_expires() {
    let prefix = format!("test-{}", uuid::Uuid::new_v4().simple());
    let url = shared_url();
    let buffer = patient(&url, &prefix, roomy());
    let keystroke =
        |number: i64| by("canary", numbered(number, stroke(&format!("canary {number}"), "canary")));
    let batch: Vec<_> = (0..40).map(|number| in_box("canary", keystroke(number))).collect();
    buffer.append(&batch).await.unwrap();
    buffer.claim(Wanted::All, 20).await.unwrap();
    let submitted = |text| entered(by("canary", stroke("canary", text)));
    buffer.append(&[submitted("canary"), submitted("canary 2")]).await.unwrap();
    let found = keys(&url, &prefix);
    let mut kinds = Vec::new();
    for key in &found {
        let key = String::from_utf8(key.clone()).unwrap();
        let (tag, name) = key.strip_prefix(&format!("{prefix}:{{ks-")).unwrap().split_once("}:").unwrap();
        assert!(tag.len() == 2 && tag.parse::<u8>().unwrap() < 16, "{key}");
        assert!(!name.contains("canary"), "{key}");
        let kind = name.split(':').next().unwrap().to_owned();
        let lives: i64 = command(&url, &["PTTL", &key]);
        assert_eq!(lives == -1, !["l", "f", "s"].contains(&kind.as_str()), "{key} lives for {lives} ms");
        if kind == "s" {
            let value: Vec<u8> = command(&url, &["GET", &key]);
            assert!(!String::from_utf8_lossy(&value).contains("canary"));
        }
        kinds.push(kind);
    }
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    assert_eq!(["r", "c", "l", "f", "s"].map(count), [22, 20, 20, 41, 1]);
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["c", "claims", "counts", "due", "f", "l", "r", "s"]);
    delete_keys(&url, &prefix);
}

#[tokio::test]
async fn what_is_not_a_run_keeps_no_other_from_being_claimed() {
    let prefix = format!("test-{}", uuid::Uuid::new_v4().simple());
    let url = shared_url();
    let buffer = patient(&url, &prefix, roomy());
    for session in ["a", "b", "c"] {
        buffer.append(&[entered(stroke(session, "x"))]).await.unwrap();
    }
    let runs = keys(&url, &prefix).into_iter().map(|key| String::from_utf8(key).unwrap());
    let runs: Vec<String> = runs.filter(|key| key.contains("}:r:")).collect();
    command::<i64>(&url, &["SETRANGE", &runs[0], "0", "?"]);
    assert_eq!(buffer.claim(Wanted::Due, 10).await.unwrap().len(), 2);
    // A key of another type is a defect, not an outage.
    for key in keys(&url, &prefix).into_iter().filter(|key| key.ends_with(b"}:due")) {
        let key = String::from_utf8(key).unwrap();
        command::<()>(&url, &["SET", &key, "foreign"]);
    }
    for session in ["a", "b", "c"] {
        let appended = buffer.append(&[stroke(session, "x")]).await;
        assert!(matches!(appended, Ok(_) | Err(BufferError::Damaged(_))), "{appended:?}");
    }
    assert!(matches!(buffer.claim(Wanted::Due, 10).await, Ok(_) | Err(BufferError::Damaged(_))));
    delete_keys(&url, &prefix);
}

/// What is logged, kept for the test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_redis_that_keeps_nothing_is_warned_of() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let logged = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let redis = OwnRedis::start();
    let buffer = patient(&redis.url(), "quarry", roomy());
    buffer.claim(Wanted::Due, 10).await.unwrap();
    assert_eq!(logged(), "");
    let buffer = patient(&shared_url(), "test-durability", roomy());
    for _ in 0..2 {
        buffer.claim(Wanted::Due, 10).await.unwrap();
        assert_eq!(logged().matches("redis.appendonly=\"no\"").count(), 1, "{}", logged());
    }
    assert!(!logged().contains("127.0.0.1"));
}

#[tokio::test]
async fn no_error_names_a_password() {
    let limits = BufferLimits::default();
    for url in
        ["nonsense", "redis://:secret@ho st/", "http://ann:secret@host/", "redis://ann:secret@host:port/"]
    {
        let error = RedisBuffer::open(url, "quarry", limits).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    assert!(RedisBuffer::open("redis://localhost/", "qua{rry}", limits).is_err());
    assert!(RedisBuffer::open("rediss://localhost/", "quarry", limits).is_ok(), "TLS is spoken as well");
    let redis = OwnRedis::start();
    let url = redis.url().replace("redis://", "redis://ann:secret@");
    for url in [url.as_str(), "redis://ann:secret@127.0.0.1:1/"] {
        let buffer = RedisBuffer::open(url, "quarry", limits).unwrap();
        let error = buffer.append(&[stroke("s", "canary")]).await.unwrap_err();
        assert!(matches!(error, BufferError::Unavailable(_)), "{error:?}");
        for told in ["secret", "ann", "127", "canary"] {
            assert!(!format!("{error} {error:?}").contains(told), "{error:?}");
        }
    }
}
