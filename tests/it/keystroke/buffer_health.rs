//! Conformance of keystroke buffers: health.

use quarry::domain::Keystroke;
use quarry::keystroke::{BufferHealth, BufferLimits, ClaimScope, FlushCounts};

use super::buffers::{TestBuffer, in_box, ms, on_each_buffer, settled, stroke, submitted, unlimited};
use crate::support::wait::next_millisecond;

on_each_buffer!(health_reports_contents_and_counters, settled_precedes_all_waiting_keystrokes);

async fn health_reports_contents_and_counters(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    let buffer = open(unlimited()).await;
    let unused = buffer.health().await.unwrap();
    assert_eq!(unused, BufferHealth { settled: unused.settled, ..BufferHealth::default() });
    buffer.accept(submitted(stroke("a", "1"))).await;
    next_millisecond().await;
    buffer.accept(stroke("b", "1")).await;
    buffer.accept(submitted(stroke("b", "2"))).await;
    let waiting = buffer.health().await.unwrap();
    assert_eq!((waiting.runs, waiting.keystrokes, waiting.accepted, waiting.claimed), (2, 3, 3, 0));
    let runs = buffer.claim_due().await;
    assert_eq!(waiting.oldest, Some(runs[0].keystrokes[0].at));
    assert!(unused.settled.is_some() && unused.settled <= waiting.settled);
    assert_eq!(waiting.settled, waiting.oldest);
    let claimed = buffer.health().await.unwrap();
    assert_eq!((claimed.runs, claimed.keystrokes, claimed.claimed, claimed.reclaimed), (2, 3, 2, 0));
    assert_eq!((claimed.oldest, claimed.last_flush), (waiting.oldest, None));
    assert_eq!(claimed.settled, waiting.oldest);
    let flush = FlushCounts { searches: 5, duplicates: 3, late: 2 };
    buffer.ack(&settled(&runs[..1]), flush).await.unwrap();
    let half = buffer.health().await.unwrap();
    assert_eq!((half.runs, half.keystrokes, half.oldest), (1, 2, Some(runs[1].keystrokes[0].at)));
    assert_eq!((half.searches, half.duplicates, half.late), (5, 3, 2));
    buffer.ack(&settled(&runs[1..]), flush).await.unwrap();
    let empty = buffer.health().await.unwrap();
    assert_eq!((empty.runs, empty.keystrokes, empty.oldest, empty.accepted), (0, 0, None, 3));
    assert_eq!((empty.searches, empty.duplicates, empty.late), (10, 6, 4));
    assert!(empty.settled >= empty.last_flush);
    assert!(empty.last_flush >= half.last_flush && half.last_flush >= claimed.oldest);
}

async fn settled_precedes_all_waiting_keystrokes(open: impl AsyncFn(BufferLimits) -> TestBuffer) {
    const OTHERS: usize = 600;
    let buffer = open(BufferLimits { window: ms(600_000), ..unlimited() }).await;
    // The first run is due last of many.
    buffer.accept(in_box("first", stroke("busy", "b"))).await;
    next_millisecond().await;
    let boxes: Vec<String> = (0..OTHERS).map(|n| n.to_string()).collect();
    let strokes: Vec<Keystroke> = boxes.iter().map(|name| in_box(name, stroke("busy", "x"))).collect();
    buffer.append(&strokes).await.unwrap();
    buffer.accept(in_box("first", stroke("busy", "bu"))).await;
    let settled = buffer.health().await.unwrap().settled;
    let runs = buffer.claim(ClaimScope::All, 10_000).await.unwrap();
    assert_eq!(runs.len(), OTHERS + 1);
    let first = runs.iter().flat_map(|run| &run.keystrokes).map(|keystroke| keystroke.at).min();
    assert!(settled.is_some() && settled <= first, "{settled:?} {first:?}");
}
