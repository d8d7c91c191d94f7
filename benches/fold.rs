//! Nanoseconds to fold a keystroke and to mask a text.
//!
//! `cargo bench --bench fold` prints both, relative to copying the same keystrokes or text:
//! - a typical run: a search of 13 letters with one corrected typo, and a number;
//! - the longest run of a buffer: 1,000 keystrokes, about 70 searches;
//! - the worst run within the limits: texts of 4 KiB, each unrelated to the previous one, in plain letters and in
//!   letters with marks;
//! - masking of a text without personal data, and of one with each kind.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use quarry::domain::{BufferedKeystroke, MAX_KEYSTROKE_BYTES};
use quarry::keystroke::{DueReason, FoldPolicy, Mask, fold};

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const POLICY: FoldPolicy =
    FoldPolicy { window: Duration::from_secs(5), continue_window: Duration::from_secs(30), mask: None };
const STROKE: TimeDelta = TimeDelta::milliseconds(150);
const LONG_RUN: usize = 1_000;
const WORST_RUN: usize = 100;
/// The number and the duration of samples.
const SAMPLES: usize = 21;
const SAMPLE: Duration = Duration::from_millis(50);
const WORDS: [&str; 8] =
    ["business", "running shoes", "caterpillar", "umbrella", "data", "espresso", "how is emil", "violin"];

fn run(texts: impl IntoIterator<Item = String>) -> Vec<BufferedKeystroke> {
    let start = Utc::now();
    let keystrokes = (0..).zip(texts).map(|(index, text)| BufferedKeystroke {
        at: start + STROKE * index,
        user: None,
        text,
        sequence: Some(index.into()),
        submitted: false,
        result_count: Some(3),
        composing: false,
        context: Default::default(),
    });
    keystrokes.collect()
}

/// The states of the box while a text is typed.
fn letters(text: &str) -> impl Iterator<Item = String> {
    text.char_indices().map(|(start, letter)| text[..start + letter.len_utf8()].to_owned())
}

fn typical() -> Vec<BufferedKeystroke> {
    let typo = letters("running shu").chain(["running sh".to_owned()]);
    run(typo.chain(letters("running shoes ").skip(10)).chain(["running shoes 42".to_owned()]))
}

fn long() -> Vec<BufferedKeystroke> {
    run(WORDS.iter().cycle().flat_map(|word| letters(word)).take(LONG_RUN))
}

/// Texts that differ from the previous one in the middle: the slowest comparison.
fn worst(letters: [&str; 2]) -> Vec<BufferedKeystroke> {
    let texts = (0..WORST_RUN).map(|index| {
        let count = MAX_KEYSTROKE_BYTES / letters[0].len();
        let first = letters[0].repeat(count / 2 - 8);
        first + &letters[index % 2].repeat(count / 2)
    });
    run(texts)
}

fn main() {
    println!("{:<20} {:>10} {:>14} {:>10} {:>10}", "fold", "keystrokes", "ns each", "to copy", "times");
    for (name, keystrokes) in [
        ("typical", typical()),
        ("long", long()),
        ("worst, plain", worst(["a", "b"])),
        ("worst, marks", worst(["e\u{31b}\u{301}", "o\u{31b}\u{301}"])),
    ] {
        let count = keystrokes.len();
        let folding =
            nanoseconds(|| fold(black_box(&keystrokes), None, &POLICY, DueReason::Idle)) / count as f64;
        let copying = nanoseconds(|| black_box(&keystrokes).clone()) / count as f64;
        println!("{name:<20} {count:>10} {folding:>14.0} {copying:>10.0} {:>10.1}", folding / copying);
    }
    println!("\n{:<20} {:>10} {:>14} {:>10} {:>10}", "mask", "bytes", "ns a text", "to copy", "times");
    for (name, text) in [
        ("nothing", "red running shoes"),
        ("digits", "iphone 15 pro 256 gb"),
        ("everything", "anna@example.com +49 170 1234567 4111 1111 1111 1111"),
    ] {
        let mask = Mask::default();
        let masking = nanoseconds(|| mask.apply(black_box(text)).len());
        let copying = nanoseconds(|| black_box(text).to_owned());
        let bytes = text.len();
        println!("{name:<20} {bytes:>10} {masking:>14.0} {copying:>10.0} {:>10.1}", masking / copying);
    }
}

/// The median duration of a call.
fn nanoseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    let started = Instant::now();
    black_box(call());
    // A sample has enough calls to make reading the clock negligible.
    let calls = (SAMPLE.as_nanos() / started.elapsed().as_nanos().max(1)).clamp(1, 100_000) as u32;
    let sample = || {
        let started = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        started.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let mut samples: Vec<f64> = std::iter::repeat_with(sample).take(SAMPLES).collect();
    samples.sort_by(f64::total_cmp);
    samples[SAMPLES / 2]
}
