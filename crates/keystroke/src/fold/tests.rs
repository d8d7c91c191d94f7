//! Each rule by example.

use chrono::TimeDelta;

use super::*;
use quarry_domain::FinalReason::{Cleared, Idle, Limit, Replaced, Shutdown, Submitted, UserChanged};
use quarry_domain::{SearchContext, Timestamp, UserId};

/// Marks a submitted text at its end.
const ENTER: char = '⏎';
/// The interval of keystrokes, unless a test sets the times.
const STROKE_MS: i64 = 100;
const POLICY: FoldPolicy =
    FoldPolicy { window: Duration::from_secs(5), continue_window: Duration::from_secs(30), mask: None };

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::milliseconds(ms)
}

pub(super) fn stroke(text: &str) -> BufferedKeystroke {
    let submitted = text.ends_with(ENTER);
    let text = text.trim_end_matches(ENTER).to_owned();
    BufferedKeystroke {
        at: at(0),
        user: None,
        text,
        sequence: None,
        submitted,
        result_count: None,
        composing: false,
        context: SearchContext::default(),
    }
}

fn spaced(mut keystrokes: Vec<BufferedKeystroke>) -> Vec<BufferedKeystroke> {
    for (index, keystroke) in (0..).zip(&mut keystrokes) {
        keystroke.at = at(index * STROKE_MS);
    }
    keystrokes
}

pub(super) fn typed(texts: &[&str]) -> Vec<BufferedKeystroke> {
    spaced(texts.iter().map(|text| stroke(text)).collect())
}

fn nth(sequence: i64, ms: i64, text: &str) -> BufferedKeystroke {
    BufferedKeystroke { at: at(ms), sequence: Some(sequence), ..stroke(text) }
}

fn counted(text: &str, count: i64) -> BufferedKeystroke {
    BufferedKeystroke { result_count: Some(count), ..stroke(text) }
}

/// The states of the box while a text is typed.
pub(super) fn letters(text: &str) -> Vec<&str> {
    text.grapheme_indices(true).map(|(start, letter)| &text[..start + letter.len()]).collect()
}

/// The states of the box while a text is deleted from the end.
fn deleted(text: &str) -> Vec<&str> {
    text.grapheme_indices(true).map(|(start, _)| &text[..start]).rev().collect()
}

fn idle(keystrokes: &[BufferedKeystroke]) -> FoldOutcome {
    fold(keystrokes, None, &POLICY, DueReason::Idle)
}

fn outcome(folded: &FoldOutcome) -> Vec<(&str, FinalReason)> {
    folded.searches.iter().map(|search| (search.query.as_str(), search.reason)).collect()
}

#[track_caller]
pub(super) fn check(texts: &[&str], expected: &[(&str, FinalReason)]) {
    assert_eq!(outcome(&idle(&typed(texts))), expected, "{texts:?}");
}

#[test]
fn the_longest_text_of_a_chain_is_logged() {
    check(&letters("Busines"), &[("Busines", Idle)]);
    check(&["How is", "Howis emil", "How is emil h"], &[("How is emil h", Idle)]);
    check(
        &["How is", "Howis emil hajric", "How is emil hajric doing?"],
        &[("How is emil hajric doing?", Idle)],
    );
    check(&["hello", "Hello world", "Hello world how are you?"], &[("Hello world how are you?", Idle)]);
    check(&["a whole query pasted"], &[("a whole query pasted", Idle)]);
    check(&["red", "red shoes for running"], &[("red shoes for running", Idle)]);
    check(&["cat", "CAT"], &[("CAT", Idle)]);
    check(&["how is", "howis"], &[("howis", Idle)]);
}

#[test]
fn deletions_shorten_a_search_only_with_a_submission() {
    check(&["Business", "Bus"], &[("Business", Idle)]);
    check(&[letters("Business"), deleted("Business")].concat(), &[("Business", Cleared)]);
    check(&["Business", "Bus⏎"], &[("Bus", Submitted)]);
    check(&["Business", "Bus", "Busin"], &[("Business", Idle)]);
    check(&["Business", "Bus", "Bush"], &[("Business", Replaced), ("Bush", Idle)]);
    check(&["Business", "Bus", "Bush", "Bushes"], &[("Business", Replaced), ("Bushes", Idle)]);
}

#[test]
fn a_correction_replaces_what_it_corrects() {
    check(&["Busimess", "Busi", "Business"], &[("Business", Idle)]);
    check(&["Busimess", "Busi", "Busin"], &[("Busin", Idle)]);
    check(&["cat", "act"], &[("act", Idle)]);
    check(&["cat", "cot"], &[("cot", Idle)]);
    check(&["cat", "cow"], &[("cat", Replaced), ("cow", Idle)]);
    check(&["teh shoes", "the shoes⏎"], &[("the shoes", Submitted)]);
    check(&["cats and dogs", "cats n dogs"], &[("cats n dogs", Idle)]);
    check(&["hello world", "hello there"], &[("hello there", Idle)]);
}

#[test]
fn a_correction_of_an_early_letter_is_recognised_late() {
    let first = letters("Buziness");
    check(&[&first[..], &["Bu", "Business"]].concat(), &[("Business", Idle)]);
    let back: Vec<&str> = deleted("Buziness").into_iter().take(6).collect();
    let again: Vec<&str> = letters("Business").into_iter().skip(2).collect();
    let keystrokes = typed(&[first, back, again].concat());
    let folded = idle(&keystrokes);
    assert_eq!(outcome(&folded), [("Business", Idle)]);
    assert_eq!(folded.searches[0].keystrokes, 20);
    assert_eq!(folded.searches[0].started_at, keystrokes[0].at);
    check(&["cat", "c", "co", "cot"], &[("cot", Idle)]);
    check(&["cat", "c", "co"], &[("cat", Replaced), ("co", Idle)]);
    // Back to the first text.
    check(&["cat", "ca", "c", "co", "c", "ca"], &[("cat", Idle)]);
    // After clearing the box, or with another first letter, it is no correction.
    check(&["cat", "", "c", "co", "cot"], &[("cat", Cleared), ("cot", Idle)]);
    check(&["cat", "b", "ba", "bat"], &[("cat", Replaced), ("bat", Idle)]);
    check(&["cat", "co", "cot⏎", "cots"], &[("cot", Submitted), ("cots", Idle)]);
}

#[test]
fn unrelated_texts_are_searches_of_their_own() {
    check(&["cat", "caterpillar", "dog"], &[("caterpillar", Replaced), ("dog", Idle)]);
    check(&["bus", "busi", "business", "data"], &[("business", Replaced), ("data", Idle)]);
    check(&["alpha", "alphabet", "beta"], &[("alphabet", Replaced), ("beta", Idle)]);
    check(&["alphabet", "b", "be", "bet", "beta"], &[("alphabet", Replaced), ("beta", Idle)]);
    check(
        &["one", "two", "six", "one"],
        &[("one", Replaced), ("two", Replaced), ("six", Replaced), ("one", Idle)],
    );
    check(&["shoes", "red shirts"], &[("shoes", Replaced), ("red shirts", Idle)]);
}

#[test]
fn clearing_the_box_ends_a_search() {
    check(&["cat", "", "dog"], &[("cat", Cleared), ("dog", Idle)]);
    check(&["cat", "  ", "cat"], &[("cat", Idle)]);
    check(&["cat", "⏎", "dog"], &[("cat", Cleared), ("dog", Idle)]);
    check(&["", " \t", "\u{200b}\u{feff}", "\0\u{7}", "⏎"], &[]);
    check(&[], &[]);
}

#[test]
fn letters_in_front_and_in_the_middle_are_corrections() {
    let in_front = ["shoes", "rshoes", "reshoes", "redshoes", "red shoes"];
    check(&in_front, &[("red shoes", Idle)]);
    let in_the_middle = ["red shoes", "red bshoes", "red blshoes", "red blushoes", "red blueshoes"];
    check(&in_the_middle, &[("red blueshoes", Idle)]);
    let deleted = ["red big shoes", "red bi shoes", "red b shoes", "red  shoes", "red shoes"];
    check(&deleted, &[("red shoes", Idle)]);
    check(&["bussiness", "business", ""], &[("business", Cleared)]);
}

#[test]
fn deletions_from_the_front_are_no_correction() {
    check(&["cat", "at", "t", ""], &[("cat", Cleared)]);
    check(&["cat", "at", "t", "d", "do", "dog"], &[("cat", Replaced), ("dog", Idle)]);
    check(&["red shoes", "ed shoes", "d shoes", "shoes", "bshoes"], &[("bshoes", Idle)]);
    let long = ["abcdefg", "bcdefg", "cdefg", "defg", "efg", "fg"];
    check(&[&long[..], &["xfg"]].concat(), &[("abcdefg", Replaced), ("xfg", Idle)]);
    check(&[&long[..], &["abc"]].concat(), &[("abcdefg", Idle)]);
    check(&[&long[..], &["fg⏎"]].concat(), &[("fg", Submitted)]);
}

#[test]
fn a_submission_is_final() {
    check(&["bus", "bus⏎"], &[("bus", Submitted)]);
    check(&["bus⏎", "business"], &[("bus", Submitted), ("business", Idle)]);
    check(&["bus", "business⏎"], &[("business", Submitted)]);
    check(&["bus", "dog⏎"], &[("bus", Replaced), ("dog", Submitted)]);
    check(&["bus⏎", "dog⏎"], &[("bus", Submitted), ("dog", Submitted)]);
    check(&["bus⏎", "", "bus⏎"], &[("bus", Submitted)]);
}

#[test]
fn a_repetition_of_a_submission_is_its_echo() {
    let mut keystrokes = typed(&["bus⏎", "bus", " bus⏎", "busi"]);
    keystrokes[1].result_count = Some(7);
    let folded = idle(&keystrokes);
    assert_eq!(outcome(&folded), [("bus", Submitted), ("busi", Idle)]);
    assert_eq!(folded.searches[0].keystrokes, 3);
    assert_eq!(folded.searches[0].result_count, Some(7));
    assert_eq!(folded.searches[0].last_keystroke_at, keystrokes[2].at);
    check(&["bus⏎", "busi", "bus"], &[("bus", Submitted)]);
    let mut later = typed(&["bus⏎", "bus"]);
    later[1].at = at(5_000);
    assert_eq!(outcome(&idle(&later)), [("bus", Submitted)]);
}

#[test]
fn the_remainder_of_a_submission_is_no_search_until_it_is_used() {
    let back = deleted("Business");
    let submitted = ("Business", Submitted);
    check(&[&["Business⏎"], &back[..]].concat(), &[submitted]);
    check(&[&["Business⏎"], &back[..7], &["dog"]].concat(), &[submitted, ("dog", Idle)]);
    check(&[&["Business⏎"], &back[..5]].concat(), &[submitted]);
    check(&[&["Business⏎"], &back[..5], &["Bush", ""]].concat(), &[submitted, ("Bush", Cleared)]);
    check(&[&["Business⏎"], &back[..5], &["Bus⏎"]].concat(), &[submitted, ("Bus", Submitted)]);
    // Several letters at once.
    check(&["Business⏎", "Bus", ""], &[submitted]);
    check(&["Business⏎", "Bus", "dog"], &[submitted, ("dog", Idle)]);
    check(&["Business⏎", "Bus", "Busin", "Business"], &[submitted]);
    // Typed from a small rest, or from the first letter on.
    check(&["caterpillar⏎", "c", "ca", "cat"], &[("caterpillar", Submitted), ("cat", Idle)]);
    check(&["caterpillar⏎", "cat⏎"], &[("caterpillar", Submitted), ("cat", Submitted)]);
}

/// Checks texts with their user before a colon.
#[track_caller]
fn check_users(texts: &[&str], expected: &[(&str, FinalReason)]) {
    let by = |text: &&str| {
        let (user, text) = text.split_once(':').unwrap();
        BufferedKeystroke { user: UserId::parse(user).ok(), ..stroke(text) }
    };
    let folded = idle(&spaced(texts.iter().map(by).collect()));
    let named = folded.searches.iter().map(|search| {
        let user = search.user.as_ref().map_or("", UserId::as_str);
        (format!("{user}:{}", search.query), search.reason)
    });
    let expected = expected.iter().map(|(query, reason)| ((*query).to_owned(), *reason));
    assert_eq!(named.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{texts:?}");
}

#[test]
fn another_user_ends_a_search_and_a_login_does_not() {
    check_users(&[":ca", "u:cat"], &[("u:cat", Idle)]);
    check_users(&["u:ca", ":cat"], &[("u:cat", Idle)]);
    check_users(&["u:ca", "v:cat"], &[("u:ca", UserChanged), ("v:cat", Idle)]);
    check_users(&["u:ca", ":cat", "v:cat"], &[("u:cat", UserChanged), ("v:cat", Idle)]);
    check_users(&["u:ca", "v:"], &[("u:ca", UserChanged)]);
    check_users(&["u:cat⏎", "v:cat"], &[("u:cat", Submitted), ("v:cat", Idle)]);
    check_users(&[":cat⏎", "u:cat"], &[("u:cat", Submitted)]);
    check_users(&["u:cat", ":dog", "v:dogs"], &[("u:cat", Replaced), ("v:dogs", Idle)]);
    check_users(&["u:cat", ":co", "v:cot"], &[("u:cat", Replaced), ("v:cot", Idle)]);
    check_users(&["u:cat", ":co", ":cot"], &[("u:cot", Idle)]);
}

#[test]
fn a_pause_of_the_continue_window_separates_related_texts() {
    let mut keystrokes = typed(&["bus", "business"]);
    keystrokes[1].at = at(4_999);
    assert_eq!(outcome(&idle(&keystrokes)), [("business", Idle)]);
    keystrokes[1].at = at(35_000);
    let folded = fold(&keystrokes, None, &POLICY, DueReason::Shutdown);
    assert_eq!(outcome(&folded), [("bus", Idle), ("business", Shutdown)]);
    // A clock that was set back is no pause.
    keystrokes[1].at = at(-60_000);
    assert_eq!(outcome(&idle(&keystrokes)), [("business", Idle)]);
}

#[test]
fn the_due_reason_ends_the_last_search() {
    for (due, reason) in [
        (DueReason::Idle, Idle),
        (DueReason::Submitted, Idle),
        (DueReason::Limit, Limit),
        (DueReason::Shutdown, Shutdown),
    ] {
        let folded = fold(&typed(&["cat", "dog"]), None, &POLICY, due);
        assert_eq!(outcome(&folded), [("cat", Replaced), ("dog", reason)]);
        let folded = fold(&typed(&["cat", "cat⏎"]), None, &POLICY, due);
        assert_eq!(outcome(&folded), [("cat", Submitted)]);
    }
}

#[test]
fn sequences_determine_the_order() {
    let folded = idle(&[nth(3, 0, "dog"), nth(1, 100, "ca"), nth(2, 200, "cat")]);
    assert_eq!(outcome(&folded), [("cat", Replaced), ("dog", Idle)]);
    assert_eq!(folded.searches[0].started_at, at(100));
    // A keystroke without a sequence keeps its position.
    let mut unnumbered = stroke("dog");
    unnumbered.at = at(100);
    let folded = idle(&[nth(2, 0, "cats"), unnumbered, nth(1, 200, "cat")]);
    assert_eq!(outcome(&folded), [("cat", Replaced), ("dog", Replaced), ("cats", Idle)]);
}

#[test]
fn keystrokes_after_the_end_of_their_piece_are_late() {
    let run = [nth(1, 0, "ca"), nth(4, 100, "cats"), nth(3, 6_000, "cat"), nth(5, 6_100, "dog")];
    let folded = idle(&run);
    assert_eq!(outcome(&folded), [("cats", Idle), ("dog", Idle)]);
    assert_eq!(folded.late, 1);
    // Neither late nor repeated keystrokes bridge a pause.
    let run = [nth(1, 0, "cat"), nth(2, 5_000, "dog"), nth(1, 9_000, "cat"), nth(3, 13_000, "six")];
    let folded = idle(&run);
    assert_eq!(outcome(&folded), [("cat", Idle), ("dog", Idle), ("six", Idle)]);
    assert_eq!(folded.late, 1);
    let folded = idle(&[nth(1, 0, "cat"), nth(1, 4_000, "cat"), nth(2, 8_000, "dog")]);
    assert_eq!(outcome(&folded), [("cat", Idle), ("dog", Idle)]);
    assert_eq!(folded.late, 0);
}

#[test]
fn a_repeated_keystroke_counts_once() {
    let mut repeat = nth(1, 100, "cat");
    repeat.result_count = Some(3);
    let folded = idle(&[nth(1, 0, "cat"), repeat, nth(2, 200, "cat "), nth(1, 300, "cat⏎")]);
    assert_eq!(folded.searches.len(), 1);
    assert_eq!(folded.searches[0].keystrokes, 3);
    assert_eq!(folded.searches[0].result_count, Some(3));
}

#[test]
fn the_result_count_belongs_to_the_stored_text() {
    let cases = [
        (vec![counted("ca", 9), counted("cat", 4)], Some(4)),
        (vec![counted("ca", 9), stroke("cat")], None),
        (vec![counted("cat", 4), stroke("cat"), counted("c", 9)], Some(4)),
        (vec![counted("cat", 4), counted("c at", 5)], Some(5)),
        // White space at the end makes another search of the engine.
        (vec![counted("cat⏎", 4), counted("cat ", 0)], Some(4)),
        (vec![stroke("cat⏎"), counted("cat ", 0)], None),
        // Filters and pages repeat the text.
        (vec![counted("cat⏎", 4), counted("cat", 3), counted("cat", 1)], Some(4)),
        (vec![counted("Bus", 9), counted("Business", 4), stroke("Bus⏎")], Some(9)),
    ];
    for (keystrokes, expected) in cases {
        let folded = idle(&spaced(keystrokes.clone()));
        assert_eq!(folded.searches[0].result_count, expected, "{keystrokes:?}");
    }
}

#[test]
fn scripts_and_symbols() {
    let family = "👨\u{200d}👩\u{200d}👧";
    check(&["👍", "👍🏽", "👍🏽👍🏽"], &[("👍🏽👍🏽", Idle)]);
    check(&["👨", family, "👨"], &[(family, Idle)]);
    check(&["e", "e\u{301}"], &[("e\u{301}", Idle)]);
    check(&["cafe", "cafe\u{301}", "café s"], &[("café s", Idle)]);
    check(&["ı", "ış", "ışı", "ışık"], &[("ışık", Idle)]);
    check(&["İ", "İs", "İstanbul", "istanbul"], &[("istanbul", Idle)]);
    check(&["stras", "straß", "straße", "STRASSE"], &[("STRASSE", Idle)]);
    check(&["ש", "של", "שלום", "עולם"], &[("שלום", Replaced), ("עולם", Idle)]);
    check(&["न", "नम", "नमस", "नमस्", "नमस्त", "नमस्ते"], &[("नमस्ते", Idle)]);
    check(&["ｄａｔａ", "data b"], &[("data b", Idle)]);
}

#[test]
fn punctuation_is_no_search() {
    for text in ["-⏎", "\"⏎", "?!", "...", "„“", "«", "。⏎", "+", "$ -", "\u{200b}-"] {
        check(&[text], &[]);
        check(&["hat", "", text], &[("hat", Cleared)]);
        check(&[text, "", "hat⏎"], &[("hat", Submitted)]);
    }
    check(&["\"", "\"r", "\"red hat\""], &[("\"red hat\"", Idle)]);
    check(&["hat", "-⏎"], &[("hat", Replaced)]);
    check(&["-ab", "-a", "-", "-⏎"], &[("-ab", Cleared)]);
    for text in ["👍", "c++", "$5", "#1", "€", "★", "・カ"] {
        check(&[text], &[(text, Idle)]);
    }
}

#[test]
fn input_methods() {
    let korean = ["ㅎ", "하", "한", "하나", "하나ㄷ", "하나다", "하나달", "하나다라"];
    check(&korean, &[("하나다라", Idle)]);
    check(&["한글", "한그", "한ㄱ", "한", "하", "ㅎ", ""], &[("한글", Cleared)]);
    check(&["n", "ni", "nih", "nihao", "你好", "你好s", "你好shi", "你好是"], &[("你好是", Idle)]);
    let japanese = ["n", "に", "にh", "にほ", "にほn", "にほん", "日本", "日本g", "日本ご", "日本語"];
    check(&japanese, &[("日本語", Idle)]);
    check(&["s", "sh", "し"], &[("し", Idle)]);
    check(&["jolly elevator", "北京烤鸭"], &[("jolly elevator", Replaced), ("北京烤鸭", Idle)]);
}

#[test]
fn the_stored_text_is_normalised_and_truncated() {
    check(&[" \t How\0is\u{a0} \n Emil ﬁ "], &[("How is Emil ﬁ", Idle)]);
    let exact = "e\u{301}".repeat(MAX_QUERY_GRAPHEMES);
    let folded = idle(&typed(&[&exact]));
    assert_eq!((folded.searches[0].query.as_str(), folded.searches[0].truncated), (exact.as_str(), false));
    let folded = idle(&typed(&[&format!("{exact}x")]));
    assert_eq!((folded.searches[0].query.as_str(), folded.searches[0].truncated), (exact.as_str(), true));
    let folded = idle(&typed(&[&format!("{} b", "a".repeat(MAX_QUERY_GRAPHEMES - 1))]));
    assert_eq!(folded.searches[0].query, "a".repeat(MAX_QUERY_GRAPHEMES - 1));
}

#[test]
fn masking_precedes_truncation_and_changes_nothing_else() {
    let masked = FoldPolicy { mask: Some(Mask::default()), ..POLICY };
    let text = format!("{} anna.smith@example.com", "x".repeat(250));
    let folded = fold(&typed(&[&text]), None, &masked, DueReason::Idle);
    assert_eq!(folded.searches[0].query, format!("{} [emai", "x".repeat(250)));
    let keystrokes = spaced(vec![counted("anna@a.de", 1), counted("anna@a.com", 2), stroke("anna@a.de")]);
    let folded = fold(&keystrokes, None, &masked, DueReason::Idle);
    assert_eq!(outcome(&folded), [("[email]", Idle)]);
    assert_eq!(folded.searches[0].result_count, Some(1));
}
