use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(mask(text), *expected, "{text}");
    }
}

/// Checks that texts remain unchanged.
#[track_caller]
fn check_kept(texts: &[&str]) {
    for text in texts {
        assert_eq!(mask(text), *text);
    }
}

#[test]
fn email_addresses() {
    check(&[
        ("anna@example.com", "[email]"),
        ("mail to anna.smith+shop@mail.example.co.uk, please", "mail to [email], please"),
        ("anna@exam", "[email]"),
        ("anna@", "[email]"),
        ("anna@example.com.", "[email]."),
        ("<anna@example.com>", "<[email]>"),
        ("mailto:ANNA_1@EXAMPLE.COM?subject", "mailto:[email]?subject"),
        ("jürgen.müller@straße.de", "[email]"),
        ("анна@почта.рф", "[email]"),
        ("名前@例え.jp", "[email]"),
        ("anna＠example.com", "[email]"),
        ("o'neil@example.com bob-b@x.y-z.org", "[email] [email]"),
        ("123456@qq.com", "[email]"),
        ("4111111111111111@example.com", "[email]"),
        ("anna@192.168.0.1", "[email]"),
        ("a@b@c", "[email]@c"),
        ("000@0@a0a", "000@[email]"),
    ]);
    check_kept(&[
        "@handle",
        "follow @emil_hajric",
        "2@10",
        "5 @ 3 euro",
        "cats @ home",
        "@",
        "@@",
        "5@",
        "( @ )",
    ]);
}

#[test]
fn card_numbers() {
    check(&[
        ("4111111111111111", "[card]"),
        ("4111 1111 1111 1111", "[card]"),
        ("4111-1111-1111-1111", "[card]"),
        ("4111.1111.1111.1111", "[card]"),
        ("visa 4111 1111 1111 1111 12/27 123", "visa [card] 12/27 123"),
        ("2 4111 1111 1111 1111", "2 [card]"),
        ("378282246310005", "[card]"),
        ("3782 822463 10005", "[card]"),
        ("5555555555554444 6011111111111117", "[card] [card]"),
        ("4222222222222", "[card]"),
        ("6304 0000 0000 0000 00", "[card]"),
        ("card4111111111111111x", "card[card]x"),
        ("٤١١١ ١١١١ ١١١١ ١١١١", "[card]"),
        ("４１１１１１１１１１１１１１１１", "[card]"),
        ("𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏", "[card]"),
    ]);
    check_kept(&[
        "4111111111111112",
        "4111 1111 1111 1112",
        "9783161484100",
        "9780306406157",
        // ISBNs that pass the Luhn check as well.
        "9780000000057",
        "4006381333931",
        "1998 1999 2000 2001",
        // Passes the Luhn check.
        "1996 1997 1998 1999",
        "36 38 40 42 44 46 48",
        "0000 0000 0000 0000",
        "41111111111111111111111111",
    ]);
}

#[test]
fn phone_numbers() {
    check(&[
        ("+49 170 1234567", "[phone]"),
        ("call +49 (0)30 1234-567 now", "call [phone] now"),
        ("+4917012345678", "[phone]"),
        ("+1 (555) 123-4567", "[phone]"),
        ("+44 20 7946 0958", "[phone]"),
        ("+33 1 23 45 67 89", "[phone]"),
        ("+387 61 123 456", "[phone]"),
        ("+55 11 91234-5678", "[phone]"),
        ("+86 138 1234 5678", "[phone]"),
        ("+7 (495) 123-45-67", "[phone]"),
        ("＋４９ １７０ １２３４５６７", "[phone]"),
        ("tel+4917012345678", "tel[phone]"),
        ("0049 170 1234567", "[phone]"),
        ("0017185551234", "[phone]"),
        ("030 12345678", "[phone]"),
        ("030/12345678", "[phone]"),
        ("(030) 12345678", "[phone]"),
        ("0170-1234567", "[phone]"),
        ("01701234567", "[phone]"),
        ("tel: 01 23 45 67 89.", "tel: [phone]."),
        ("061 123-456", "[phone]"),
        ("07700 900123", "[phone]"),
        ("090-1234-5678", "[phone]"),
        ("(0)30 1234567", "[phone]"),
        ("iphone 15 0151 12345678", "iphone 15 [phone]"),
        ("555-123-4567", "[phone]"),
        ("555.123.4567", "[phone]"),
        ("(555) 123-4567", "[phone]"),
        ("(0301234567)", "([phone])"),
        ("call (030 1234567)", "call ([phone])"),
        ("1-800-555-1234", "[phone]"),
        ("98765 43210", "[phone]"),
        ("138 1234 5678", "[phone]"),
        ("8 (495) 123-45-67", "[phone]"),
        ("(11) 91234-5678", "[phone]"),
        ("٠١٠١٢٣٤٥٦٧٨", "[phone]"),
        ("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "[phone]"),
        ("०११ २३४५ ६७८९", "[phone]"),
        ("0301234567 0401234567", "[phone] [phone]"),
        ("0301234567,0401234567", "[phone],[phone]"),
        ("030 1234567 anna@example.com 4111111111111111", "[phone] [email] [card]"),
    ]);
}

#[test]
fn typical_searches_of_shops_are_kept() {
    check_kept(&[
        "",
        "red shoes",
        "2024",
        "1999 2000 2001",
        "2010 2011 2012",
        "15 2019 2020",
        "1998-2003",
        "iphone 15 pro 256gb",
        "size 42.5",
        "36-38-40",
        "1920x1080",
        "10 20 30 40 50",
        "€1,299.00",
        "1.500.000.000 rp",
        "0.99 1.49 2.49",
        "0.123456789",
        "01.02.2024",
        "01.02.2024 12:30",
        "01/02/2024 12 30 15",
        "2024-01-02 10 30 00",
        "192.168.100.200",
        "10.0.0.1",
        "007 james bond",
        "911 turbo",
        "4006381333931",
        "0-306-40615-2",
        "978-3-16-148410-0",
        "012345678X",
        "B0123456789",
        "x01234567890y",
        "SKU_0123456789",
        "3161484100",
        "1234567890",
        "5551234567",
        "+5 euro",
        "C++ 2017",
        "1+1",
        "0000000000",
        "band (2019) 12345678",
        "100 200 300 400",
        "½ ¾ ²³",
    ]);
}

#[test]
fn ambiguous_numbers() {
    check(&[
        // One in ten article numbers passes the Luhn check.
        ("4006381333023", "[card]"),
        ("0306406152", "[phone]"),
        ("0012345678905", "[phone]"),
        ("0712345678911", "0712345678911"),
        ("0712345678912", "[phone]"),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_masked_text_masks_to_itself(
        dense in r"[0-9 +()./a@\-٣]{0,40}",
        numbers in r"(\+?\(?[0-9]{1,5}[ ).\-/@,a]{1,2}){0,9}",
        any in "(?s).{0,40}",
    ) {
        for text in [dense, numbers, any] {
            let once = mask(&text).into_owned();
            let twice = mask(&once);
            prop_assert_eq!(twice.as_ref(), once.as_str(), "{}", text);
        }
    }

    #[test]
    fn cards_are_found_in_any_grouping(
        digits in "[1-9][0-9]{11,17}",
        separator in "[ .-]?",
        before in "[a-z ]{0,5}",
    ) {
        let check = ('0'..='9').map(|last| format!("{digits}{last}")).find(|number| {
            passes_luhn(&number.bytes().map(|byte| byte - b'0').collect::<Vec<_>>())
        });
        let number = check.unwrap();
        prop_assume!(!number.starts_with("97"));
        let groups: Vec<&str> = number.as_bytes().chunks(4).map(|part| std::str::from_utf8(part).unwrap()).collect();
        let text = format!("{before}{}", groups.join(&separator));
        let masked = mask(&text);
        prop_assert_eq!(masked.as_ref(), format!("{before}[card]"), "{}", text);
    }
}
