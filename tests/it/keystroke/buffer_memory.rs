//! Conformance of keystroke buffers: remembered searches, and counters that begin again.

use std::time::Duration;

use quarry::domain::{Searcher, SessionId, UserId};
use quarry::keystroke::{AppendOutcome, BufferLimits, ClaimScope, ClaimedRun, FlushCounts, Settlement};

use super::buffers::{
    TestBuffer, by, in_box, ms, on_each_buffer, remembered, sequenced, stroke, submitted, texts, unlimited,
};
use crate::support::wait::until;

on_each_buffer!(
    the_last_search_of_an_input_is_remembered,
    the_runs_of_an_input_follow_each_other,
    a_repeated_claim_continues_the_same_search,
    memories_expire,
    memories_can_be_disabled,
    memories_of_a_session_are_erased,
    memories_of_a_user_are_erased,
    a_claim_that_is_never_acknowledged_blocks_for_a_while,
    a_counter_that_begins_again_is_accepted,
    a_counter_begins_again_before_the_claim,
    repeated_deliveries_are_late,
    a_page_sends_its_prefilled_box,
    an_unknown_submission_is_accepted,
    times_that_a_submission_has_overtaken_are_late,
);

/// Claims the only due run, and leaves a search to remember.
async fn store(buffer: &TestBuffer, query: &str) -> ClaimedRun {
    let run = buffer.claim_one().await;
    let settled = Settlement::of(&run, Some(remembered(&run, query)));
    buffer.ack(&[settled], FlushCounts::default()).await.unwrap();
    run
}

fn query(run: &ClaimedRun) -> Option<&str> {
    run.remembered.as_ref().map(|remembered| remembered.search.query.as_str())
}

async fn the_last_search_of_an_input_is_remembered(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(submitted(by("ann", stroke("s", "bus")))).await;
    let first = store(&buffer, "bus").await;
    assert_eq!(first.remembered, None);
    let other = [in_box("tab", stroke("s", "x")), stroke("t", "x"), stroke("s", "busy")];
    for keystroke in other {
        buffer.accept(submitted(keystroke)).await;
    }
    let runs = buffer.claim_due().await;
    let of_input = |session: &str, input: &str| {
        runs.iter().find(|run| run.session.as_str() == session && run.input.as_str() == input).unwrap()
    };
    assert_eq!(of_input("s", "").remembered, Some(remembered(&first, "bus")));
    assert_eq!((query(of_input("s", "tab")), query(of_input("t", ""))), (None, None));
    // An acknowledgement may leave it, or replace it.
    buffer.ack_all(&runs).await;
    buffer.accept(submitted(stroke("s", "one"))).await;
    assert_eq!(query(&store(&buffer, "one").await), Some("bus"));
    buffer.accept(submitted(stroke("s", "two"))).await;
    assert_eq!(query(&buffer.claim_one().await), Some("one"));
}

async fn the_runs_of_an_input_follow_each_other(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    let queries = ["one", "two", "three"];
    for text in queries {
        buffer.accept(submitted(stroke("s", text))).await;
    }
    let first = buffer.claim(ClaimScope::All, 1).await.unwrap();
    assert_eq!(texts(&first[0]), ["one"]);
    // Runs that wait do not delay those of other inputs.
    for text in queries {
        buffer.accept(submitted(stroke(text, text))).await;
    }
    buffer.accept(stroke("s", "four")).await;
    assert_eq!(buffer.claim(ClaimScope::All, 3).await.unwrap().len(), 3);
    assert!(buffer.claim(ClaimScope::All, 10).await.unwrap().is_empty());
    let mut last = first;
    for text in ["two", "three", "four"] {
        buffer.ack_all(&last).await;
        last = buffer.claim(ClaimScope::All, 10).await.unwrap();
        assert_eq!((last.len(), texts(&last[0])), (1, vec![text]));
    }
}

async fn a_repeated_claim_continues_the_same_search(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { lease: ms(50), memory: ms(150), ..unlimited() }).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    store(&buffer, "bus").await;
    buffer.accept(submitted(stroke("s", "busy"))).await;
    let claimed = buffer.claim_one().await;
    let mut rounds = 0;
    until("claims after the memory has ended", async || {
        let again = buffer.claim_due().await;
        assert!(again.is_empty() || again == [claimed.clone()], "{again:?}");
        rounds += again.len();
        (rounds > 4).then_some(())
    })
    .await;
    assert_eq!(query(&claimed), Some("bus"));
    // A late acknowledgement of a claim that is gone remembers nothing.
    buffer.ack_all(std::slice::from_ref(&claimed)).await;
    let late = Settlement::of(&claimed, Some(remembered(&claimed, "late")));
    buffer.ack(&[late], FlushCounts::default()).await.unwrap();
    buffer.accept(submitted(stroke("s", "x"))).await;
    assert_eq!(query(&buffer.claim_one().await), None);
}

async fn memories_expire(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { memory: ms(100), ..unlimited() }).await;
    buffer.accept(submitted(stroke("s", "bus"))).await;
    store(&buffer, "bus").await;
    let mut number = 0;
    until("its end", async || {
        number += 1;
        buffer.accept(submitted(stroke("s", &number.to_string()))).await;
        let run = buffer.take_one().await;
        run.remembered.is_none().then_some(())
    })
    .await;
}

async fn memories_can_be_disabled(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { memory: Duration::ZERO, ..unlimited() }).await;
    for text in ["bus", "busy"] {
        buffer.accept(submitted(stroke("s", text))).await;
        assert_eq!(store(&buffer, text).await.remembered, None);
    }
}

/// Stores a search of each session by its user, in two inputs.
async fn store_each(buffer: &TestBuffer, typed: &[(&str, &str)]) {
    for (session, user) in typed {
        for input in ["", "tab"] {
            buffer.accept(submitted(in_box(input, by(user, stroke(session, "bus"))))).await;
            store(buffer, "bus").await;
        }
    }
}

/// The sessions with a remembered search, of both inputs.
async fn remembering<'s>(buffer: &TestBuffer, sessions: &[&'s str]) -> Vec<&'s str> {
    for session in sessions {
        for input in ["", "tab"] {
            buffer.accept(submitted(in_box(input, stroke(session, "x")))).await;
        }
    }
    let runs = buffer.claim_due().await;
    assert_eq!(runs.len(), 2 * sessions.len());
    let remembers = |session: &str| {
        let of_session = runs.iter().filter(|run| run.session.as_str() == session);
        let memories: Vec<bool> = of_session.map(|run| run.remembered.is_some()).collect();
        assert_eq!(memories[0], memories[1]);
        memories[0]
    };
    sessions.iter().copied().filter(|session| remembers(session)).collect()
}

async fn memories_of_a_session_are_erased(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    store_each(&buffer, &[("gone", "ann"), ("kept", "ann")]).await;
    let searcher = Searcher::Session(SessionId::parse("gone").unwrap());
    assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, 0);
    assert_eq!(remembering(&buffer, &["gone", "kept"]).await, ["kept"]);
}

async fn memories_of_a_user_are_erased(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    store_each(&buffer, &[("s", "ann"), ("t", "ben"), ("u", "ann")]).await;
    // A claim that continues a search of the user is theirs.
    buffer.accept(submitted(stroke("u", "y"))).await;
    assert_eq!(query(&buffer.claim_one().await), Some("bus"));
    let searcher = Searcher::User(UserId::parse("ann").unwrap());
    assert_eq!(buffer.erase(&searcher).await.unwrap().keystrokes, 1);
    assert_eq!(remembering(&buffer, &["s", "t"]).await, ["t"]);
}

async fn a_claim_that_is_never_acknowledged_blocks_for_a_while(
    open: impl AsyncFn(BufferLimits) -> TestBuffer,
) {
    let buffer = open(BufferLimits { late_memory: ms(80), memory: ms(50), ..unlimited() }).await;
    for text in ["one", "two"] {
        buffer.accept(submitted(stroke("s", text))).await;
    }
    assert_eq!(texts(&buffer.claim_one().await), ["one"]);
    let next = buffer.claim_soon().await;
    assert_eq!((next.len(), texts(&next[0]), query(&next[0])), (1, vec!["two"], None));
}

async fn a_counter_that_begins_again_is_accepted(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for page in 1..=3 {
        for (sequence, text) in [(1, "h"), (2, "ha"), (3, "hat")] {
            let text = format!("{text} {page}");
            let keystroke = sequenced(sequence, stroke("s", &text));
            buffer.accept(if sequence == 3 { submitted(keystroke) } else { keystroke }).await;
        }
        assert_eq!(buffer.take_one().await.keystrokes.len(), 3);
    }
    for sequence in [2, 3] {
        assert_eq!(buffer.append_one(sequenced(sequence, stroke("s", "late"))).await, AppendOutcome::Late);
    }
}

async fn a_counter_begins_again_before_the_claim(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(sequenced(1, stroke("s", "r"))).await;
    buffer.accept(submitted(sequenced(9, stroke("s", "red")))).await;
    for (sequence, text) in [(1, "h"), (2, "ha"), (3, "hat")] {
        buffer.accept(sequenced(sequence, stroke("s", text))).await;
    }
    let runs = buffer.take(ClaimScope::All).await;
    let found: Vec<_> = runs.iter().map(texts).collect();
    assert_eq!(found, [vec!["r", "red"], vec!["h", "ha", "hat"]]);
}

async fn repeated_deliveries_are_late(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const NOW: i64 = 1_800_000_000_000;
    let buffer = open(unlimited()).await;
    for (session, numbers) in
        [("counter", [1, 2, 3, 4]), ("times", [NOW, NOW + 200, NOW + 60_000, NOW + 61_000])]
    {
        let typed = |number, text| sequenced(number, stroke(session, text));
        let [one, two, three, four] = numbers;
        let red = [typed(one, "r"), submitted(typed(two, "red"))];
        let hat = [typed(three, "h"), submitted(typed(four, "hat"))];
        for run in [&red, &hat] {
            for keystroke in run {
                buffer.accept(keystroke.clone()).await;
            }
            // Before the claim, the fold recognises them.
            buffer.accept(run[0].clone()).await;
            assert_eq!(buffer.take_one().await.keystrokes.len(), 3);
        }
        for keystroke in [&red, &hat].into_iter().flatten() {
            assert_eq!(buffer.append_one(keystroke.clone()).await, AppendOutcome::Late);
        }
    }
    assert!(buffer.take(ClaimScope::All).await.is_empty());
}

async fn a_page_sends_its_prefilled_box(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    for is_claimed in [true, false] {
        let session = if is_claimed { "claimed" } else { "waiting" };
        let typed = |number, text| sequenced(number, stroke(session, text));
        buffer.accept(typed(1, "r")).await;
        buffer.accept(submitted(typed(2, "red"))).await;
        if is_claimed {
            buffer.take_one().await;
        }
        for keystroke in [typed(1, "red"), typed(2, "red 4"), submitted(typed(3, "red 42"))] {
            buffer.accept(keystroke).await;
        }
        let runs = buffer.take(ClaimScope::All).await;
        assert_eq!(runs.last().map(texts), Some(vec!["red", "red 4", "red 42"]));
        assert_eq!(runs.len(), if is_claimed { 1 } else { 2 });
    }
}

async fn an_unknown_submission_is_accepted(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    buffer.accept(sequenced(3, stroke("s", "red"))).await;
    buffer.accept(submitted(sequenced(9, stroke("s", "red mug")))).await;
    buffer.take_one().await;
    assert_eq!(buffer.append_one(sequenced(4, stroke("s", "hat"))).await, AppendOutcome::Late);
    // Its text was submitted before.
    assert_eq!(buffer.append_one(submitted(sequenced(5, stroke("s", "red mug")))).await, AppendOutcome::Late);
    buffer.accept(submitted(sequenced(5, stroke("s", "hat")))).await;
    assert_eq!(texts(&buffer.take_one().await), ["hat"]);
}

async fn times_that_a_submission_has_overtaken_are_late(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const NOW: i64 = 1_800_000_000_000;
    let buffer = open(unlimited()).await;
    let at = |after: i64, text: &str| sequenced(NOW + after, stroke("s", text));
    buffer.accept(submitted(at(900, "mug"))).await;
    // Before the claim, they belong to its run; after it, they are late.
    buffer.accept(at(0, "m")).await;
    assert_eq!(texts(&buffer.take_one().await), ["mug", "m"]);
    for (after, text) in [(300, "mu"), (-9_000, "m"), (900, "mug ")] {
        assert_eq!(buffer.append_one(at(after, text)).await, AppendOutcome::Late, "{after}");
    }
    buffer.accept(submitted(at(901, "cup"))).await;
    assert_eq!(texts(&buffer.take_one().await), ["cup"]);
    // A clock that was set back, and a counter.
    for (sequence, text) in [(NOW - 60_000, "jar"), (3, "pot"), (2, "pan")] {
        buffer.accept(submitted(sequenced(sequence, stroke("s", text)))).await;
        assert_eq!(texts(&buffer.take_one().await), [text]);
    }
    // Differences beyond the low digits.
    buffer.accept(submitted(sequenced(i64::MAX, stroke("s", "tea")))).await;
    assert_eq!(texts(&buffer.take_one().await), ["tea"]);
    buffer.accept(submitted(at(0, "oil"))).await;
    assert_eq!(texts(&buffer.take_one().await), ["oil"]);
}
