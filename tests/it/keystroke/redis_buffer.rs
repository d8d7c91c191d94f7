//! The buffer in Redis: several servers, outages and restarts of Redis.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarry::domain::Searcher;
use quarry::keystroke::{
    AppendOutcome, BufferError, BufferLimits, ClaimScope, FlushCounts, KeystrokeBuffer, RedisBuffer,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::buffers::{by, in_box, ms, sequenced, settled, stroke, submitted, texts, unlimited};
use crate::support::redis::{OwnRedis, command, delete_keys, keys, shared_url};
use crate::support::wait::{TEST_TIMEOUT, until};

/// The documented maximum duration of a failing append.
const MAX_APPEND: Duration = ms(300);
/// The maximum duration of any other failing call.
const MAX_CALL: Duration = Duration::from_secs(5);

/// Opens a buffer with the timeouts of a server.
fn open(redis: &OwnRedis) -> Arc<RedisBuffer> {
    Arc::new(RedisBuffer::open(&redis.url(), "quarry", unlimited()).unwrap())
}

/// Opens a buffer with long timeouts for a busy machine.
fn open_unhurried(url: &str, prefix: &str, limits: BufferLimits) -> RedisBuffer {
    RedisBuffer::with_timeout(url, prefix, limits, TEST_TIMEOUT).unwrap()
}

/// Times a call by the paused clock of the runtime.
///
/// The clock advances by timeouts of the call, not by the speed of the machine.
async fn timed<T>(call: impl Future<Output = T>) -> (Duration, T) {
    tokio::time::pause();
    let begun = Instant::now();
    let outcome = call.await;
    let took = begun.elapsed();
    tokio::time::resume();
    (took, outcome)
}

/// Appends from many tasks, and verifies that each fails within the maximum duration.
async fn appends_fail_soon(buffer: &Arc<RedisBuffer>) {
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let buffer = buffer.clone();
        calls.spawn(async move { buffer.append(&[stroke(&format!("lost {number}"), "x")]).await });
    }
    let (took, outcomes) = timed(calls.join_all()).await;
    assert!(took <= MAX_APPEND, "appends failed after {took:?}");
    for appended in outcomes {
        assert!(matches!(appended, Err(BufferError::Unavailable(_))), "{appended:?}");
    }
}

/// Appends until it succeeds.
async fn append_until_accepted(buffer: &RedisBuffer, session: &str) {
    until("an append that succeeds", async || {
        buffer
            .append(&[stroke(session, "well")])
            .await
            .ok()
            .map(|appended| assert_eq!(appended, [AppendOutcome::Accepted]))
    })
    .await;
}

#[tokio::test]
async fn a_buffer_opens_before_redis_starts() {
    let mut redis = OwnRedis::unstarted();
    let buffer = open(&redis);
    for _ in 0..3 {
        appends_fail_soon(&buffer).await;
    }
    let (took, claimed) = timed(buffer.claim(ClaimScope::Due, 10)).await;
    assert!(
        matches!(claimed, Err(BufferError::Unavailable(_))) && took <= MAX_CALL,
        "{claimed:?} after {took:?}"
    );
    assert!(matches!(buffer.health().await, Err(BufferError::Unavailable(_))));
    redis.resume();
    append_until_accepted(&buffer, "s").await;
    // The connection for flushing may still back off.
    let runs = until("a claim", async || buffer.claim(ClaimScope::All, 10).await.ok()).await;
    assert_eq!(runs.len(), 1);
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let mut redis = OwnRedis::start();
    let (hasty, buffer) = (open(&redis), open_unhurried(&redis.url(), "quarry", unlimited()));
    let typed = [
        sequenced(4, stroke("claimed", "bu")),
        submitted(sequenced(5, stroke("claimed", "bus"))),
        by("ann", stroke("open", "c")),
    ];
    assert_eq!(buffer.append(&typed).await.unwrap(), [AppendOutcome::Accepted; 3]);
    let claimed = buffer.claim(ClaimScope::Due, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    append_until_accepted(&hasty, "open").await;
    for round in 1..=3 {
        if round < 3 {
            redis.stop()
        } else {
            redis.kill()
        }
        appends_fail_soon(&hasty).await;
        redis.resume();
        append_until_accepted(&hasty, "open").await;
        let health = buffer.health().await.unwrap();
        assert_eq!((health.runs, health.claimed), (2, 1));
        assert!(health.keystrokes >= 3 + round, "{health:?}");
        let late = buffer.append(&[sequenced(5, stroke("claimed", "late"))]).await.unwrap();
        assert_eq!(late, [AppendOutcome::Late]);
    }
    let rest = buffer.claim(ClaimScope::All, 10).await.unwrap();
    let rest_texts = texts(&rest[0]);
    assert!(rest_texts.starts_with(&["c", "well", "well", "well"]), "{rest_texts:?}");
    buffer.ack(&settled(&[claimed, rest].concat()), FlushCounts::default()).await.unwrap();
    assert_eq!(buffer.health().await.unwrap().keystrokes, 0);
}

#[tokio::test]
async fn a_stalled_redis_delays_no_call() {
    let redis = OwnRedis::start();
    let buffer = open(&redis);
    append_until_accepted(&buffer, "s").await;
    redis.pause();
    for _ in 0..3 {
        appends_fail_soon(&buffer).await;
    }
    let (took, claimed) = timed(buffer.claim(ClaimScope::Due, 10)).await;
    assert!(
        matches!(claimed, Err(BufferError::Unavailable(_))) && took <= MAX_CALL,
        "{claimed:?} after {took:?}"
    );
    appends_fail_soon(&buffer).await;
    redis.unpause();
    append_until_accepted(&buffer, "s").await;
    let runs = until("a claim", async || buffer.claim(ClaimScope::All, 1_000).await.ok()).await;
    let run = runs.iter().find(|run| run.session.as_str() == "s").unwrap();
    // A call that timed out may have had its effect.
    assert!(run.keystrokes.len() >= 2 && texts(run).iter().all(|text| *text == "well"), "{run:?}");
}

#[tokio::test]
async fn appends_at_one_time_share_calls() {
    let redis = OwnRedis::start();
    let buffer = Arc::new(open_unhurried(&redis.url(), "quarry", unlimited()));
    buffer.append(&[stroke("warm", "up")]).await.unwrap();
    let calls = || {
        let stats: String = command(&redis.url(), &["INFO", "commandstats"]);
        let line =
            stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap().to_owned();
        line.split(',').next().unwrap().parse::<u64>().unwrap()
    };
    let before = calls();
    let mut appends = JoinSet::new();
    for number in 0..100 {
        let buffer = buffer.clone();
        appends.spawn(async move {
            let keystrokes = [stroke(&format!("session {number}"), "a"), stroke("shared", "b")];
            buffer.append(&keystrokes[..1 + number % 2]).await.unwrap()
        });
    }
    assert_eq!(appends.join_all().await.concat(), [AppendOutcome::Accepted; 150]);
    // One for each shard, if all were there in time.
    assert!(calls() - before < 50);
    let runs = buffer.claim(ClaimScope::All, 1_000).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.keystrokes.len()).sum::<usize>(), 151);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushed_scripts_are_loaded_again() {
    let redis = OwnRedis::start();
    let buffer = open_unhurried(&redis.url(), "quarry", unlimited());
    let flush_scripts = || command::<()>(&redis.url(), &["SCRIPT", "FLUSH"]);
    for round in 0..2_u64 {
        let batch: Vec<_> = (0..50)
            .map(|number| submitted(stroke(&format!("session {number}"), &round.to_string())))
            .collect();
        flush_scripts();
        assert_eq!(buffer.append(&batch).await.unwrap(), [AppendOutcome::Accepted; 50]);
        flush_scripts();
        let runs = buffer.claim(ClaimScope::Due, 100).await.unwrap();
        assert_eq!(runs.len(), 50);
        flush_scripts();
        buffer.ack(&settled(&runs), FlushCounts { searches: 50, ..FlushCounts::default() }).await.unwrap();
        flush_scripts();
        let searcher = Searcher::Session(stroke("session 1", "").session);
        assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, 0);
        flush_scripts();
        let health = buffer.health().await.unwrap();
        assert_eq!(
            (health.accepted, health.keystrokes, health.searches),
            (50 * (round + 1), 0, 50 * (round + 1))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_submissions() {
    let redis = OwnRedis::start();
    let servers = [1, 2].map(|_| open_unhurried(&redis.url(), "quarry", unlimited()));
    let append = async |server: usize, keystroke| {
        command::<()>(&redis.url(), &["SCRIPT", "FLUSH"]);
        assert_eq!(servers[server].append(&[keystroke]).await.unwrap(), [AppendOutcome::Accepted]);
    };
    append(0, submitted(stroke("s", "bus"))).await;
    append(1, stroke("s", "BUS")).await;
    append(0, stroke("s", "c")).await;
    append(1, submitted(stroke("s", "cat"))).await;
    let first = servers[1].claim(ClaimScope::Due, 10).await.unwrap();
    assert_eq!(first.iter().map(texts).collect::<Vec<_>>(), [["bus", "BUS"]]);
    assert!(servers[0].claim(ClaimScope::All, 10).await.unwrap().is_empty(), "another server waits, too");
    servers[0].ack(&settled(&first), FlushCounts::default()).await.unwrap();
    let second = servers[0].claim(ClaimScope::Due, 10).await.unwrap();
    assert_eq!(second.iter().map(texts).collect::<Vec<_>>(), [["c", "cat"]]);
    append(0, stroke("s", " cat")).await;
    append(1, stroke("s", "cat ")).await;
    let health = servers[0].health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes, health.accepted), (1, 2, 6));
    append(0, stroke("s", "d")).await;
    append(1, stroke("s", "cat")).await;
    servers[1].ack(&settled(&second), FlushCounts::default()).await.unwrap();
    let rest = servers[0].claim(ClaimScope::All, 10).await.unwrap();
    assert_eq!(rest.iter().map(texts).collect::<Vec<_>>(), [["d", "cat"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_one_buffer() {
    let redis = OwnRedis::start();
    let limits = BufferLimits { lease: ms(50), flood_keystrokes: 3, ..unlimited() };
    let servers = [1, 2].map(|_| open_unhurried(&redis.url(), "quarry", limits));
    servers[0].append(&[stroke("s", "b")]).await.unwrap();
    servers[1].append(&[submitted(stroke("s", "bu"))]).await.unwrap();
    let first = servers[0].claim(ClaimScope::Due, 10).await.unwrap();
    assert_eq!(texts(&first[0]), ["b", "bu"]);
    let second = until("the end of the lease", async || {
        let runs = servers[1].claim(ClaimScope::Due, 10).await.unwrap();
        (!runs.is_empty()).then_some(runs)
    })
    .await;
    assert_eq!(first, second);
    // Both stored it; the second acknowledgement has no effect.
    let flush = FlushCounts { searches: 1, ..FlushCounts::default() };
    for server in &servers {
        server.ack(&settled(&first[..1]), flush).await.unwrap();
        assert_eq!(server.health().await.unwrap().searches, 1);
    }
    let batch = [stroke("s", "c"), stroke("s", "ca")];
    assert_eq!(servers[0].append(&batch).await.unwrap(), [AppendOutcome::Accepted, AppendOutcome::Flooded]);
    assert_eq!(servers[1].append(&batch).await.unwrap(), [AppendOutcome::Flooded; 2]);
    // Another prefix is another buffer.
    let other = open_unhurried(&redis.url(), "quarry-2", limits);
    let unused = other.health().await.unwrap();
    assert_eq!((unused.runs, unused.accepted, unused.searches), (0, 0, 0));
}

#[tokio::test]
async fn keys_of_a_script_share_a_hash_tag_and_no_run_expires() {
    let prefix = format!("test-{}", uuid::Uuid::new_v4().simple());
    let url = shared_url();
    let buffer = open_unhurried(&url, &prefix, unlimited());
    let keystroke =
        |number: i64| by("canary", sequenced(number, stroke(&format!("canary {number}"), "canary")));
    let batch: Vec<_> = (0..40).map(|number| in_box("canary", keystroke(number))).collect();
    buffer.append(&batch).await.unwrap();
    buffer.claim(ClaimScope::All, 20).await.unwrap();
    let submitted = |text| submitted(by("canary", stroke("canary", text)));
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
        assert_eq!(
            lives == -1,
            !["l", "f", "s", "b", "o", "m"].contains(&kind.as_str()),
            "{key} lives for {lives} ms"
        );
        if kind == "s" {
            let value: Vec<u8> = command(&url, &["GET", &key]);
            assert!(!String::from_utf8_lossy(&value).contains("canary"));
        }
        kinds.push(kind);
    }
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    assert_eq!(["r", "c", "l", "f", "s", "b", "o"].map(count), [22, 20, 20, 41, 1, 40, 20]);
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["b", "c", "claims", "counts", "due", "f", "l", "o", "r", "s"]);
    delete_keys(&url, &prefix);
}

#[tokio::test]
async fn a_malformed_run_does_not_block_claims() {
    let prefix = format!("test-{}", uuid::Uuid::new_v4().simple());
    let url = shared_url();
    let buffer = open_unhurried(&url, &prefix, unlimited());
    for session in ["a", "b", "c"] {
        buffer.append(&[submitted(stroke(session, "x"))]).await.unwrap();
    }
    let runs = keys(&url, &prefix).into_iter().map(|key| String::from_utf8(key).unwrap());
    let runs: Vec<String> = runs.filter(|key| key.contains("}:r:")).collect();
    command::<i64>(&url, &["SETRANGE", &runs[0], "0", "?"]);
    assert_eq!(buffer.claim(ClaimScope::Due, 10).await.unwrap().len(), 2);
    // A key of another type is a defect, not an outage.
    for key in keys(&url, &prefix).into_iter().filter(|key| key.ends_with(b"}:due")) {
        let key = String::from_utf8(key).unwrap();
        command::<()>(&url, &["SET", &key, "foreign"]);
    }
    for session in ["a", "b", "c"] {
        let appended = buffer.append(&[stroke(session, "x")]).await;
        assert!(matches!(appended, Ok(_) | Err(BufferError::Damaged(_))), "{appended:?}");
    }
    assert!(matches!(buffer.claim(ClaimScope::Due, 10).await, Ok(_) | Err(BufferError::Damaged(_))));
    delete_keys(&url, &prefix);
}

/// Captured log lines.
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
async fn a_redis_without_persistence_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let logged = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let redis = OwnRedis::start();
    let buffer = open_unhurried(&redis.url(), "quarry", unlimited());
    buffer.claim(ClaimScope::Due, 10).await.unwrap();
    assert_eq!(logged(), "");
    let buffer = open_unhurried(&shared_url(), "test-durability", unlimited());
    for _ in 0..2 {
        buffer.claim(ClaimScope::Due, 10).await.unwrap();
        assert_eq!(logged().matches("redis.appendonly=\"no\"").count(), 1, "{}", logged());
    }
    assert!(!logged().contains("127.0.0.1"));
}

#[tokio::test]
async fn errors_contain_no_password() {
    let limits = BufferLimits::default();
    for url in
        ["nonsense", "redis://:secret@ho st/", "http://ann:secret@host/", "redis://ann:secret@host:port/"]
    {
        let error = RedisBuffer::open(url, "quarry", limits).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    assert!(RedisBuffer::open("redis://localhost/", "qua{rry}", limits).is_err());
    assert!(RedisBuffer::open("rediss://localhost/", "quarry", limits).is_ok(), "TLS is supported");
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
