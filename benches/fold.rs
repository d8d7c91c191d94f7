//! What does it cost to fold a keystroke, and to mask a text?
//!
//! `cargo bench --bench fold`: the throughput is keystrokes per second, so a keystroke takes
//! 1,000,000,000 / throughput nanoseconds.
//! - a run as people type: a search of 14 letters with one typo that is taken back;
//! - the longest run that a buffer lets grow: 1,000 keystrokes, about 70 searches;
//! - the worst that the limits allow: texts of 4 KiB, each another search than the one before, in
//!   plain letters and in letters with marks;
//! - masking of a query that has nothing to mask, and of one that has everything.

use std::hint::black_box;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quarry::domain::{BufferedKeystroke, MAX_KEYSTROKE_BYTES};
use quarry::keystroke::{DueReason, FoldPolicy, fold, mask};

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const POLICY: FoldPolicy = FoldPolicy { window: Duration::from_secs(5), mask: true };
const STROKE: TimeDelta = TimeDelta::milliseconds(150);
const LONG_RUN: usize = 1_000;
const WORST_RUN: usize = 100;
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
    });
    keystrokes.collect()
}

/// Every state of the box while this is typed.
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

/// Each text is far from the one before, in the middle, so that all of it is looked at.
fn worst(letters: [&str; 2]) -> Vec<BufferedKeystroke> {
    let texts = (0..WORST_RUN).map(|index| {
        let count = MAX_KEYSTROKE_BYTES / letters[0].len();
        let first = letters[0].repeat(count / 2 - 8);
        first + &letters[index % 2].repeat(count / 2)
    });
    run(texts)
}

fn folding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    let runs = [
        ("typical", typical()),
        ("long", long()),
        ("worst, plain", worst(["a", "b"])),
        ("worst, marks", worst(["e\u{31b}\u{301}", "o\u{31b}\u{301}"])),
    ];
    for (name, keystrokes) in runs {
        group.throughput(Throughput::Elements(keystrokes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| fold(black_box(&keystrokes), &POLICY, DueReason::Idle));
        });
    }
    group.finish();
}

fn masking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    for (name, text) in [
        ("nothing", "red running shoes"),
        ("digits", "iphone 15 pro 256 gb"),
        ("everything", "anna@example.com +49 170 1234567 4111 1111 1111 1111"),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| mask(black_box(text)).len()));
    }
    group.finish();
}

criterion_group!(benches, folding, masking);
criterion_main!(benches);
