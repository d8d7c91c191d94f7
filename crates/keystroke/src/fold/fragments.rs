//! A few letters that are erased at once, and letters that a keyboard marks later.

use super::continuing::check_runs;
use super::tests::{at, check, letters, stroke};
use super::*;
use quarry_domain::FinalReason::{Cleared, Idle, Submitted};

/// The queries of texts after the given milliseconds each.
fn queries(texts: &[(i64, &str)]) -> Vec<String> {
    let policy = &super::continuing::POLICY;
    let mut now = 0;
    let keystrokes: Vec<_> = texts
        .iter()
        .map(|(after, text)| {
            now += after;
            BufferedKeystroke { at: at(now), ..stroke(text) }
        })
        .collect();
    fold(&keystrokes, None, policy, DueReason::Idle).searches.into_iter().map(|search| search.query).collect()
}

#[test]
fn one_or_two_letters_that_are_erased_at_once_are_no_search() {
    for texts in [
        &["s", "", "hat"][..],
        &["s", "sa", "s", "", "h", "ha", "hat"],
        &["x", "", "x", "", "hat"],
        &["qu", "", "hat"],
        &["é", "", "hat"],
        &["ш", "", "hat"],
        &["ㅎ", "", "hat"],
        &["4", "", "hat"],
        &["th", " ", "hat"],
    ] {
        check(texts, &[("hat", Idle)]);
    }
    check(&["s", "sa", ""], &[]);
    assert_eq!(queries(&[(0, "s"), (300, ""), (300, "hat")]), ["hat"]);
    assert_eq!(queries(&[(0, "s"), (600, "sa"), (900, "s"), (700, ""), (300, "hat")]), ["hat"]);
    // The searches around it are unaffected.
    check(&["restaurant", "", "s", "", "hat"], &[("restaurant", Cleared), ("hat", Idle)]);
    check(&["resturant", "", "s", "", "restaurant"], &[("restaurant", Idle)]);
    check(&["hotel⏎", "", "s", "", "hat"], &[("hotel", Submitted), ("hat", Idle)]);
    check_runs(&[(0, &["hotel"]), (7, &["", "s", ""]), (7, &["hat"])], &["hotel", "hat"]);
    check_runs(&[(0, &["s", ""]), (7, &["hat"])], &["hat"]);
}

#[test]
fn short_searches_are_logged() {
    // They stood for a while, were submitted or left, or are words.
    assert_eq!(queries(&[(0, "tv"), (1_000, ""), (300, "hat")]), ["tv", "hat"]);
    assert_eq!(queries(&[(0, "t"), (100, "tv"), (2_500, "t"), (100, ""), (300, "hat")]), ["tv", "hat"]);
    check(&["tv⏎", "", "hat"], &[("tv", Submitted), ("hat", Idle)]);
    check(&["q"], &[("q", Idle)]);
    check_runs(&[(0, &["tv"]), (7, &["", "hat"])], &["tv", "hat"]);
    for word in ["茶", "ねこ", "차", "👍", "cat", "東"] {
        check(&[word, "", "hat"], &[(word, Cleared), ("hat", Idle)]);
    }
}

#[test]
fn an_empty_box_before_marked_letters_is_no_end() {
    for gap in [5, 40, 150] {
        for (texts, expected) in [
            (&["d", "", "đ", "đè", "đèn"][..], "đèn"),
            (&["d", "", "đ", "đi", "đie", "đi", "điê", "điên", "đi", "điện", "điện th"], "điện th"),
            (&["a", "", "â", "âm", "", "ấm", "ấm đun"], "ấm đun"),
            (&["o", "", "ô", "", "ổ", "ổ cứng"], "ổ cứng"),
            (&["anh", "", "ảnh", "ảnh cưới"], "ảnh cưới"),
            (&["uong", "", "ư", "ươ", "ươn", "ương"], "ương"),
            (&["dong", "", "đồng", "đồng hồ"], "đồng hồ"),
            (&["tuoi", "t", "tư", "tươ", "tươi"], "tươi"),
            (&["dong", "đồng"], "đồng"),
            (&["tieng viet", "tieng vi", "tieng việt", "tiếng việt"], "tiếng việt"),
        ] {
            let timed: Vec<_> =
                texts.iter().map(|text| (if text.is_empty() { 200 } else { gap }, *text)).collect();
            assert_eq!(queries(&timed), [expected], "{texts:?} {gap}");
        }
    }
    check(&["resume", "", "résumé"], &[("résumé", Idle)]);
    // Other words with marks.
    check(&["anh", "", "ếch"], &[("anh", Cleared), ("ếch", Idle)]);
    check(&["bàn là", "", "bếp từ"], &[("bàn là", Cleared), ("bếp từ", Idle)]);
    // Marks of other scripts distinguish letters.
    check(&["かき", "", "がぎぐ"], &[("かき", Cleared), ("がぎぐ", Idle)]);
}

#[test]
fn dead_keys_show_their_mark_before_its_letter() {
    for texts in [
        &["M", "M¨", "Mü", "Mün", "München"][..],
        &["M¨", "Mü", "Mün", "München"],
        &["Mu", "Mu¨", "Mu", "M", "M¨", "Mü", "München"],
    ] {
        check(texts, &[("München", Idle)]);
    }
    check(&["k", "k¨", "kü", "küche"], &[("küche", Idle)]);
    check(&["¨", "Ü", "Über"], &[("Über", Idle)]);
    check(&["´", "é", "étui"], &[("étui", Idle)]);
    check(&["m", "m^", "mê", "même"], &[("même", Idle)]);
    check(&["s", "s´", "só", "sót"], &[("sót", Idle)]);
    check(&["κ", "κ΄", "κή", "κήπος"], &[("κήπος", Idle)]);
    check(&letters("año"), &[("año", Idle)]);
}
