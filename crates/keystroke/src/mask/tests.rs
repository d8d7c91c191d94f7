//! Tables of texts: what `«` and `»` enclose is to be masked. Identity numbers, phone numbers and article numbers
//! were generated with other implementations of their check digits and formats.

use proptest::prelude::*;

use super::check_digits::{article, luhn};
use super::*;

/// The fewest texts of a table.
const MIN_TEXTS: usize = 150;

#[track_caller]
fn check_table(table: &str, label: &str) {
    let mask = Mask::default();
    let mut failures = Vec::new();
    for line in table.lines() {
        let (text, expected) = parse(line, label);
        let masked = mask.apply(&text);
        if masked != expected || mask.apply(&masked) != masked {
            failures.push(format!("{text:?}: {masked:?}"));
        }
    }
    assert!(table.lines().count() >= MIN_TEXTS && failures.is_empty(), "{failures:#?}");
}

fn parse(line: &str, label: &str) -> (String, String) {
    let mut expected = String::new();
    for (index, part) in line.split(['«', '»']).enumerate() {
        expected.push_str(if index % 2 == 1 { label } else { part });
    }
    (line.replace(['«', '»'], ""), expected)
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(Mask::default().apply(text), *expected, "{text}");
    }
}

#[test]
fn email_addresses_are_masked() {
    check_table(include_str!("tests/emails.txt"), "[email]");
}

#[test]
fn card_numbers_are_masked() {
    check_table(include_str!("tests/cards.txt"), "[card]");
}

#[test]
fn phone_numbers_are_masked() {
    check_table(include_str!("tests/phones.txt"), "[phone]");
}

#[test]
fn account_numbers_are_masked() {
    check_table(include_str!("tests/ibans.txt"), "[iban]");
}

#[test]
fn identity_numbers_are_masked() {
    check_table(include_str!("tests/ids.txt"), "[id]");
}

#[test]
fn keys_and_tokens_are_masked() {
    check_table(include_str!("tests/secrets.txt"), "[secret]");
}

#[test]
fn searches_of_shops_are_kept() {
    check_table(include_str!("tests/kept.txt"), "");
}

#[test]
fn several_kinds_in_one_text() {
    check(&[
        ("030 1234567 anna@example.com 4111111111111111", "[phone] [email] [card]"),
        ("visa 4111 1111 1111 1111 12/27 123", "visa [card] 12/27 123"),
        ("DE89 3704 0044 0532 0130 00 030 12345678", "[iban] [phone]"),
        ("0301234567,0401234567", "[phone],[phone]"),
        ("mailto:ANNA_1@EXAMPLE.COM?subject", "mailto:[email]?subject"),
        ("iphone 15 0151 12345678", "iphone 15 [phone]"),
        ("call (030 1234567)", "call ([phone])"),
        ("\u{202a}+1 415 555 0132\u{202c}", "\u{202a}[phone]"),
        ("card4111111111111111x", "card[card]x"),
        ("5555555555554444 6011111111111117", "[card] [card]"),
        ("a@b@c", "[email]@c"),
        ("000@0@a0a", "000@[email]"),
    ]);
}

#[test]
fn words_before_a_number_decide() {
    check(&[
        ("4155550132", "[phone]"),
        ("sku 4155550132", "sku 4155550132"),
        ("part no. 0401234567", "part no. 0401234567"),
        ("tel. 0306406152", "tel. [phone]"),
        ("isbn 0306406152", "isbn 0306406152"),
        ("passport X1234567", "passport [id]"),
    ]);
}

#[test]
fn contact_data_after_the_word_of_an_order() {
    check(&[
        ("invoice +33 6 12 34 56 78", "invoice [phone]"),
        ("ticket no. +4915712345678", "ticket no. [phone]"),
        ("item +1 617 555 0148", "item [phone]"),
        ("part 0033 6 12 34 56 78", "part [phone]"),
        ("ref 0151 23456789", "ref [phone]"),
        ("order (617) 555-0148", "order [phone]"),
        ("code 617-555-0148", "code [phone]"),
        ("invoice 219-09-4321", "invoice [id]"),
        // Numbers of the orders themselves.
        ("order 0151234567", "order 0151234567"),
        ("order 0049171123456", "order 0049171123456"),
        ("order 305-1234567", "order 305-1234567"),
        ("order 114-5829431-9083457", "order 114-5829431-9083457"),
        ("invoice 240512-1234", "invoice 240512-1234"),
        ("reference 219094321", "reference 219094321"),
        ("part 617-555-0148", "part 617-555-0148"),
        ("sku 219-09-4321", "sku 219-09-4321"),
    ]);
}

#[test]
fn own_patterns_add_and_exempt() {
    let pattern = |text: &str| Regex::new(text).unwrap();
    let mask = Mask::new(vec![pattern(r"\bEMP-\d+\b")], vec![pattern(r"\b41\d{8}\b")]);
    for (text, expected) in [
        ("badge EMP-4711", "badge [masked]"),
        ("4155550132", "4155550132"),
        ("6175550132", "[phone]"),
        // A number that is longer than the exempt match.
        ("4111111111111111", "[card]"),
        ("EMP-1 4155550132 EMP-2", "[masked] 4155550132 [masked]"),
    ] {
        assert_eq!(mask.apply(text), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_masked_text_masks_to_itself(
        dense in r"[0-9 +()./a@\-٣]{0,40}",
        numbers in r"(\+?\(?[0-9]{1,5}[ ).\-/@,a]{1,2}){0,9}",
        codes in r"([A-Z]{0,3}[0-9]{1,4}[ :=\-]?){0,9}",
        any in "(?s).{0,40}",
    ) {
        let mask = Mask::default();
        for text in [dense, numbers, codes, any] {
            let once = mask.apply(&text).into_owned();
            let twice = mask.apply(&once);
            prop_assert_eq!(twice.as_ref(), once.as_str(), "{}", text);
        }
    }

    #[test]
    fn cards_are_found_in_any_grouping(
        digits in "[2-6][0-9]{14,17}",
        separator in "[ ._-]?",
        before in "([a-z]{3,6} ?)?",
    ) {
        let digits_of = |number: &String| number.bytes().map(|byte| byte - b'0').collect::<Vec<_>>();
        let check = ('0'..='9').map(|last| format!("{digits}{last}")).find(|number| luhn(&digits_of(number)));
        let number = check.unwrap();
        let groups: Vec<&str> = number.as_bytes().chunks(4).map(|part| std::str::from_utf8(part).unwrap()).collect();
        let text = format!("{before}{}", groups.join(&separator));
        let masked = Mask::default().apply(&text).into_owned();
        prop_assert!(!masked.contains(|char: char| char.is_ascii_digit()), "{}: {}", text, masked);
    }

    #[test]
    fn article_numbers_are_kept(digits in "[0136789][0-9]{10}|[0-4][0-9]{11}|[5-6][0-9]{11}|7[0-4][0-9]{10}|[89][0-9]{11}") {
        let number = ('0'..='9').map(|last| format!("{digits}{last}")).find(|number| {
            article(&number.bytes().map(|byte| byte - b'0').collect::<Vec<_>>())
        }).unwrap();
        let masked = Mask::default().apply(&number).into_owned();
        prop_assert_eq!(masked, number);
    }
}
