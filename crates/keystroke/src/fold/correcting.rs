//! Texts that are corrected, by visitors of any pace and clients of any frequency.

use super::continuing::{Log, check_runs};
use super::tests::{at, check, letters, stroke};
use super::*;
use quarry_domain::FinalReason::{Idle, Replaced, Submitted};

/// The queries of texts in intervals of milliseconds.
fn queries(interval: i64, texts: &[&str]) -> Vec<String> {
    let strokes = (0..)
        .zip(texts)
        .map(|(number, text)| BufferedKeystroke { at: at(number * interval), ..stroke(text) });
    Log::queries_of(&strokes.collect::<Vec<_>>())
}

#[test]
fn slow_typists_correct_a_letter() {
    for (typo, kept, text) in [
        ("winter hay", "winter ha", "winter hat"),
        ("sofi", "sof", "sofa"),
        ("size 3r", "size 3", "size 38"),
        ("desk lanp", "desk la", "desk lamp"),
        ("bikk", "bik", "bike"),
    ] {
        let typed = letters(text);
        let back = letters(typo).into_iter().rev().skip(1).take_while(|state| state.len() >= kept.len());
        let rest = typed.iter().copied().filter(|state| state.len() > kept.len());
        let states: Vec<&str> = letters(typo).into_iter().chain(back).chain(rest).collect();
        for interval in [300, 1_900, 2_100, 2_600, 3_400] {
            assert_eq!(queries(interval, &states), [text], "{interval}");
            let submitted = format!("{text}⏎");
            assert_eq!(queries(interval, &[&states[..], &[&submitted]].concat()), [text], "{interval}");
        }
    }
}

#[test]
fn a_typo_is_corrected_with_letters_added() {
    for (typo, text) in [
        ("gardne", "garden hose"),
        ("lpa", "laptop bag"),
        ("bluetoth sp", "bluetooth speaker"),
        ("runnig", "running shoes"),
        ("ketle", "kettle black"),
        ("wnite", "winter coat"),
        ("vaccuu", "vacuum cleaner"),
    ] {
        for after in [500, 1_000, 1_800] {
            assert_eq!(queries(after, &[typo, text]), [text], "{after}");
        }
    }
    // Half a word whose results were shown.
    for (typo, text) in [("haed", "headboard"), ("tabel", "tablecloth"), ("winetr co", "winter coat")] {
        assert_eq!(queries(2_600, &[typo, text]), [text]);
        check_runs(&[(0, &[typo]), (7, &[text])], &[text]);
    }
    // Other words.
    for (first, second) in
        [("lamp", "rug"), ("sofa", "hat rack"), ("desk", "bookshelf"), ("red bag", "big red box")]
    {
        check(&[first, second], &[(first, Replaced), (second, Idle)]);
    }
    check_runs(&[(0, &["lamp"]), (7, &["lime tree"])], &["lamp", "lime tree"]);
}

#[test]
fn a_word_is_deleted_with_the_space_beside_it() {
    for (text, word) in [
        ("small oak table", "oak"),
        ("warm wool socks men", "wool"),
        ("old brass lamp", "old"),
        ("hdmi c cable", "c"),
    ] {
        let from = text.find(word).unwrap();
        let states: Vec<String> = (0..=word.len())
            .rev()
            .map(|length| format!("{}{}", &text[..from + length], &text[from + word.len() + 1..]))
            .collect();
        let states: Vec<&str> = states.iter().map(String::as_str).collect();
        let left = states[states.len() - 1];
        check_runs(&[(0, &letters(text)), (3, &states)], &[text]);
        check_runs(&[(0, &letters(text)), (8, &states)], &[text]);
        check_runs(&[(0, &letters(text)), (20, &[&states[..], &[""]].concat())], &[text]);
        let submitted = format!("{left}⏎");
        check_runs(&[(0, &letters(text)), (8, &[&states[..], &[&submitted]].concat())], &[text, left]);
        // Not read.
        check_runs(&[(0, &[&letters(text)[..], &states].concat())], &[left]);
    }
    check_runs(&[(0, &["ice cream"]), (8, &["icecream"])], &["icecream"]);
}

#[test]
fn suggestions_with_the_typed_words_anywhere_are_tried_in_turn() {
    for (typed, suggestions) in [
        ("lamp", &["desk lamp", "lamp shade", "floor lamp"][..]),
        ("tab", &["tablet", "table", "coffee table"]),
        ("oak t", &["small oak table", "oak tray", "oak tv stand", "garden oak table"]),
        ("bik", &["bikes", "kids bike", "bike helmet"]),
    ] {
        let last = suggestions[suggestions.len() - 1];
        let states = [&letters(typed)[..], suggestions].concat();
        check(&states, &[(last, Idle)]);
        let submitted = format!("{last}⏎");
        check(&[&states[..], &[&submitted]].concat(), &[(last, Submitted)]);
        let dismissed = format!("{typed}⏎");
        check(&[&states[..], &[typed, &dismissed]].concat(), &[(typed, Submitted)]);
    }
    // Read before another one was chosen.
    check_runs(&[(0, &["lamp", "desk lamp"]), (3, &["lamp shade"])], &["desk lamp", "lamp shade"]);
}
