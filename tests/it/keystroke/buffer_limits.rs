//! Conformance of keystroke buffers: limits and late keystrokes.

use quarry::domain::{Keystroke, Searcher};
use quarry::keystroke::{AppendOutcome, BufferLimits, ClaimScope};

use super::buffers::{
    TestBuffer, in_box, ms, on_each_buffer, sequenced, stroke, submitted, texts, unlimited,
};
use crate::support::wait::until;

on_each_buffer!(
    a_full_buffer_rejects_keystrokes,
    a_buffer_full_of_bytes_rejects_keystrokes,
    keystrokes_over_the_rate_limit_are_dropped,
    the_rate_limit_ends_with_its_period,
    late_keystrokes_are_dropped,
    sequences_of_any_size_are_compared,
    watermarks_expire,
);

async fn a_full_buffer_rejects_keystrokes(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    // A sharded buffer is full once its sessions fill each shard.
    const ROOM: u64 = 160;
    let buffer = open(BufferLimits { keystrokes: ROOM, ..unlimited() }).await;
    let typed: Vec<Keystroke> = (0..800).map(|number| stroke(&format!("session {number}"), "x")).collect();
    let mut appended = Vec::new();
    for batch in typed.chunks(100) {
        appended.extend(buffer.append(batch).await.unwrap());
    }
    let accepted = appended.iter().filter(|appended| **appended == AppendOutcome::Accepted).count() as u64;
    assert_eq!(accepted, ROOM);
    assert!(
        appended.iter().all(|appended| matches!(appended, AppendOutcome::Accepted | AppendOutcome::Full))
    );
    assert_eq!(appended[799], AppendOutcome::Full);
    let health = buffer.health().await.unwrap();
    assert_eq!((health.keystrokes, health.accepted, health.full), (ROOM, ROOM, 800 - ROOM));
    // Claimed runs count towards the limit; acknowledged ones do not.
    let runs = buffer.claim(ClaimScope::All, 1_000).await.unwrap();
    assert_eq!(runs.len() as u64, ROOM);
    assert_eq!(buffer.append_one(typed[799].clone()).await, AppendOutcome::Full);
    buffer.ack_all(&runs).await;
    assert_eq!(buffer.append_one(typed[799].clone()).await, AppendOutcome::Accepted);
}

async fn a_buffer_full_of_bytes_rejects_keystrokes(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const ROOM: usize = 1 << 20;
    // A sharded buffer may exceed the limit by one keystroke for each of its 16 shards.
    const SHARDS: usize = 16;
    let text = "long ".repeat(800);
    let buffer = open(BufferLimits { bytes: ROOM as u64, ..unlimited() }).await;
    let typed: Vec<Keystroke> = (0..800).map(|number| stroke(&format!("session {number}"), &text)).collect();
    let fill = async || {
        let mut accepted = 0;
        for keystroke in &typed {
            accepted += usize::from(buffer.append_one(keystroke.clone()).await == AppendOutcome::Accepted);
        }
        assert_eq!(buffer.append_one(typed[799].clone()).await, AppendOutcome::Full);
        accepted
    };
    let filled = fill().await;
    assert!(filled * text.len() <= ROOM + SHARDS * 2 * text.len(), "{filled} texts were taken");
    assert!(filled * text.len() >= ROOM / 2, "{filled} texts were taken");
    let health = buffer.health().await.unwrap();
    assert_eq!((health.keystrokes, health.accepted), (filled as u64, filled as u64));
    // Acknowledged and erased runs free their bytes; claimed ones do not.
    let mut stored = 0;
    while stored < filled {
        let runs = buffer.claim(ClaimScope::All, 1_000).await.unwrap();
        assert!(!runs.is_empty());
        assert_eq!(buffer.append_one(typed[799].clone()).await, AppendOutcome::Full);
        stored += runs.len();
        buffer.ack_all(&runs).await;
    }
    assert_eq!(fill().await, filled);
    for keystroke in &typed {
        buffer.erase(&Searcher::Session(keystroke.session.clone())).await.unwrap();
    }
    assert_eq!(fill().await, filled);
}

async fn keystrokes_over_the_rate_limit_are_dropped(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { flood_keystrokes: 5, ..unlimited() }).await;
    for number in 0..5 {
        // Inputs share the limit of their session.
        buffer
            .accept(in_box(if number < 2 { "tab" } else { "" }, stroke("flood", &number.to_string())))
            .await;
    }
    for _ in 0..3 {
        assert_eq!(buffer.append_one(stroke("flood", "dropped")).await, AppendOutcome::Flooded);
        buffer.accept(stroke("other", "x")).await;
    }
    let health = buffer.health().await.unwrap();
    assert_eq!((health.keystrokes, health.accepted, health.flooded), (8, 8, 3));
    let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
    assert!(runs.iter().all(|run| !texts(run).contains(&"dropped")));
}

async fn the_rate_limit_ends_with_its_period(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { flood_keystrokes: 5, flood_period: ms(100), ..unlimited() }).await;
    let flood: Vec<Keystroke> = (0..50).map(|number| stroke("flood", &number.to_string())).collect();
    let appended = buffer.append(&flood).await.unwrap();
    assert!(appended[..5].iter().all(|appended| *appended == AppendOutcome::Accepted));
    assert!(appended[5..].iter().all(|appended| *appended == AppendOutcome::Flooded));
    // Dropped keystrokes do not extend the period.
    until("the end of the flood", async || {
        (buffer.append_one(stroke("flood", "after")).await == AppendOutcome::Accepted).then_some(())
    })
    .await;
}

async fn late_keystrokes_are_dropped(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    // The highest sequence does not arrive last.
    for (sequence, text) in [(3, "bu"), (9, "business"), (4, "bus")] {
        buffer.accept(sequenced(sequence, stroke("s", text))).await;
    }
    buffer.accept(submitted(stroke("s", "business "))).await;
    assert_eq!(buffer.take_one().await.keystrokes.len(), 4);
    for sequence in [9, 8, 5, 4] {
        assert_eq!(buffer.append_one(sequenced(sequence, stroke("s", "late"))).await, AppendOutcome::Late);
    }
    assert_eq!(buffer.health().await.unwrap().late, 4);
    buffer.accept(stroke("s", "without a number")).await;
    buffer.accept(sequenced(10, stroke("s", "c"))).await;
    // No keystroke of an open run is late.
    buffer.accept(sequenced(11, stroke("s", "ca"))).await;
    buffer.accept(submitted(sequenced(12, stroke("s", "cat")))).await;
    buffer.accept(sequenced(11, stroke("s", "ca"))).await;
    buffer.accept(in_box("tab", sequenced(1, stroke("s", "x")))).await;
    buffer.accept(sequenced(1, stroke("other", "x"))).await;
    assert_eq!(texts(&buffer.take_one().await), ["without a number", "c", "ca", "cat", "ca"]);
    assert_eq!(buffer.append_one(sequenced(12, stroke("s", "late"))).await, AppendOutcome::Late);
    // A claimed run without sequences keeps the watermark.
    buffer.accept(submitted(stroke("s", "dog"))).await;
    buffer.ack_all(&[buffer.claim_one().await]).await;
    assert_eq!(buffer.append_one(sequenced(11, stroke("s", "late"))).await, AppendOutcome::Late);
    buffer.accept(sequenced(13, stroke("s", "d"))).await;
}

async fn sequences_of_any_size_are_compared(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const BEYOND_DOUBLES: i64 = (1 << 53) + 1;
    let buffer = open(unlimited()).await;
    for claimed in [i64::MIN + 2, -10, 9, 99, BEYOND_DOUBLES, i64::MAX - 1] {
        let session = format!("session {claimed}");
        buffer.accept(sequenced(claimed - 2, stroke(&session, "y"))).await;
        buffer.accept(submitted(sequenced(claimed, stroke(&session, "x")))).await;
        buffer.claim_one().await;
        for late in [claimed - 1, claimed] {
            assert_eq!(
                buffer.append_one(sequenced(late, stroke(&session, "late"))).await,
                AppendOutcome::Late
            );
        }
        buffer.accept(sequenced(claimed + 1, stroke(&session, "y"))).await;
    }
}

async fn watermarks_expire(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { late_memory: ms(100), ..unlimited() }).await;
    buffer.accept(sequenced(1, stroke("s", "b"))).await;
    buffer.accept(submitted(sequenced(5, stroke("s", "bus")))).await;
    buffer.claim_one().await;
    until("its end", async || {
        (buffer.append_one(sequenced(2, stroke("s", "bu"))).await == AppendOutcome::Accepted).then_some(())
    })
    .await;
}
