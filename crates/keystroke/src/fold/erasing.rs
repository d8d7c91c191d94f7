//! A text that is not remembered any more is erased letter by letter.

use super::continuing::Log;
use super::tests::{at, letters, stroke};
use super::*;

/// The queries of texts with sequences from `first` on, after the given milliseconds each.
fn queries(first: i64, texts: &[(i64, &str)]) -> Vec<String> {
    let mut now = 0;
    let keystrokes = (first..).zip(texts).map(|(sequence, (after, text))| {
        now += after;
        let composing = text.ends_with('~');
        let text = text.trim_end_matches('~');
        BufferedKeystroke { at: at(now), sequence: Some(sequence), composing, ..stroke(text) }
    });
    Log::queries_of(&keystrokes.collect::<Vec<_>>())
}

/// The states of the box while a text is erased, and then `rest`.
fn erased<'t>(text: &'t str, kept: usize, rest: &[&'t str]) -> Vec<(i64, &'t str)> {
    let states = letters(text);
    let states = states[kept..states.len() - 1].iter().rev().copied().chain(rest.iter().copied());
    states.map(|state| (120, state)).collect()
}

#[test]
fn erasing_a_forgotten_search_is_no_search() {
    for text in ["backpack", "oak table", "운동화 세일", "кресло"] {
        for first in [7, 1_790_000_000_000] {
            assert!(queries(first, &erased(text, 0, &[""])).is_empty(), "{text}");
            assert_eq!(queries(first, &erased(text, 0, &["", "hat"])), ["hat"], "{text}");
        }
        // The key is held.
        let mut held = erased(text, 0, &[""]);
        held.iter_mut().skip(2).for_each(|(after, _)| *after = 30);
        held[1].0 = 500;
        assert!(queries(7, &held).is_empty(), "{text}");
    }
    assert!(queries(7, &erased("oak table", 2, &[])).is_empty());
    assert_eq!(queries(7, &erased("oak table", 3, &["oak s", "oak shelf"])), ["oak shelf"]);
    assert_eq!(queries(7, &erased("oak table", 3, &["oak⏎"])), ["oak"]);
    let composed = ["mirro~", "mirr~", "mir~", "mi~", "m~", ""].map(|text| (90, text));
    assert!(queries(7, &composed).is_empty());
}

#[test]
fn erasing_a_text_that_was_typed_or_pasted_leaves_it() {
    // The first texts of a page load.
    for first in [0, 1] {
        assert_eq!(queries(first, &erased("mirrors", 0, &[""])), ["mirror"]);
    }
    let typed = letters("mirror").into_iter().map(|text| (90, text));
    assert_eq!(queries(7, &typed.chain(erased("mirror", 0, &[""])).collect::<Vec<_>>()), ["mirror"]);
    let composed = ["m~", "mi~", "mirr~", "mirror~", "mirro~", "mirr~", "mir~", "mi~", ""];
    assert_eq!(queries(7, &composed.map(|text| (90, text))), ["mirror"]);
    // Looked at, or read.
    for after in [600, 2_500] {
        let mut pasted = erased("mirrors", 0, &[""]);
        pasted[1].0 = after;
        assert_eq!(queries(7, &pasted), ["mirror"], "{after}");
    }
    // Shortened a little, or at once.
    assert_eq!(queries(7, &erased("oak table 22", 5, &[])), ["oak table 2"]);
    assert_eq!(queries(7, &[(0, "oak table"), (120, "oak"), (120, "")]), ["oak table"]);
}
