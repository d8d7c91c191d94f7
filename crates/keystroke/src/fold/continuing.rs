//! Typing with pauses, and the ways of entering text other than letter by letter.

use std::sync::LazyLock;

use super::tests::{at, check, letters, stroke, typed};
use super::*;
use chrono::TimeDelta;
use quarry_domain::FinalReason::{Cleared, Idle, Replaced, Submitted};
use quarry_domain::LoggedSearchId;

pub(super) static POLICY: LazyLock<FoldPolicy> = LazyLock::new(|| FoldPolicy {
    window: Duration::from_secs(5),
    continue_window: Duration::from_secs(30),
    mask: Some(Mask::default()),
});

/// The rows of a log after each run, as the flusher would store them.
#[derive(Default)]
pub(super) struct Log {
    pub(super) rows: Vec<RememberedSearch>,
    pub(super) remembered: Option<RememberedSearch>,
    now: i64,
}

impl Log {
    /// Folds a run that begins some seconds after the last one ended.
    pub(super) fn run(&mut self, after_s: i64, texts: &[&str]) {
        self.now += after_s * 1_000;
        let mut keystrokes = typed(texts);
        for keystroke in &mut keystrokes {
            keystroke.at += TimeDelta::milliseconds(self.now);
        }
        self.now = keystrokes.last().map_or(self.now, |last| last.at.timestamp_millis());
        self.fold(&keystrokes);
    }

    pub(super) fn fold(&mut self, keystrokes: &[BufferedKeystroke]) {
        self.store(keystrokes, &POLICY);
    }

    pub(super) fn store(&mut self, keystrokes: &[BufferedKeystroke], policy: &FoldPolicy) {
        let folded = fold(keystrokes, self.remembered.as_ref(), policy, DueReason::Idle);
        if let Some(search) = folded.continued {
            let row = self.rows.last_mut().unwrap();
            *row = RememberedSearch { revision: row.revision + 1, search, ..row.clone() };
        }
        for search in folded.searches {
            let id = LoggedSearchId(uuid::Uuid::from_u128(self.rows.len() as u128));
            self.rows.push(RememberedSearch { id, revision: 1, search, trace: SearchTrace::default() });
        }
        let last = self.rows.last().cloned();
        self.remembered = last.zip(folded.trace).map(|(last, trace)| RememberedSearch { trace, ..last });
    }

    /// The queries of one run.
    pub(super) fn queries_of(keystrokes: &[BufferedKeystroke]) -> Vec<String> {
        let mut log = Self::default();
        log.fold(keystrokes);
        log.queries().into_iter().map(str::to_owned).collect()
    }

    pub(super) fn queries(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.search.query.as_str()).collect()
    }
}

/// Checks the queries of runs with pauses before each.
#[track_caller]
pub(super) fn check_runs(runs: &[(i64, &[&str])], expected: &[&str]) {
    let mut log = Log::default();
    for (after_s, texts) in runs {
        log.run(*after_s, texts);
    }
    assert_eq!(log.queries(), expected, "{runs:?}");
}

#[test]
fn erasing_a_stored_search_is_no_search() {
    let back = ["restauran", "restaura", "restaur", "rest", "r", ""];
    check_runs(&[(0, &["restaurant⏎"]), (7, &back)], &["restaurant"]);
    check_runs(&[(0, &["restaurant"]), (7, &back), (1, &["hotel"])], &["restaurant", "hotel"]);
    let and_more = [&back[..], &["h", "hotel"]].concat();
    for pause in [7, 60, 500] {
        check_runs(&[(0, &["restaurant⏎"]), (pause, &and_more)], &["restaurant", "hotel"]);
        check_runs(&[(0, &["restaurant"]), (pause, &and_more)], &["restaurant", "hotel"]);
    }
    // With pauses, from the front, at once, and left half-way.
    check_runs(&[(0, &["restaurant⏎"]), (7, &back[..3]), (9, &back[3..])], &["restaurant"]);
    check_runs(&[(0, &["restaurant"]), (40, &["estaurant", "staurant", ""])], &["restaurant"]);
    check_runs(&[(0, &["red shoes"]), (40, &["red ", "hat"])], &["red shoes", "hat"]);
    check_runs(&[(0, &["red shoes"]), (10, &["red "]), (40, &["red"]), (1, &[""])], &["red shoes"]);
}

#[test]
fn slow_typing_is_one_search() {
    check_runs(&[(0, &["b"]), (6, &["bu"]), (6, &["bus"]), (6, &["busi", "business⏎"])], &["business"]);
    check_runs(&[(0, &["shoes"]), (20, &["shoes ", "shoes red"])], &["shoes red"]);
    check_runs(&[(0, &["busimess"]), (8, &["busi", "business"])], &["business"]);
    check_runs(&[(0, &["business"]), (8, &["bus⏎"])], &["bus"]);
    let mut log = Log::default();
    log.run(0, &["shoes"]);
    log.run(20, &["shoes red"]);
    log.run(20, &["shoes red 42⏎"]);
    let row = &log.rows[0];
    assert_eq!((row.revision, row.search.keystrokes, row.search.reason), (3, 3, Submitted));
    assert_eq!((row.search.started_at, row.search.last_keystroke_at), (at(0), at(40_000)));
    // Later text is another search, and so is text after a submission.
    check_runs(&[(0, &["shoes"]), (31, &["shoes red"])], &["shoes", "shoes red"]);
    check_runs(&[(0, &["shoes⏎"]), (6, &["shoes red⏎"])], &["shoes", "shoes red"]);
    check_runs(&[(0, &["shoes"]), (6, &["hat"])], &["shoes", "hat"]);
    check_runs(&[(0, &["林"]), (6, &["花"])], &["林", "花"]);
    check_runs(&[(0, &["tv"]), (6, &["t", "x", "xy"])], &["tv", "xy"]);
}

#[test]
fn the_same_text_is_the_same_search() {
    let mut log = Log::default();
    log.run(0, &["widget⏎"]);
    for pause in [6, 40, 100, 300] {
        log.run(pause, &["widget"]);
        log.run(pause, &["widget⏎", "widget"]);
    }
    log.run(20, &["", "w", "wi", "widget⏎"]);
    assert_eq!((log.queries(), log.rows[0].revision), (vec!["widget"], 1));
    log.run(6, &["gadget⏎"]);
    log.run(6, &["widget⏎"]);
    assert_eq!(log.queries(), ["widget", "gadget", "widget"]);
    // Its first number of results stays, and a missing one is added.
    let mut log = Log::default();
    for (second, count) in [(0, None), (6, Some(40)), (12, Some(3))] {
        let typed = BufferedKeystroke { at: at(second * 1_000), result_count: count, ..stroke("widget⏎") };
        log.fold(&[typed]);
    }
    assert_eq!((log.rows[0].search.result_count, log.rows[0].revision), (Some(40), 2));
}

#[test]
fn a_false_start_is_typed_again() {
    check(&["b", "bs", "bsu", "bs", "b", "", "b", "bu", "bus", "business"], &[("business", Idle)]);
    check(&[letters("BUSI"), vec![""], letters("business")].concat(), &[("business", Idle)]);
    check(&[letters("jot"), vec![""], letters("hotel")].concat(), &[("hotel", Idle)]);
    check(&[letters("resturant"), vec![""], letters("restaurant")].concat(), &[("restaurant", Idle)]);
    check_runs(&[(0, &["BUSI"]), (7, &["", "b", "business"])], &["business"]);
    check_runs(&[(0, &["busi"]), (7, &[""]), (7, &["b", "business"])], &["business"]);
    // Other words, and other numbers.
    check(&[letters("cat"), vec![""], letters("dog")].concat(), &[("cat", Cleared), ("dog", Idle)]);
    check(&[letters("tvs"), vec![""], letters("tulips")].concat(), &[("tvs", Cleared), ("tulips", Idle)]);
    check(
        &[letters("red shoes"), vec![""], letters("red shirt")].concat(),
        &[("red shoes", Cleared), ("red shirt", Idle)],
    );
    check(&["size 41", "", "size 42"], &[("size 41", Cleared), ("size 42", Idle)]);
    check(&["caterpillar", "", "c", "ca", "cat"], &[("caterpillar", Cleared), ("cat", Idle)]);
}

#[test]
fn a_selection_is_typed_over_with_its_beginning() {
    check(&["business cards", "b", "bu", "bus"], &[("business cards", Replaced), ("bus", Idle)]);
    check(&["business cards", "b", "bu", "bus⏎"], &[("business cards", Replaced), ("bus", Submitted)]);
    check(&["business cards", "b", "bu", "bus", ""], &[("business cards", Replaced), ("bus", Cleared)]);
    check(&["business cards", "b", "bu", "bus", "bush"], &[("business cards", Replaced), ("bush", Idle)]);
    check_runs(&[(0, &["business cards"]), (9, &["b", "bu", "bus"])], &["business cards", "bus"]);
    // Deliveries without a sequence may be repeated.
    check(&["business cards", "b", "b", "bu", "bu", "bus"], &[("business cards", Replaced), ("bus", Idle)]);
    // Typed to the end again, it is the same search; and deletions are no typing.
    check(&["business", "b", "bu", "bus", "business"], &[("business", Idle)]);
    check(&["business cards", "b"], &[("business cards", Idle)]);
    check(&["business cards", "b", ""], &[("business cards", Cleared)]);
}

#[test]
fn a_stray_last_letter_is_removed() {
    check(&["hotel", "hotelw", "hotel"], &[("hotel", Idle)]);
    check(&["hotel", "hotelw", "hotel", "hotel⏎"], &[("hotel", Submitted)]);
    check_runs(&[(0, &["hotelw"]), (7, &["hotel"])], &["hotel"]);
    check_runs(&[(0, &["hotelw"]), (7, &["hotel"]), (7, &["hotel paris"])], &["hotel paris"]);
    check_runs(&[(0, &["hotelw"]), (7, &["hotel"]), (40, &["hote", ""])], &["hotel"]);
    // What was deleted further was the beginning of an erasure.
    check_runs(&[(0, &["hotel"]), (7, &["hote"]), (7, &["hot", "h", ""])], &["hotel"]);
    check(&["hotel", "hote", "hot"], &[("hotel", Idle)]);
    let mut log = Log::default();
    for (second, text, count) in [(0, "hotel", 7), (6, "hote", 3), (12, "hot", 2)] {
        log.fold(&[BufferedKeystroke { at: at(second * 1_000), result_count: Some(count), ..stroke(text) }]);
    }
    assert_eq!((log.queries(), log.rows[0].search.result_count), (vec!["hotel"], Some(7)));
}

#[test]
fn input_methods_compose_with_separators_tones_and_strokes() {
    for texts in [
        &["n", "ni", "ni h", "ni ha", "ni hao", "你好"][..],
        &["b", "bei", "bei jing", "bei jing lv you", "你好", "你好"][4..],
        &["ni\u{2006}h", "ni\u{2006}hao", "你好"],
        &["ㄋ", "ㄋㄧ", "ㄋㄧˇ", "你", "你ㄏ", "你ㄏㄠˇ", "你好"],
    ] {
        check(texts, &[("你好", Idle)]);
    }
    check(&["b", "bei jing", "bei jing lv you", "北京旅游"], &[("北京旅游", Idle)]);
    check(&["ㄊㄞˊ", "台ㄅㄟˇ", "台北"], &[("台北", Idle)]);
    check(&["日", "日月", "明", "明一", "明一大", "明天"], &[("明天", Idle)]);
    check(&["い", "いぽ", "いぽね", "iPhone"], &[("iPhone", Idle)]);
    check(&["n", "namaste", "नमस्ते", "नमस्ते duniya", "नमस्ते दुनिया"], &[("नमस्ते दुनिया", Idle)]);
    check_runs(&[(0, &["n", "ni hao"]), (6, &["你好"])], &["你好"]);
}

#[test]
fn a_composed_text_counts_only_in_the_end() {
    let composing = |text: &str| BufferedKeystroke { composing: true, ..stroke(text) };
    let run = |keystrokes: Vec<BufferedKeystroke>| {
        let spaced = (0..)
            .zip(keystrokes)
            .map(|(index, keystroke)| BufferedKeystroke { at: at(index * 100), ..keystroke });
        let folded = fold(&spaced.collect::<Vec<_>>(), None, &POLICY, DueReason::Idle);
        folded.searches.into_iter().map(|search| search.query).collect::<Vec<_>>()
    };
    assert_eq!(run(vec![composing("qwer"), composing("qwerty uiop"), stroke("東京")]), ["東京"]);
    assert_eq!(run(vec![composing("hot"), composing("hotel")]), ["hotel"]);
    assert_eq!(run(vec![composing("qwer"), stroke("")]), [""; 0]);
    assert_eq!(run(vec![BufferedKeystroke { submitted: true, ..composing("tokyo") }, stroke("x")]).len(), 2);
    let mut log = Log::default();
    log.fold(&[composing("qwerty uiop")]);
    log.fold(&[BufferedKeystroke { at: at(6_000), ..stroke("東京") }]);
    assert_eq!(log.queries(), ["東京"]);
}

/// The queries of texts after the given milliseconds each; `~` marks composed ones.
pub(super) fn composed(texts: &[(i64, &str)]) -> Vec<String> {
    let mut now = 0;
    let mut log = Log::default();
    let mut run: Vec<BufferedKeystroke> = Vec::new();
    for (after, text) in texts {
        now += after;
        if *after >= 5_000 {
            log.fold(&std::mem::take(&mut run));
        }
        let composing = text.ends_with('~');
        run.push(BufferedKeystroke { at: at(now), composing, ..stroke(text.trim_end_matches('~')) });
    }
    log.fold(&run);
    log.queries().into_iter().map(str::to_owned).collect()
}

/// Composed letters, 100 ms apart.
fn letter_by_letter(text: &str) -> Vec<String> {
    letters(text).into_iter().map(|letters| format!("{letters}~")).collect()
}

#[test]
fn composed_words_that_are_erased_or_replaced_were_typed() {
    for (first, second) in [
        ("green tea", "milk jug"),
        ("monitor", "desk"),
        ("가방", "신발"),
        ("くつ", "ぼうし"),
        ("कुर्सी", "मेज"),
        ("стол", "лампа"),
    ] {
        let (first_states, second_states) = (letter_by_letter(first), letter_by_letter(second));
        let timed = |states: &[String]| states.iter().map(|text| (100, text.clone())).collect::<Vec<_>>();
        for (pause, between) in [(3_500, Some("")), (1_800, Some("")), (8_000, Some("")), (3_500, None)] {
            let mut texts = timed(&first_states);
            let mut rest = timed(&second_states);
            match between {
                Some(text) => texts.push((pause, text.to_owned())),
                None => rest[0].0 = pause,
            }
            texts.extend(rest);
            let texts: Vec<(i64, &str)> = texts.iter().map(|(after, text)| (*after, text.as_str())).collect();
            assert_eq!(composed(&texts), [first, second], "{pause} {between:?}");
        }
    }
    // Deleted letter by letter.
    let mut states = letter_by_letter("mirror");
    let deleted: Vec<String> = states[..5].iter().rev().cloned().collect();
    states.extend(deleted);
    let mut texts: Vec<(i64, &str)> = states.iter().map(|text| (100, text.as_str())).collect();
    texts.push((100, ""));
    assert_eq!(composed(&texts), ["mirror"]);
    // Words that are committed one by one.
    let texts = ["oak~", "oak ", "oak t~", "oak ta~", "oak table~"].map(|text| (100, text));
    assert_eq!(composed(&texts), ["oak table"]);
}

#[test]
fn a_composition_ends_with_its_last_candidate() {
    for (texts, expected) in [
        (&["きしゃ~", "記者~", "汽車~", "貴社"][..], "貴社"),
        (&["たべる~", "食べる~", "たべる~", "タベル"], "タベル"),
        (&["n~", "ne~", "neko~", "猫~", "ネコ"], "ネコ"),
        (&["selam~", "ሰላም"], "ሰላም"),
        (&["teh~", "the "], "the"),
        (&["東京~", "東京h~", "東京ほてる~", "東京ホテル"], "東京ホテル"),
        // Cancelled.
        (&["東京", "東京h~", "東京hoteru~", "東京"], "東京"),
    ] {
        let timed: Vec<(i64, &str)> = texts.iter().map(|text| (400, *text)).collect();
        assert_eq!(composed(&timed), [expected], "{texts:?}");
    }
    assert!(composed(&[(0, "n~"), (90, "nihao~"), (300, "")]).is_empty());
}

#[test]
fn dictation_rewrites_its_words() {
    check(
        &[
            "where",
            "wear",
            "where is",
            "where is the",
            "where is the nearest copy",
            "where is the nearest coffee shop",
        ],
        &[("where is the nearest coffee shop", Idle)],
    );
    check(
        &["wreck", "wreck a nice", "wreck a nice beach", "recognize speech"],
        &[("recognize speech", Idle)],
    );
    check(&["for", "fork", "four candles"], &[("four candles", Idle)]);
    check(&["iphone", "iphone fifteen", "iphone 15"], &[("iphone 15", Idle)]);
    check(&["ice", "eyes", "ice cream"], &[("ice cream", Idle)]);
    check(&["red shoes", "blue lamp"], &[("red shoes", Replaced), ("blue lamp", Idle)]);
}

#[test]
fn completions_that_are_tried_in_turn_are_one_search() {
    check(&["bus", "bus tickets", "bus stop", "business⏎"], &[("business", Submitted)]);
    check(&["b", "bu", "bus", "bus tickets", "bus stop", "business", "bus"], &[("bus", Idle)]);
    check(&["bus", "bus tickets", "bus stop", "bus stop london"], &[("bus stop london", Idle)]);
    check(&["b", "business", "bu", "business", "but", "butter"], &[("butter", Idle)]);
    check(&["b", "business", "bz", "bzz"], &[("bzz", Idle)]);
}

#[test]
fn inline_completions_from_the_first_letter_are_one_search() {
    for texts in [
        &["w", "wikipedia", "wi", "winter coat", "win", "winter coat", "wind", "wind chime⏎"][..],
        &["c", "camera", "co", "coffee", "cof", "coffin nails", "coffe", "coffee mug⏎"],
        &["l", "laptop", "la", "lawn mower", "lam", "lamp shade", "lamb", "lambskin rug⏎"],
        &["к", "книга", "кр", "кресло", "кро", "кровать", "крос", "кроссовки⏎"],
        // Dismissed with a key.
        &["bas", "basketball", "bas", "basi", "basil⏎"],
        &["s", "sofa", "s", "st", "stool⏎"],
    ] {
        let last = texts[texts.len() - 1];
        check(texts, &[(last.trim_end_matches('⏎'), Submitted)]);
        let left = [&texts[..texts.len() - 1], &[last.trim_end_matches('⏎')]].concat();
        check(&left, &[(last.trim_end_matches('⏎'), Idle)]);
    }
    // A deletion, and another search after results that were read.
    check(&["bas", "basketball", "bas"], &[("basketball", Idle)]);
    assert_eq!(
        composed(&[(0, "b"), (200, "basketball"), (2_500, "b"), (200, "bu"), (200, "bucket")]).len(),
        2
    );
}

#[test]
fn a_suggestion_that_contains_the_typed_words_is_accepted() {
    for (typed, accepted) in [
        ("shoe", "red shoes"),
        ("shoe", "running shoes for men"),
        ("jack", "blue jacket"),
        ("iphone cas", "case for iphone"),
        ("shoes", "red shoes"),
        ("куртк", "зимняя куртка"),
    ] {
        let submitted = format!("{accepted}⏎");
        check(&[letters(typed), vec![accepted]].concat(), &[(accepted, Idle)]);
        check(&[letters(typed), vec![&submitted]].concat(), &[(accepted, Submitted)]);
    }
    check_runs(&[(0, &["shoes"]), (7, &["red shoes"])], &["red shoes"]);
    // Other words.
    check(&["shoe", "red shirts"], &[("shoe", Replaced), ("red shirts", Idle)]);
}

#[test]
fn a_word_is_selected_and_typed_over() {
    check(&["blue jacket", "blue c", "blue co", "blue coat"], &[("blue coat", Idle)]);
    check(&["blue jacket", "blue ", "blue c", "blue coat⏎"], &[("blue coat", Submitted)]);
    check(&["blue jacket", "r jacket", "red jacket"], &[("red jacket", Idle)]);
    check(&["a blue wool jacket", "a blue s jacket", "a blue silk jacket"], &[("a blue silk jacket", Idle)]);
    check(&["blue jacket", "red lamp"], &[("blue jacket", Replaced), ("red lamp", Idle)]);
    // After its results were read.
    check_runs(&[(0, &["blue jacket"]), (3, &["blue c", "blue coat"])], &["blue jacket", "blue coat"]);
}

#[test]
fn a_counter_that_begins_again_loses_no_search() {
    let numbered =
        |sequence, ms, text: &str| BufferedKeystroke { at: at(ms), sequence: Some(sequence), ..stroke(text) };
    let red = ["r", "re", "red", "red s", "red shoes⏎"];
    let hats = ["r", "ro", "rope", "ropes"];
    for pause in [500, 7_000] {
        let before = (1..).zip(red).map(|(sequence, text)| numbered(sequence, sequence * 100, text));
        let after = (1..).zip(hats).map(|(sequence, text)| numbered(sequence, pause + sequence * 100, text));
        let mut log = Log::default();
        log.fold(&before.chain(after).collect::<Vec<_>>());
        assert_eq!(log.queries(), ["red shoes", "ropes"], "{pause}");
    }
}

#[test]
fn masked_searches_are_continued_and_erased() {
    let mut log = Log::default();
    log.run(0, &["call anna.smith@example.com"]);
    assert_eq!(log.queries(), ["call [email]"]);
    let trace = format!("{:?}", log.remembered);
    assert!(!trace.contains("anna") && !trace.contains("example"), "{trace}");
    log.run(7, &["call anna.smith@example.co", "call anna.smith@exam", "call anna", "call"]);
    log.run(7, &["call anna.smith@example.com today"]);
    assert_eq!(log.queries(), ["call [email] today"]);
    log.run(40, &["call anna", "c", ""]);
    log.run(7, &["hats"]);
    assert_eq!(log.queries(), ["call [email] today", "hats"]);
}
