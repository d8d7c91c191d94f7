//! Conformance of keystroke buffers: submissions, echoes and closed runs.

use std::time::Instant;

use chrono::Utc;
use quarry::domain::{Keystroke, Searcher, SessionId, UserId};
use quarry::keystroke::{
    AppendOutcome, BufferHealth, BufferLimits, ClaimScope, ClaimedRun, DueReason, FlushCounts, Settlement,
};

use super::buffers::{
    TestBuffer, by, in_box, ms, on_each_buffer, remembered, sequenced, stroke, submitted, texts, unlimited,
};
use crate::support::wait::{next_millisecond, until};

on_each_buffer!(
    text_after_a_submission_opens_a_run,
    submitted_runs_are_claimed_in_order,
    a_batch_is_equivalent_to_single_appends,
    an_echo_before_the_claim_joins_the_run,
    an_echo_after_the_claim_is_discarded,
    other_text_deletes_the_submission,
    submissions_expire_with_the_window,
    the_text_of_another_user_is_no_echo,
    overtaken_keystrokes_join_the_submitted_run,
    an_overtaken_submission_leaves_the_run_open,
    keystrokes_of_a_closed_run_are_late,
    a_full_buffer_closes_no_run_and_discards_echoes,
    closed_runs_come_back_after_their_lease,
    closed_runs_are_erased,
    closed_runs_are_counted,
);

/// The texts of runs, in the order of their claims.
fn all_texts(runs: &[ClaimedRun]) -> Vec<Vec<&str>> {
    runs.iter().map(texts).collect()
}

async fn text_after_a_submission_opens_a_run(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let window = ms(150);
    let buffer = open(BufferLimits { window, ..unlimited() }).await;
    for text in ["bu", "bus"] {
        buffer.accept(stroke("s", text)).await;
    }
    buffer.accept(submitted(stroke("s", "bus"))).await;
    let mut last = Instant::now();
    for text in ["W", "Wh", "Whe"] {
        last = Instant::now();
        buffer.accept(stroke("s", text)).await;
    }
    // The second run may be due by now.
    let first = buffer.claim(ClaimScope::Due, 1).await.unwrap();
    buffer.ack_all(&first).await;
    assert_eq!((all_texts(&first), first[0].reason), (vec![vec!["bu", "bus", "bus"]], DueReason::Submitted));
    let second = buffer.claim_soon().await;
    assert!(last.elapsed() >= window - ms(2), "due {:?} after the last keystroke", last.elapsed());
    assert_eq!((all_texts(&second), second[0].reason), (vec![vec!["W", "Wh", "Whe"]], DueReason::Idle));
    assert_ne!(first[0].id, second[0].id);
}

async fn submitted_runs_are_claimed_in_order(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for number in 1..=12 {
        buffer.accept(stroke("s", &format!("{number}"))).await;
        buffer.accept(submitted(stroke("s", &format!("{number}!")))).await;
    }
    buffer.accept(in_box("tab", submitted(stroke("s", "tab")))).await;
    buffer.accept(stroke("s", "open")).await;
    let runs = buffer.take(ClaimScope::Due).await;
    assert!(runs.iter().all(|run| run.reason == DueReason::Submitted));
    let of_box = |name: &str| -> Vec<Vec<String>> {
        let runs = runs.iter().filter(|run| run.input.as_str() == name);
        runs.map(|run| texts(run).into_iter().map(str::to_owned).collect()).collect()
    };
    let expected: Vec<Vec<String>> =
        (1..=12).map(|number| vec![number.to_string(), format!("{number}!")]).collect();
    assert_eq!(of_box(""), expected);
    assert_eq!(of_box("tab"), [["tab"]]);
    let rest = buffer.take(ClaimScope::All).await;
    assert_eq!((all_texts(&rest), rest[0].reason), (vec![vec!["open"]], DueReason::Shutdown));
}

async fn a_batch_is_equivalent_to_single_appends(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    let batch = [
        stroke("s", "b"),
        submitted(stroke("s", "bus")),
        stroke("s", "Bus"),
        stroke("s", "d"),
        stroke("other", "x"),
        submitted(stroke("s", "dog")),
        submitted(stroke("s", "cat")),
        stroke("s", "e"),
        stroke("s", "ee"),
    ];
    assert_eq!(buffer.append(&batch).await.unwrap(), [AppendOutcome::Accepted; 9]);
    let health = buffer.health().await.unwrap();
    let runs = buffer.take(ClaimScope::Due).await;
    assert_eq!(all_texts(&runs), [vec!["b", "bus", "Bus"], vec!["d", "dog"], vec!["cat"]]);
    assert_eq!((health.runs, health.keystrokes, health.accepted), (5, 9, 9));
}

async fn an_echo_before_the_claim_joins_the_run(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(submitted(stroke("s", "Straße 1"))).await;
    buffer.accept(Keystroke { result_count: Some(7), ..stroke("s", " STRASSE  1") }).await;
    buffer.accept(submitted(stroke("s", "strasse1"))).await;
    buffer.accept(by("ann", stroke("s", "Straße 1"))).await;
    let run = buffer.claim_one().await;
    assert_eq!(texts(&run), ["Straße 1", " STRASSE  1", "strasse1", "Straße 1"]);
    assert_eq!((run.reason, run.keystrokes[1].result_count), (DueReason::Submitted, Some(7)));
    assert!(buffer.take(ClaimScope::All).await.is_empty());
}

async fn an_echo_after_the_claim_is_discarded(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(sequenced(1, stroke("s", "b"))).await;
    buffer.accept(submitted(sequenced(2, stroke("s", "Bus 1")))).await;
    let run = buffer.claim_one().await;
    for echo in [stroke("s", "bus1"), submitted(stroke("s", "Bus 1 ")), sequenced(3, stroke("s", "BUS 1"))] {
        buffer.accept(echo).await;
    }
    buffer.ack_all(&[run]).await;
    buffer.accept(submitted(by("ann", stroke("s", "Bus 1")))).await;
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes, health.accepted), (0, 0, 6));
    assert!(buffer.take(ClaimScope::All).await.is_empty());
    // A submission belongs to its input and session.
    buffer.accept(in_box("tab", stroke("s", "Bus 1"))).await;
    buffer.accept(stroke("t", "Bus 1")).await;
    assert_eq!(buffer.take(ClaimScope::All).await.len(), 2);
}

async fn other_text_deletes_the_submission(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    buffer.take_one().await;
    // The empty text is other text.
    buffer.accept(stroke("s", "")).await;
    buffer.accept(stroke("s", "bus")).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    assert_eq!(texts(&buffer.take_one().await), ["", "bus", "bus"]);
    buffer.accept(stroke("s", "dog")).await;
    assert_eq!(all_texts(&buffer.take(ClaimScope::All).await), [["dog"]]);
    // Text without a submission has no echo.
    buffer.accept(stroke("s", "dog")).await;
    buffer.accept(stroke("s", "bus")).await;
    assert_eq!(all_texts(&buffer.take(ClaimScope::All).await), [["dog", "bus"]]);
}

async fn submissions_expire_with_the_window(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { window: ms(100), ..unlimited() }).await;
    buffer.accept(submitted(stroke("claimed", "a"))).await;
    buffer.take_one().await;
    buffer.accept(submitted(stroke("closed", "a"))).await;
    let over = Utc::now() + ms(101);
    until("the end of both memories", async || (Utc::now() > over).then_some(())).await;
    buffer.accept(stroke("claimed", "a")).await;
    for text in ["a", "al", "alpha"] {
        buffer.accept(stroke("closed", text)).await;
    }
    let runs = buffer.take(ClaimScope::All).await;
    let of_session = |name: &str| -> Vec<Vec<&str>> {
        runs.iter().filter(|run| run.session.as_str() == name).map(texts).collect()
    };
    assert_eq!(of_session("closed"), [vec!["a"], vec!["a", "al", "alpha"]]);
    assert_eq!(of_session("claimed"), [["a"]]);
}

async fn the_text_of_another_user_is_no_echo(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(submitted(by("ann", stroke("s", "bus")))).await;
    buffer.accept(stroke("s", "bus")).await;
    buffer.accept(by("ben", stroke("s", "bus"))).await;
    buffer.accept(submitted(by("ben", stroke("s", "bus 2")))).await;
    assert_eq!(all_texts(&buffer.take(ClaimScope::Due).await), [["bus", "bus"], ["bus", "bus 2"]]);
    buffer.accept(by("ann", stroke("s", "bus 2"))).await;
    assert_eq!(all_texts(&buffer.take(ClaimScope::All).await), [["bus 2"]]);
    // An echo may add a user to the submission.
    buffer.accept(submitted(stroke("t", "bus"))).await;
    buffer.accept(by("ann", stroke("t", "bus"))).await;
    buffer.accept(by("ben", stroke("t", "bus"))).await;
    assert_eq!(buffer.take(ClaimScope::All).await.len(), 2);
}

async fn overtaken_keystrokes_join_the_submitted_run(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(sequenced(1, stroke("s", "b"))).await;
    buffer.accept(submitted(sequenced(9, stroke("s", "bus")))).await;
    for (sequence, text) in [(3, "bu"), (2, "x"), (9, "bus")] {
        buffer.accept(sequenced(sequence, stroke("s", text))).await;
    }
    // An overtaken keystroke neither deletes nor replaces the submission.
    buffer.accept(sequenced(10, stroke("s", "BUS"))).await;
    buffer.accept(sequenced(11, stroke("s", "bu"))).await;
    assert_eq!(texts(&buffer.take_one().await), ["b", "bus", "bu", "x", "bus", "BUS"]);
    assert_eq!(all_texts(&buffer.take(ClaimScope::All).await), [["bu"]]);
}

async fn an_overtaken_submission_leaves_the_run_open(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for (sequence, text) in [(1, "bu"), (3, "w"), (4, "wh")] {
        buffer.accept(sequenced(sequence, stroke("s", text))).await;
    }
    buffer.accept(submitted(sequenced(2, stroke("s", "bus")))).await;
    assert!(buffer.claim_due().await.is_empty(), "the next search has begun in the same run");
    buffer.accept(sequenced(5, stroke("s", "where"))).await;
    buffer.accept(submitted(sequenced(5, stroke("s", "where")))).await;
    let run = buffer.claim_one().await;
    assert_eq!(texts(&run), ["bu", "w", "wh", "bus", "where", "where"]);
    assert_eq!(run.reason, DueReason::Submitted);
}

async fn keystrokes_of_a_closed_run_are_late(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(sequenced(1, stroke("s", "b"))).await;
    buffer.accept(submitted(sequenced(5, stroke("s", "bus")))).await;
    buffer.accept(sequenced(6, stroke("s", "c"))).await;
    for sequence in [5, 4] {
        assert_eq!(buffer.append_one(sequenced(sequence, stroke("s", "late"))).await, AppendOutcome::Late);
    }
    buffer.accept(sequenced(7, stroke("s", "ca"))).await;
    assert_eq!(buffer.health().await.unwrap().late, 2);
    assert_eq!(texts(&buffer.take_one().await), ["b", "bus"]);
    assert_eq!(all_texts(&buffer.take(ClaimScope::All).await), [["c", "ca"]]);
}

async fn a_full_buffer_closes_no_run_and_discards_echoes(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    // One keystroke for each of 16 shards.
    let buffer = open(BufferLimits { keystrokes: 16, ..unlimited() }).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    until("the end of the room", async || {
        (buffer.append_one(in_box("tab", stroke("s", "x"))).await == AppendOutcome::Full).then_some(())
    })
    .await;
    let before = buffer.health().await.unwrap();
    for text in ["c", "BUS"] {
        assert_eq!(buffer.append_one(stroke("s", text)).await, AppendOutcome::Full);
    }
    let run = buffer.claim_one().await;
    assert_eq!(texts(&run), ["bus"]);
    for _ in 0..30 {
        buffer.accept(stroke("s", "BUS")).await;
    }
    let after = buffer.health().await.unwrap();
    assert_eq!((after.keystrokes, after.accepted), (before.keystrokes, before.accepted + 30));
    assert_eq!(buffer.append_one(stroke("s", "c")).await, AppendOutcome::Full);
    buffer.accept(stroke("s", "bus")).await;
    buffer.ack_all(&[run]).await;
    buffer.accept(stroke("s", "c")).await;
    assert_eq!(buffer.append_one(stroke("s", "ca")).await, AppendOutcome::Full);
}

async fn closed_runs_come_back_after_their_lease(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { lease: ms(50), ..unlimited() }).await;
    for text in ["bus", "cat"] {
        buffer.accept(submitted(stroke("s", text))).await;
    }
    buffer.accept(stroke("s", "d")).await;
    for text in ["bus", "cat"] {
        let claimed = buffer.claim_due().await;
        assert_eq!(all_texts(&claimed), [[text]]);
        let again = buffer.claim_soon().await;
        assert_eq!(again, claimed);
        buffer.ack_all(&again).await;
    }
    assert_eq!(buffer.health().await.unwrap().claimed, 2);
    assert_eq!(buffer.health().await.unwrap().runs, 1);
}

async fn closed_runs_are_erased(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for session in ["gone", "kept"] {
        for text in ["one", "two", "three"] {
            buffer.accept(submitted(by("ann", stroke(session, text)))).await;
        }
        buffer.accept(stroke(session, "open")).await;
    }
    let session = Searcher::Session(SessionId::parse("gone").unwrap());
    assert_eq!(buffer.erase(&session).await.unwrap().keystrokes, 4);
    assert_eq!(buffer.health().await.unwrap().keystrokes, 4);
    let user = Searcher::User(UserId::parse("ann").unwrap());
    assert_eq!(buffer.erase(&user).await.unwrap().keystrokes, 3);
    let rest = buffer.take(ClaimScope::All).await;
    assert_eq!((rest[0].session.as_str(), all_texts(&rest)), ("kept", vec![vec!["open"]]));
    buffer.ack_all(&rest).await;
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes, health.oldest), (0, 0, None));
}

async fn closed_runs_are_counted(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for text in ["one", "two", "three"] {
        buffer.accept(stroke("s", "o")).await;
        buffer.accept(submitted(stroke("s", text))).await;
        next_millisecond().await;
    }
    let waiting = buffer.health().await.unwrap();
    assert_eq!((waiting.runs, waiting.keystrokes, waiting.claimed, waiting.reclaimed), (3, 6, 0, 0));
    let first = buffer.claim(ClaimScope::Due, 1).await.unwrap();
    assert_eq!(waiting.oldest, Some(first[0].keystrokes[0].at));
    let claimed = buffer.health().await.unwrap();
    assert_eq!((claimed.runs, claimed.keystrokes, claimed.claimed, claimed.reclaimed), (3, 6, 1, 0));
    buffer.ack_all(&first).await;
    let rest = buffer.claim_due().await;
    let acked = buffer.health().await.unwrap();
    assert_eq!((acked.runs, acked.keystrokes, acked.claimed), (2, 4, 2));
    assert_eq!(acked.oldest, Some(rest[0].keystrokes[0].at));
}

/// Runs without times, to compare buffers with different clocks.
fn contents(runs: Vec<ClaimedRun>) -> Vec<String> {
    let content = |run: &ClaimedRun| {
        let remembered = run.remembered.as_ref().map(|remembered| &remembered.search.query);
        format!("{} {:?} {:?} {remembered:?}", run.session, run.reason, texts(run))
    };
    let mut contents: Vec<String> = runs.iter().map(content).collect();
    contents.sort();
    contents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_buffers_behave_identically() {
    const CALLS: usize = 1_500;
    let buffers = [super::buffers::local(unlimited()).await, super::buffers::redis(unlimited()).await];
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for call in 0..CALLS as i64 {
        let batch: Vec<Keystroke> = (0..=draw(4))
            .map(|_| Keystroke {
                user: (draw(3) == 0).then(|| UserId::parse(&format!("user {}", draw(2))).unwrap()),
                sequence: (draw(2) == 0).then(|| call + draw(12).cast_signed() - 8),
                submitted: draw(3) == 0,
                ..stroke(&format!("s{}", draw(3)), ["a", "A ", "b", "ab", ""][draw(5) as usize])
            })
            .collect();
        let [local, redis] = &buffers;
        assert_eq!(local.append(&batch).await.unwrap(), redis.append(&batch).await.unwrap(), "{batch:?}");
        let scope = [ClaimScope::Due, ClaimScope::All][usize::from(draw(4) == 0)];
        if draw(3) == 0 {
            let claimed = [local.claim(scope, 100).await.unwrap(), redis.claim(scope, 100).await.unwrap()];
            let remember = draw(2) == 0;
            let [one, other] = [(local, &claimed[0]), (redis, &claimed[1])].map(async |(buffer, runs)| {
                let remembered = |run: &ClaimedRun| remember.then(|| remembered(run, texts(run)[0]));
                let settled: Vec<_> = runs.iter().map(|run| Settlement::of(run, remembered(run))).collect();
                buffer.ack(&settled, FlushCounts::default()).await.unwrap();
            });
            one.await;
            other.await;
            let [one, other] = claimed.map(contents);
            assert_eq!(one, other);
        }
        let [one, other] = [local.health().await.unwrap(), redis.health().await.unwrap()];
        let counts = |health: BufferHealth| (health.runs, health.keystrokes, health.accepted, health.late);
        assert_eq!(counts(one), counts(other));
    }
}
