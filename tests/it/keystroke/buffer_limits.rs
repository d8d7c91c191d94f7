//! What every keystroke buffer drops or refuses, and counts: run on each adapter.

use quarry::domain::{Keystroke, Searcher};
use quarry::keystroke::{Appended, BufferLimits, Wanted};

use super::buffers::{TestBuffer, entered, in_box, ms, numbered, on_each_buffer, roomy, stroke, texts};
use crate::support::wait::until;

on_each_buffer!(
    a_full_buffer_says_so,
    a_buffer_that_is_full_of_bytes_says_so,
    a_flood_is_dropped,
    a_flood_ends_with_its_period,
    late_keystrokes_are_dropped,
    sequences_of_any_size_are_compared,
    late_keystrokes_are_known_for_a_time,
);

async fn a_full_buffer_says_so(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    // An adapter may share its room out over parts, so many sessions fill it.
    const ROOM: u64 = 160;
    let buffer = open(BufferLimits { keystrokes: ROOM, ..roomy() }).await;
    let typed: Vec<Keystroke> = (0..800).map(|number| stroke(&format!("session {number}"), "x")).collect();
    let mut appended = Vec::new();
    for batch in typed.chunks(100) {
        appended.extend(buffer.append(batch).await.unwrap());
    }
    let accepted = appended.iter().filter(|appended| **appended == Appended::Accepted).count() as u64;
    assert_eq!(accepted, ROOM);
    assert!(appended.iter().all(|appended| matches!(appended, Appended::Accepted | Appended::Full)));
    assert_eq!(appended[799], Appended::Full);
    let health = buffer.health().await.unwrap();
    assert_eq!((health.keystrokes, health.accepted, health.full), (ROOM, ROOM, 800 - ROOM));
    // What is claimed still needs room; what is acked does not.
    let runs = buffer.claim(Wanted::All, 1_000).await.unwrap();
    assert_eq!(runs.len() as u64, ROOM);
    assert_eq!(buffer.append_one(typed[799].clone()).await, Appended::Full);
    buffer.ack_all(&runs).await;
    assert_eq!(buffer.append_one(typed[799].clone()).await, Appended::Accepted);
}

async fn a_buffer_that_is_full_of_bytes_says_so(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const ROOM: usize = 1 << 20;
    // An adapter may share its room out over 16 parts, and each may take one keystroke too many.
    const PARTS: usize = 16;
    let text = "long ".repeat(800);
    let buffer = open(BufferLimits { bytes: ROOM as u64, ..roomy() }).await;
    let typed: Vec<Keystroke> = (0..800).map(|number| stroke(&format!("session {number}"), &text)).collect();
    let fill = async || {
        let mut accepted = 0;
        for keystroke in &typed {
            accepted += usize::from(buffer.append_one(keystroke.clone()).await == Appended::Accepted);
        }
        assert_eq!(buffer.append_one(typed[799].clone()).await, Appended::Full);
        accepted
    };
    let filled = fill().await;
    assert!(filled * text.len() <= ROOM + PARTS * 2 * text.len(), "{filled} texts were taken");
    assert!(filled * text.len() >= ROOM / 2, "{filled} texts were taken");
    let health = buffer.health().await.unwrap();
    assert_eq!((health.keystrokes, health.accepted), (filled as u64, filled as u64));
    // Room comes back with every byte, whether what took it is stored or erased; what is claimed still takes it.
    let mut stored = 0;
    while stored < filled {
        let runs = buffer.claim(Wanted::All, 1_000).await.unwrap();
        assert!(!runs.is_empty());
        assert_eq!(buffer.append_one(typed[799].clone()).await, Appended::Full);
        stored += runs.len();
        buffer.ack_all(&runs).await;
    }
    assert_eq!(fill().await, filled);
    for keystroke in &typed {
        buffer.erase(&Searcher::Session(keystroke.session.clone())).await.unwrap();
    }
    assert_eq!(fill().await, filled);
}

async fn a_flood_is_dropped(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { flood_keystrokes: 5, ..roomy() }).await;
    for number in 0..5 {
        // Another input is the same session.
        buffer
            .accept(in_box(if number < 2 { "tab" } else { "" }, stroke("flood", &number.to_string())))
            .await;
    }
    for _ in 0..3 {
        assert_eq!(buffer.append_one(stroke("flood", "dropped")).await, Appended::Flooded);
        buffer.accept(stroke("other", "x")).await;
    }
    let health = buffer.health().await.unwrap();
    assert_eq!((health.keystrokes, health.accepted, health.flooded), (8, 8, 3));
    let runs = buffer.claim(Wanted::All, 100).await.unwrap();
    assert!(runs.iter().all(|run| !texts(run).contains(&"dropped")));
}

async fn a_flood_ends_with_its_period(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { flood_keystrokes: 5, flood_period: ms(100), ..roomy() }).await;
    let flood: Vec<Keystroke> = (0..50).map(|number| stroke("flood", &number.to_string())).collect();
    let appended = buffer.append(&flood).await.unwrap();
    assert!(appended[..5].iter().all(|appended| *appended == Appended::Accepted));
    assert!(appended[5..].iter().all(|appended| *appended == Appended::Flooded));
    // Dropped keystrokes do not draw it out.
    until("the end of the flood", async || {
        (buffer.append_one(stroke("flood", "after")).await == Appended::Accepted).then_some(())
    })
    .await;
}

async fn late_keystrokes_are_dropped(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(roomy()).await;
    // In the order of arrival, the highest is not the last.
    for (sequence, text) in [(3, "bu"), (9, "business"), (4, "bus")] {
        buffer.accept(numbered(sequence, stroke("s", text))).await;
    }
    buffer.accept(entered(stroke("s", "business "))).await;
    assert_eq!(buffer.claim_one().await.keystrokes.len(), 4);
    for sequence in [9, 8, 0, -1] {
        assert_eq!(buffer.append_one(numbered(sequence, stroke("s", "late"))).await, Appended::Late);
    }
    assert_eq!(buffer.health().await.unwrap().late, 4);
    buffer.accept(stroke("s", "without a number")).await;
    buffer.accept(numbered(10, stroke("s", "c"))).await;
    // Within an open run nothing is late.
    buffer.accept(entered(numbered(11, stroke("s", "ca")))).await;
    buffer.accept(numbered(10, stroke("s", "c"))).await;
    buffer.accept(in_box("tab", numbered(1, stroke("s", "x")))).await;
    buffer.accept(numbered(1, stroke("other", "x"))).await;
    assert_eq!(texts(&buffer.claim_one().await), ["without a number", "c", "ca", "c"]);
    assert_eq!(buffer.append_one(numbered(11, stroke("s", "late"))).await, Appended::Late);
    // A claimed run without numbers does not forget the highest.
    buffer.accept(entered(stroke("s", "dog"))).await;
    buffer.ack_all(&[buffer.claim_one().await]).await;
    assert_eq!(buffer.append_one(numbered(11, stroke("s", "late"))).await, Appended::Late);
    buffer.accept(numbered(12, stroke("s", "d"))).await;
}

async fn sequences_of_any_size_are_compared(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const BEYOND_DOUBLES: i64 = (1 << 53) + 1;
    let buffer = open(roomy()).await;
    for claimed in [i64::MIN, -10, 9, 99, BEYOND_DOUBLES, i64::MAX - 1] {
        let session = format!("session {claimed}");
        buffer.accept(entered(numbered(claimed, stroke(&session, "x")))).await;
        buffer.claim_one().await;
        for late in [claimed.saturating_sub(1), claimed] {
            assert_eq!(buffer.append_one(numbered(late, stroke(&session, "late"))).await, Appended::Late);
        }
        buffer.accept(numbered(claimed + 1, stroke(&session, "y"))).await;
    }
}

async fn late_keystrokes_are_known_for_a_time(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(BufferLimits { late_memory: ms(100), ..roomy() }).await;
    buffer.accept(entered(numbered(5, stroke("s", "bus")))).await;
    buffer.claim_one().await;
    until("its end", async || {
        (buffer.append_one(numbered(1, stroke("s", "b"))).await == Appended::Accepted).then_some(())
    })
    .await;
}
