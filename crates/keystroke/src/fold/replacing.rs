//! Words that are replaced once their results were read.

use super::continuing::{Log, check_runs};
use super::tests::{at, stroke};
use super::*;
use chrono::TimeDelta;

/// The states of the box while the end of a text is deleted and another one typed, letter by letter.
fn retyped(earlier: &str, text: &str) -> Vec<String> {
    let (before, now): (Vec<char>, Vec<char>) = (earlier.chars().collect(), text.chars().collect());
    let shared = before.iter().zip(&now).take_while(|(one, other)| one == other).count();
    let deleted = (shared..before.len()).rev().map(|end| before[..end].iter().collect());
    let typed = (shared + 1..=now.len()).map(|end| now[..end].iter().collect());
    deleted.chain(typed).collect()
}

/// Checks a text that is read, and replaced by another one at once, or letter by letter.
#[track_caller]
fn check_read(earlier: &str, text: &str, expected: &[&str]) {
    check_runs(&[(0, &[earlier]), (9, &[text])], expected);
    let states = retyped(earlier, text);
    check_runs(&[(0, &[earlier]), (9, &states.iter().map(String::as_str).collect::<Vec<_>>())], expected);
}

#[test]
fn another_word_is_another_search() {
    for (earlier, text) in [
        ("best restaurants in berlin", "best restaurants in munich"),
        ("cheap hotels in rome", "cheap hotels in oslo"),
        ("how to clean a carpet", "how to clean a sofa"),
        ("best restaurants in berlin", "best restaurants in new york"),
        ("flights from paris", "flights from prague"),
        ("apple", "pear"),
        ("red dress", "red skirt"),
        ("running shoes nike", "running shoes adidas"),
        ("pizza hamburg", "pizza bremen"),
        ("size s", "size m"),
        ("tee", "tea"),
        ("boots", "books"),
        ("cat", "car"),
        ("shirt", "short"),
        ("table lamp", "table leg"),
        ("winterjacke damen", "winterjacke herren"),
        ("北京烤鸭", "北京火锅"),
        ("東京 旅館", "東京 温泉"),
        ("운동화", "운동복"),
        ("платье красное", "платье синее"),
    ] {
        check_read(earlier, text, &[earlier, text]);
    }
    // In the middle and at the beginning.
    check_runs(
        &[
            (0, &["grey cotton shirt"]),
            (7, &["grey  shirt", "grey l shirt", "grey li shirt", "grey linen shirt"]),
        ],
        &["grey cotton shirt", "grey linen shirt"],
    );
    check_runs(&[(0, &["wine red dress"]), (7, &["lime red dress"])], &["wine red dress", "lime red dress"]);
    // Erased, or submitted, and with a result count.
    check_runs(&[(0, &["boots"]), (7, &["boo", ""]), (1, &["b", "bo", "books"])], &["boots", "books"]);
    check_runs(
        &[(0, &["best hotels in rome"]), (7, &["best hotels in oslo⏎"])],
        &["best hotels in rome", "best hotels in oslo"],
    );
    let mut log = Log::default();
    for (second, text, count) in [(0, "cheap cars in rome", 12), (8, "cheap cars in oslo", 3)] {
        log.fold(&[BufferedKeystroke { at: at(second * 1_000), result_count: Some(count), ..stroke(text) }]);
    }
    assert_eq!(log.queries(), ["cheap cars in rome", "cheap cars in oslo"]);
    assert_eq!(log.rows[0].search.result_count, Some(12));
    // What was added is replaced with what was read.
    check_runs(
        &[
            (0, &["hotels in berlin"]),
            (7, &["hotels in berlin m", "hotels in berlin", "hotels in ", "hotels in paris"]),
        ],
        &["hotels in berlin m", "hotels in paris"],
    );
}

#[test]
fn letters_in_front_of_a_read_word_make_another_one() {
    for (earlier, states) in [
        ("legal notice", &["ilegal notice", "illegal notice"][..]),
        ("men shirt", &["wmen shirt", "women shirt"]),
        ("blue rice bowl", &["blue price bowl"]),
        ("print", &["eprint", "reprint"]),
        ("mens boots", &["wmens boots", "womens boots"]),
        ("lamp", &["clamp"]),
    ] {
        let text = states[states.len() - 1];
        check_runs(&[(0, &[earlier]), (8, states)], &[earlier, text]);
        check_runs(&[(0, &[earlier]), (8, &[text])], &[earlier, text]);
    }
    // Until they are words of their own.
    for (earlier, states) in [
        (
            "chair",
            &["ochair", "oachair", "oakchair", "oak chair", "oak xchair", "oak xlchair", "oak xl chair"][..],
        ),
        ("wool coat", &["rwool coat", "rewool coat", "redwool coat", "red wool coat"]),
        ("big desk", &["big odesk", "big oakdesk", "big oak desk"]),
    ] {
        check_runs(&[(0, &[earlier]), (8, states)], &states[states.len() - 1..]);
    }
}

#[test]
fn another_number_is_another_search() {
    for (earlier, text) in [
        ("drill bit 12", "drill bit 14"),
        ("drill bit 12 mm", "drill bit 14 mm"),
        ("jeans w32", "jeans w34"),
        ("iphone 14 pro", "iphone 15 pro"),
        ("oil filter 2018", "oil filter 2019"),
        ("galaxy s23 ultra", "galaxy s24 ultra"),
        ("12 v battery", "24 v battery"),
        ("size 4 boots", "size 42 boots"),
    ] {
        check_read(earlier, text, &[earlier, text]);
    }
    check_runs(
        &[(0, &["drill bit 12 mm"]), (8, &["drill bit 1 mm", "drill bit 14 mm"])],
        &["drill bit 12 mm", "drill bit 14 mm"],
    );
    // Also with a pause between.
    check_runs(
        &[(0, &["drill bit 12"]), (8, &["drill bit 1"]), (8, &["drill bit 14"])],
        &["drill bit 12", "drill bit 14"],
    );
    check_runs(&[(0, &["drill bit 12"]), (8, &["drill bit 1"])], &["drill bit 12"]);
    // More digits continue a number.
    check_read("iphone 1", "iphone 15", &["iphone 15"]);
}

#[test]
fn another_number_that_a_deletion_left_is_another_search() {
    for (earlier, states) in [
        ("2.4 m rope", &["24 m rope"][..]),
        ("2.5 l pan", &["2. l pan", "2 l pan"]),
        ("lens 8.5mm", &["lens 85mm"]),
        ("pixel 17", &["pixel 7"]),
        ("tab s19 case", &["tab s9 case"]),
        ("25 kg bag", &["5 kg bag"]),
        ("19 zoll 4,5 cm", &["19 zoll 45 cm"]),
    ] {
        let text = states[states.len() - 1];
        check_runs(&[(0, &[earlier]), (7, states)], &[earlier, text]);
        check_runs(&[(0, &[earlier]), (7, &[states, &[&format!("{text}⏎")]].concat())], &[earlier, text]);
        assert_eq!(within_a_piece(earlier, 3_000, states), [earlier, text]);
        // On the way to another text.
        check_runs(&[(0, &[earlier]), (7, &[states, &[""]].concat())], &[earlier]);
        check_runs(&[(0, &[earlier]), (7, &[states, &["hat"]].concat())], &[earlier, "hat"]);
        // Not read.
        assert_eq!(within_a_piece(earlier, 500, states), [text]);
    }
    for (earlier, left) in [
        ("1,250 l tank", "1250 l tank"),
        ("2-in-1 pan", "2in1 pan"),
        ("rope 20 m", "rope m"),
        ("pan 24", "pan 2"),
    ] {
        check_runs(&[(0, &[earlier]), (7, &[left])], &[earlier]);
    }
}

/// The queries of a text, and of another one typed or pasted after milliseconds of the same piece.
fn within_a_piece(earlier: &str, after: i64, states: &[&str]) -> Vec<String> {
    let typed = super::tests::letters(earlier);
    let end = i64::try_from(typed.len()).unwrap() * 120;
    let before = (0..).zip(typed).map(|(number, text)| (number * 120, text));
    let later = (0..).zip(states).map(|(number, text)| (end + after + number * 120, *text));
    let strokes = before.chain(later).map(|(ms, text)| BufferedKeystroke { at: at(ms), ..stroke(text) });
    Log::queries_of(&strokes.collect::<Vec<_>>())
}

#[test]
fn words_are_read_before_a_search_ends() {
    for (earlier, text) in [
        ("hotels in rome", "hotels in oslo"),
        ("flights to bonn", "flights to ulm"),
        ("screw 4 mm", "screw 6 mm"),
        ("lens 35mm", "lens 50mm"),
        ("chair beige", "chair black"),
        ("books", "boots"),
        ("운동화", "운동복"),
    ] {
        let states = retyped(earlier, text);
        let states: Vec<&str> = states.iter().map(String::as_str).collect();
        for after in [2_600, 3_500, 4_500] {
            assert_eq!(within_a_piece(earlier, after, &states), [earlier, text], "{after}");
            let submitted = format!("{text}⏎");
            assert_eq!(
                within_a_piece(earlier, after, &[&states[..], &[&submitted]].concat()),
                [earlier, text]
            );
        }
        assert_eq!(within_a_piece(earlier, 3_500, &[text]), [earlier, text]);
        // Paging does not shorten the time.
        let paged = [&[earlier, earlier][..], &states].concat();
        assert_eq!(within_a_piece(earlier, 2_600, &paged), [earlier, text]);
    }
    // Continued, corrected and erased as after the end.
    for (earlier, text) in [
        ("resturant", "restaurant"),
        ("chair", "chair black"),
        ("iphone 1", "iphone 15"),
        ("bo", "business"),
        ("cafe", "café"),
    ] {
        assert_eq!(within_a_piece(earlier, 3_000, &[text]), [text]);
    }
    assert_eq!(within_a_piece("chair", 3_000, &["o chair", "of chair", "office chair"]), ["office chair"]);
    assert_eq!(within_a_piece("sofa grey", 3_000, &["sofa gre", "sofa g", ""]), ["sofa grey"]);
    assert_eq!(within_a_piece("sofa grey", 3_000, &["sofa "]), ["sofa grey"]);
    // Words that were not read are corrected.
    assert_eq!(within_a_piece("sofa grey", 900, &["sofa g", "sofa green"]), ["sofa green"]);
    // Neither does a pause in the middle of a change make another search.
    let states = ["sofa gre", "sofa gr", "sofa g"];
    let paused = within_a_piece("sofa grey", 900, &states);
    assert_eq!(paused, ["sofa grey"]);
    // What was added to a text that was read.
    assert_eq!(
        within_a_piece("sofa grey", 3_000, &["sofa grey x", "sofa grey", "sofa ", "sofa red"]),
        ["sofa grey x", "sofa red"]
    );
}

#[test]
fn a_typo_is_corrected_after_its_results() {
    for (earlier, text) in [
        ("resturant", "restaurant"),
        ("hotels in munch", "hotels in munich"),
        ("vaccum cleaner", "vacuum cleaner"),
        ("garlic pres", "garlic press"),
        ("busimess", "business"),
        ("accomodation berlin", "accommodation berlin"),
        ("definatly", "definitely"),
        ("wirless headphones", "wireless headphones"),
        ("teh beatles", "the beatles"),
        ("cafe paris", "café paris"),
        ("schon", "schön"),
        ("blue jakcet", "blue jacket"),
        ("пальто женсоке", "пальто женское"),
        ("icecream maker", "ice cream maker"),
    ] {
        check_read(earlier, text, &[text]);
    }
    // And continued.
    check_runs(&[(0, &["resturant"]), (9, &["restaurant", "restaurant paris"])], &["restaurant paris"]);
    check_read("resturant in rome", "restaurant in rome", &["restaurant in rome"]);
    check_runs(&[(0, &["resturant"]), (9, &[""]), (1, &["rest", "restaurant"])], &["restaurant"]);
}

#[test]
fn more_words_continue_a_search_after_its_results() {
    for (earlier, text) in [("red", "red dress"), ("red dress", "red dress size 42"), ("b", "business")] {
        check_read(earlier, text, &[text]);
    }
    check_runs(&[(0, &["lamp"]), (7, &["d lamp", "de lamp", "des lamp", "desk lamp"])], &["desk lamp"]);
    check_runs(
        &[(0, &["iphone pro"]), (7, &["iphone 1pro", "iphone 15pro", "iphone 15 pro"])],
        &["iphone 15 pro"],
    );
    check_runs(&[(0, &["shirt blue"]), (7, &["shirt cotton blue"])], &["shirt cotton blue"]);
    // A deletion is no search.
    let shorter = ["grey cotto shirt", "grey cot shirt", "grey c shirt", "grey shirt"];
    check_runs(&[(0, &["grey cotton shirt"]), (7, &shorter), (1, &[""])], &["grey cotton shirt"]);
    check_runs(
        &[(0, &["grey cotton shirt"]), (7, &shorter), (1, &["grey l shirt", "grey linen shirt"])],
        &["grey cotton shirt", "grey linen shirt"],
    );
    check_runs(&[(0, &["restaurant"]), (7, &["estaurant", "staurant", "taurant", ""])], &["restaurant"]);
    check_runs(&[(0, &["red shoes"]), (7, &["red ", "red shoes"])], &["red shoes"]);
    // Several words at once.
    for (earlier, left) in [
        ("red wool coat", "red coat"),
        ("cheap office chair", "office chair"),
        ("small round oak table", "round table"),
        ("small round oak table", "oak"),
        ("北京烤鸭店", "烤鸭店"),
        ("Ёлка искусственная белая", "ёлка белая"),
    ] {
        check_runs(&[(0, &[earlier]), (7, &[left])], &[earlier]);
        check_runs(&[(0, &[earlier]), (7, &[left, ""])], &[earlier]);
        check_runs(&[(0, &[earlier]), (7, &[left]), (8, &[""]), (1, &["hat"])], &[earlier, "hat"]);
        check_runs(&[(0, &[earlier]), (7, &[left, "hat"])], &[earlier, "hat"]);
        let submitted = format!("{earlier}⏎");
        check_runs(&[(0, &[&submitted]), (7, &[left]), (7, &[""])], &[earlier]);
        // What is submitted is a search of its own, also later; without reading, it shortens the first one.
        let submitted = format!("{left}⏎");
        check_runs(&[(0, &[earlier]), (7, &[&submitted])], &[earlier, left]);
        check_runs(&[(0, &[earlier]), (7, &[left]), (7, &[&submitted])], &[earlier, left]);
        assert_eq!(within_a_piece(earlier, 3_000, &[left, &submitted]), [earlier, left]);
        assert_eq!(within_a_piece(earlier, 700, &[left, &submitted]), [left]);
    }
    // From the front, word by word.
    let erased = ["big wooden garden bench", "wooden garden bench", "garden bench", "bench", ""];
    check_runs(&[(0, &erased)], &["big wooden garden bench"]);
    check_runs(&[(0, &erased[..1]), (8, &erased[1..])], &["big wooden garden bench"]);
    check_runs(&[(0, &["grey cotton shirt", "shirt"])], &["shirt"]);
    // Words in another order, or other words, are no deletion.
    check_runs(&[(0, &["red wool coat"]), (7, &["coat red"])], &["red wool coat", "coat red"]);
    check_runs(&[(0, &["red wool coat"]), (7, &["wool hat"])], &["red wool coat", "wool hat"]);
    check_runs(
        &[(0, &["red wool coat"]), (7, &["red coat", "red coat xl"])],
        &["red wool coat", "red coat xl"],
    );
    // Changed before the results were read.
    let quickly =
        |text: &str, ms| BufferedKeystroke { at: at(0) + TimeDelta::milliseconds(ms), ..stroke(text) };
    let mut log = Log::default();
    log.fold(&[quickly("iphone 13", 0), quickly("iphone 1", 400), quickly("iphone 14", 600)]);
    assert_eq!(log.queries(), ["iphone 14"]);
}
