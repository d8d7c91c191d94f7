//! Conformance of keystroke buffers: runs, claims, leases and erasure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use quarry::domain::{BufferedKeystroke, Keystroke, MAX_ID_CHARS, Searcher, SessionId, UserId};
use quarry::keystroke::{
    AppendOutcome, BufferLimits, ClaimId, ClaimScope, ClaimedRun, DueReason, FlushCounts, Settlement,
};

use super::buffers::{
    TestBuffer, arm, by, in_box, ms, on_each_buffer, sequenced, sessions, settled, stroke, submitted, texts,
    unlimited,
};
use crate::support::wait::{TEST_TIMEOUT, next_millisecond, until};

on_each_buffer!(
    a_run_belongs_to_one_session_and_input,
    keystrokes_are_claimed_unchanged,
    texts_of_all_characters_are_claimed_unchanged,
    a_run_is_due_after_its_window,
    a_submitted_run_is_due_at_once,
    a_run_over_its_keystrokes_is_due_at_once,
    a_run_over_its_age_is_due,
    all_runs_can_be_claimed,
    runs_are_claimed_by_due_time,
    a_leased_run_is_not_claimed_again,
    a_run_is_claimed_again_after_its_lease,
    a_keystroke_after_a_claim_opens_a_run,
    ack_removes_only_its_claims,
    outcomes_are_in_the_order_of_the_batch,
    a_session_is_erased,
    a_user_is_erased,
    every_keystroke_is_claimed_once,
);

async fn a_run_belongs_to_one_session_and_input(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    assert!(buffer.claim_due().await.is_empty());
    // Ids that collide if joined, or if used as a pattern or a key.
    let pairs =
        [("a", "b:c"), ("a:b", "c"), ("a", ""), ("a", "b"), ("{a}", "*"), ("*", "{a}"), ("ä?[a-z]", "✓")];
    for round in ["1", "2", "3"] {
        for (session, input) in pairs {
            let text = format!("{session}|{input}|{round}");
            buffer.accept(in_box(input, stroke(session, &text))).await;
        }
    }
    let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
    assert_eq!(runs.len(), pairs.len());
    let found: BTreeSet<(&str, &str)> =
        runs.iter().map(|run| (run.session.as_str(), run.input.as_str())).collect();
    assert_eq!(found, BTreeSet::from(pairs));
    for run in &runs {
        let expected = ["1", "2", "3"].map(|round| format!("{}|{}|{round}", run.session, run.input.as_str()));
        assert_eq!(texts(run), expected, "in the order of arrival");
    }
}

async fn keystrokes_are_claimed_unchanged(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    let longest = "ß".repeat(MAX_ID_CHARS);
    let typed = [
        stroke(&longest, ""),
        by("ann", sequenced(i64::MIN, stroke(&longest, "b"))),
        by("ann", sequenced(i64::MAX, stroke(&longest, "bu"))),
        by(&longest, Keystroke { result_count: Some(i64::MAX), ..stroke(&longest, "bus") }),
        sequenced(0, Keystroke { result_count: Some(0), ..stroke(&longest, "bus ") }),
        Keystroke { composing: true, context: arm("a"), ..stroke(&longest, "x") },
        Keystroke { result_count: Some(1), context: arm("b"), ..stroke(&longest, "xy") },
        submitted(by("ann", stroke(&longest, &"long ".repeat(800)))),
    ]
    .map(|keystroke| in_box(&longest, keystroke));
    let before = chrono::Utc::now() - ms(1_000);
    for keystroke in &typed {
        buffer.accept(keystroke.clone()).await;
    }
    let after = chrono::Utc::now() + ms(1_000);
    let run = buffer.claim_one().await;
    assert_eq!((run.session.as_str(), run.input.as_str()), (longest.as_str(), longest.as_str()));
    assert_eq!(run.keystrokes.len(), typed.len());
    for (found, typed) in run.keystrokes.iter().zip(&typed) {
        let expected = BufferedKeystroke {
            at: found.at,
            user: typed.user.clone(),
            text: typed.text.clone(),
            sequence: typed.sequence,
            submitted: typed.submitted,
            result_count: typed.result_count,
            composing: typed.composing,
            context: typed.context.clone(),
        };
        assert_eq!(*found, expected);
        assert!(before <= found.at && found.at <= after, "{} is the time of arrival", found.at);
    }
    assert!(run.keystrokes.is_sorted_by_key(|keystroke| keystroke.at));
}

async fn texts_of_all_characters_are_claimed_unchanged(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const PIECE: usize = 1_000;
    let buffer = open(unlimited()).await;
    let characters: Vec<char> = ('\0'..=char::MAX).collect();
    let pieces: Vec<String> = characters.chunks(PIECE).map(|piece| piece.iter().collect()).collect();
    let typed: Vec<Keystroke> = pieces
        .iter()
        .enumerate()
        .map(|(number, piece)| stroke(&format!("session {}", number % 20), piece))
        .collect();
    for batch in typed.chunks(100) {
        let appended = buffer.append(batch).await.unwrap();
        assert!(appended.iter().all(|appended| *appended == AppendOutcome::Accepted));
    }
    // The bytes of a claim may be limited.
    let mut found = BTreeSet::new();
    until("every text", async || {
        let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
        found.extend(runs.into_iter().flat_map(|run| run.keystrokes).map(|keystroke| keystroke.text));
        (found.len() == pieces.len()).then_some(())
    })
    .await;
    assert_eq!(found, pieces.into_iter().collect());
}

async fn a_run_is_due_after_its_window(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let window = ms(150);
    let buffer = open(BufferLimits { window, ..unlimited() }).await;
    let mut last = Instant::now();
    for text in ["b", "bu", "bus", "bus ", "bus t"] {
        last = Instant::now();
        buffer.accept(stroke("s", text)).await;
        next_millisecond().await;
    }
    let runs = buffer.claim_soon().await;
    assert!(last.elapsed() >= window - ms(2), "due {:?} after the last keystroke", last.elapsed());
    assert_eq!(texts(&runs[0]), ["b", "bu", "bus", "bus ", "bus t"]);
    assert_eq!(runs[0].reason, DueReason::Idle);
}

async fn a_submitted_run_is_due_at_once(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(stroke("s", "bu")).await;
    buffer.accept(stroke("other", "x")).await;
    assert!(buffer.claim_due().await.is_empty());
    buffer.accept(submitted(stroke("s", "bus"))).await;
    let run = buffer.claim_one().await;
    assert_eq!((texts(&run), run.reason), (vec!["bu", "bus"], DueReason::Submitted));
    assert!(buffer.claim_due().await.is_empty());
}

async fn a_run_over_its_keystrokes_is_due_at_once(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { run_keystrokes: 3, ..unlimited() }).await;
    buffer.accept(stroke("s", "1")).await;
    buffer.accept(stroke("s", "2")).await;
    assert!(buffer.claim_due().await.is_empty());
    buffer.accept(stroke("s", "3")).await;
    let run = buffer.claim_one().await;
    assert_eq!((texts(&run), run.reason), (vec!["1", "2", "3"], DueReason::Limit));
}

async fn a_run_over_its_age_is_due(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let run_age = ms(150);
    let buffer = open(BufferLimits { run_age, ..unlimited() }).await;
    let first = Instant::now();
    buffer.accept(stroke("s", "1")).await;
    next_millisecond().await;
    buffer.accept(stroke("s", "2")).await;
    let runs = buffer.claim_soon().await;
    assert!(first.elapsed() >= run_age - ms(2), "due {:?} after the first keystroke", first.elapsed());
    assert_eq!((texts(&runs[0]), runs[0].reason), (vec!["1", "2"], DueReason::Limit));
}

async fn all_runs_can_be_claimed(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for number in 0..40 {
        buffer.accept(stroke(&format!("session {number}"), "x")).await;
    }
    assert!(buffer.claim_due().await.is_empty());
    assert!(buffer.claim(ClaimScope::All, 0).await.unwrap().is_empty());
    let mut runs = buffer.claim(ClaimScope::All, 30).await.unwrap();
    assert_eq!(runs.len(), 30);
    runs.extend(buffer.claim(ClaimScope::All, 30).await.unwrap());
    assert!(runs.iter().all(|run| run.reason == DueReason::Shutdown));
    assert_eq!(sessions(&runs).into_iter().collect::<BTreeSet<_>>().len(), 40);
    assert!(buffer.claim(ClaimScope::All, 30).await.unwrap().is_empty(), "all runs are claimed");
}

async fn runs_are_claimed_by_due_time(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    let names: Vec<String> = (0..20).map(|number| format!("session {number}")).collect();
    for name in &names {
        buffer.accept(stroke(name, "begun in the other order")).await;
    }
    for name in names.iter().rev() {
        buffer.accept(submitted(stroke(name, "x"))).await;
        next_millisecond().await;
    }
    let mut found = Vec::new();
    for limit in [1, 7, 100] {
        let runs = buffer.claim(ClaimScope::Due, limit).await.unwrap();
        assert_eq!(runs.len(), limit.min(20 - found.len()));
        found.extend(sessions(&runs).into_iter().map(str::to_owned));
    }
    found.reverse();
    assert_eq!(found, names);
}

async fn a_leased_run_is_not_claimed_again(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    let run = buffer.claim_one().await;
    for scope in [ClaimScope::Due, ClaimScope::All] {
        assert!(buffer.claim(scope, 100).await.unwrap().is_empty());
    }
    assert_eq!(texts(&run), ["bus"]);
}

async fn a_run_is_claimed_again_after_its_lease(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let lease = ms(150);
    let buffer = open(BufferLimits { lease, ..unlimited() }).await;
    for (session, text) in [("s", "b"), ("s", "bu"), ("t", "c")] {
        buffer.accept(by("ann", sequenced(7, stroke(session, text)))).await;
    }
    buffer.accept(submitted(stroke("s", "bus"))).await;
    for round in 1..=2 {
        let claimed = Instant::now();
        let run = if round == 1 { buffer.claim_one().await } else { buffer.claim_soon().await.remove(0) };
        // A new run of the input does not change the claimed one.
        buffer.accept(sequenced(7 + round, stroke("s", "later"))).await;
        let again = buffer.claim_soon().await;
        assert_eq!(again, [run], "the same claim in round {round}");
        assert!(claimed.elapsed() >= lease - ms(2), "back after {:?}", claimed.elapsed());
    }
    assert!(buffer.health().await.unwrap().reclaimed >= 2);
    let run = buffer.claim_soon().await;
    buffer.ack_all(&run).await;
    let rest = buffer.claim(ClaimScope::All, 100).await.unwrap();
    assert_eq!(sessions(&rest).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["s", "t"]));
    assert!(rest.iter().all(|rest| rest.id != run[0].id), "an acknowledged claim never comes back");
}

async fn a_keystroke_after_a_claim_opens_a_run(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    let first = buffer.claim_one().await;
    buffer.accept(stroke("s", "c")).await;
    buffer.accept(submitted(stroke("s", "car"))).await;
    // It may continue the search of the first, and waits for its acknowledgement.
    assert!(buffer.claim_due().await.is_empty());
    assert_eq!(buffer.health().await.unwrap().keystrokes, 3);
    buffer.ack_all(std::slice::from_ref(&first)).await;
    let second = buffer.claim_one().await;
    assert_eq!((texts(&first), texts(&second)), (vec!["bus"], vec!["c", "car"]));
    assert_ne!(first.id, second.id);
    buffer.ack_all(&[second]).await;
    assert_eq!(buffer.health().await.unwrap().keystrokes, 0);
}

async fn ack_removes_only_its_claims(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { lease: ms(50), ..unlimited() }).await;
    for session in ["a", "b", "c"] {
        buffer.accept(stroke(session, "x")).await;
        buffer.accept(submitted(stroke(session, "y"))).await;
    }
    let runs = buffer.claim_due().await;
    buffer.accept(stroke("a", "z")).await;
    let first = Settlement::of(&runs[0], None);
    let unknown = Settlement { claim: ClaimId("no such claim".to_owned()), ..first.clone() };
    buffer.ack(&[unknown.clone(), first.clone(), unknown], FlushCounts::default()).await.unwrap();
    buffer.ack(&[first.clone(), first], FlushCounts::default()).await.unwrap();
    buffer.ack(&[], FlushCounts::default()).await.unwrap();
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes), (3, 5));
    let mut back = Vec::new();
    until("the other two", async || {
        back.extend(buffer.claim_due().await);
        (back.len() >= 2).then_some(())
    })
    .await;
    let ids = |runs: &[ClaimedRun]| runs.iter().map(|run| run.id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&back), ids(&runs[1..]));
}

async fn outcomes_are_in_the_order_of_the_batch(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { flood_keystrokes: 20, ..unlimited() }).await;
    assert!(buffer.append(&[]).await.unwrap().is_empty());
    buffer.accept(sequenced(4, stroke("late", "y"))).await;
    buffer.accept(submitted(sequenced(5, stroke("late", "x")))).await;
    buffer.ack_all(&[buffer.claim_one().await]).await;
    let batch: Vec<Keystroke> = (0..100)
        .map(|number| match number {
            _ if number % 4 == 0 => stroke("flood", &number.to_string()),
            _ if number % 20 == 1 => sequenced(5, stroke("late", "x")),
            _ => stroke(&format!("session {}", number % 40), &number.to_string()),
        })
        .collect();
    let appended = buffer.append(&batch).await.unwrap();
    let expected: Vec<AppendOutcome> = (0..100)
        .map(|number| match number {
            _ if number % 4 == 0 && number >= 80 => AppendOutcome::Flooded,
            _ if number % 20 == 1 => AppendOutcome::Late,
            _ => AppendOutcome::Accepted,
        })
        .collect();
    assert_eq!(appended, expected);
    let mut typed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (keystroke, _) in
        batch.iter().zip(&expected).filter(|(_, expected)| **expected == AppendOutcome::Accepted)
    {
        typed.entry(keystroke.session.as_str()).or_default().push(&keystroke.text);
    }
    let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
    let found = runs.iter().map(|run| (run.session.as_str(), texts(run))).collect();
    assert_eq!(typed, found);
}

async fn a_session_is_erased(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { lease: ms(50), ..unlimited() }).await;
    buffer.accept(submitted(stroke("gone", "1"))).await;
    buffer.accept(submitted(stroke("kept", "a"))).await;
    assert_eq!(buffer.claim_due().await.len(), 2);
    buffer.accept(stroke("gone", "2")).await;
    buffer.accept(in_box("tab", stroke("gone", "3"))).await;
    buffer.accept(stroke("kept", "b gone")).await;
    let searcher = Searcher::Session(SessionId::parse("gone").unwrap());
    assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, 3);
    assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, 0);
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes), (2, 2));
    let mut runs = buffer.claim_soon().await;
    runs.extend(buffer.claim(ClaimScope::All, 100).await.unwrap());
    assert!(sessions(&runs).iter().all(|session| *session == "kept"), "{runs:?}");
}

async fn a_user_is_erased(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    let mut expected = 0;
    for number in 0..50 {
        let session = format!("session {number}");
        // Erasing a user includes keystrokes before the login.
        buffer.accept(stroke(&session, "b")).await;
        buffer.accept(by("gone", stroke(&session, "bu"))).await;
        buffer.accept(by("other", stroke(&session, "bus"))).await;
        expected += 3;
    }
    buffer.accept(submitted(by("gone", stroke("claimed", "x")))).await;
    let claimed = buffer.claim_one().await;
    buffer.accept(by("gone too", stroke("kept", "gone"))).await;
    buffer.accept(by("other", stroke("kept", "\u{4}gone"))).await;
    buffer.accept(stroke("gone", "gone")).await;
    let searcher = Searcher::User(UserId::parse("gone").unwrap());
    assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, expected + 1);
    buffer.ack_all(&[claimed]).await;
    let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
    assert_eq!(sessions(&runs).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["gone", "kept"]));
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes), (2, 3));
    // An erased user may type again.
    buffer.accept(submitted(by("gone", stroke("session 1", "x")))).await;
    assert_eq!(texts(&buffer.claim_one().await), ["x"]);
}

async fn every_keystroke_is_claimed_once(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const WRITERS: usize = 8;
    const READERS: usize = 4;
    const EACH: usize = 300;
    let buffer = open(BufferLimits { window: ms(5), run_keystrokes: 20, ..unlimited() }).await;
    let (accepted, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (buffer, accepted) = (buffer.share(), accepted.clone());
        writers.spawn(async move {
            for number in 0..EACH {
                let session = format!("session {writer} {}", number % 7);
                let keystroke =
                    Keystroke { submitted: number % 5 == 0, ..stroke(&session, &number.to_string()) };
                assert_eq!(buffer.append(&[keystroke]).await.unwrap(), [AppendOutcome::Accepted]);
                accepted.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let mut readers = tokio::task::JoinSet::new();
    let started = Instant::now();
    for _ in 0..READERS {
        let (buffer, taken) = (buffer.share(), taken.clone());
        readers.spawn(async move {
            let mut found: Vec<ClaimedRun> = Vec::new();
            while taken.load(Ordering::SeqCst) < WRITERS * EACH {
                let runs = buffer.claim(ClaimScope::Due, 3).await.unwrap();
                let keystrokes: usize = runs.iter().map(|run| run.keystrokes.len()).sum();
                taken.fetch_add(keystrokes, Ordering::SeqCst);
                buffer.ack(&settled(&runs), FlushCounts::default()).await.unwrap();
                found.extend(runs);
                assert!(started.elapsed() < TEST_TIMEOUT, "not every keystroke was claimed");
                next_millisecond().await;
            }
            found
        });
    }
    writers.join_all().await;
    let found = readers.join_all().await.concat();
    assert_eq!(accepted.load(Ordering::SeqCst), WRITERS * EACH);
    let ids: BTreeSet<&ClaimId> = found.iter().map(|run| &run.id).collect();
    assert_eq!(ids.len(), found.len(), "no claim is given twice");
    let keystrokes: Vec<(&str, &str)> = found
        .iter()
        .flat_map(|run| texts(run).into_iter().map(|text| (run.session.as_str(), text)))
        .collect();
    assert_eq!(keystrokes.len(), WRITERS * EACH);
    assert_eq!(keystrokes.iter().collect::<BTreeSet<_>>().len(), WRITERS * EACH, "each once");
    for run in &found {
        assert!(run.keystrokes.is_sorted_by_key(|keystroke| keystroke.text.parse::<usize>().unwrap()));
    }
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes, health.accepted), (0, 0, (WRITERS * EACH) as u64));
}
