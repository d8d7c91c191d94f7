//! Identity numbers of Asia.

use verhoeff::Verhoeff;

use super::super::check_digits::{is_trivial, luhn, modulo, weighted};
use super::super::date::ends_with_month_day;
use super::{NationalId, Number, value_of};

pub(super) const IDS: &[NationalId] = &[
    // India: Aadhaar, and the PAN of persons.
    NationalId {
        shapes: &["9999-9999-9999", "999999999999"],
        is_valid: |number| number.digits[0] >= 2 && number.digits.validate_verhoeff_check_digit(),
    },
    NationalId { shapes: &["AAAAA9999A"], is_valid: |number| number.letter(3) == b'P' },
    // China; Taiwan; Hong Kong.
    NationalId { shapes: &["999999999999999999", "99999999999999999A"], is_valid: is_chinese },
    NationalId { shapes: &["A999999999"], is_valid: is_taiwanese },
    NationalId { shapes: &["A999999(9", "A999999(A", "AA999999(9", "AA999999(A"], is_valid: is_hong_kong },
    // Japan: the individual number in its groups.
    NationalId { shapes: &["9999-9999-9999"], is_valid: is_japanese },
    // Korea: since 2020 without a check digit.
    NationalId {
        shapes: &["999999-9999999"],
        is_valid: |number| ends_with_month_day(&number.digits[..6]) && (1..=8).contains(&number.digits[6]),
    },
    // Singapore; Malaysia; Thailand.
    NationalId { shapes: &["A9999999A"], is_valid: is_singaporean },
    NationalId {
        shapes: &["999999-99-9999"],
        is_valid: |number| {
            let state = number.digits[6] * 10 + number.digits[7];
            ends_with_month_day(&number.digits[..6])
                && matches!(state, 1..=16 | 21..=59 | 60..=68 | 71 | 72 | 74..=79 | 82..=93 | 98 | 99)
        },
    },
    NationalId {
        shapes: &["9-9999-99999-99-9", "9999999999999"],
        is_valid: |number| {
            let check =
                (11 - weighted(&number.digits[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10;
            (1..=8).contains(&number.digits[0]) && check == u32::from(number.digits[12])
        },
    },
    // Pakistan; Sri Lanka before 2016.
    NationalId { shapes: &["99999-9999999-9"], is_valid: |number| (1..=7).contains(&number.digits[0]) },
    NationalId {
        shapes: &["999999999A"],
        is_valid: |number| {
            // Women add 500 to the day of the year.
            let day = modulo(&number.digits[2..5], 500);
            number.last() == b'V' && (1..=366).contains(&day)
        },
    },
    // The Emirates; Turkey; Kazakhstan.
    NationalId {
        shapes: &["999-9999-9999999-9", "999999999999999"],
        is_valid: |number| number.digits.starts_with(&[7, 8, 4]) && luhn(&number.digits),
    },
    NationalId { shapes: &["99999999999"], is_valid: is_turkish },
    NationalId { shapes: &["999999999999"], is_valid: is_kazakh },
];

fn is_chinese(number: &Number) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let region = number.digits[0] * 10 + number.digits[1];
    let check = b"10X98765432"[weighted(&number.digits[..17], &WEIGHTS) as usize % 11];
    (11..=82).contains(&region) && ends_with_month_day(&number.digits[6..14]) && check == number.last()
}

fn is_taiwanese(number: &Number) -> bool {
    // The codes of letters from 10 on, in this order.
    let code =
        b"ABCDEFGHJKLMNPQRSTUVXYWZIO".iter().position(|letter| *letter == number.letter(0)).unwrap_or(0)
            as u32
            + 10;
    let sum = code / 10 + code % 10 * 9 + weighted(&number.digits, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(number.digits[0], 1 | 2 | 8 | 9) && sum.is_multiple_of(10)
}

fn is_hong_kong(number: &Number) -> bool {
    let (check, body) = (number.last(), &number.chars[..number.chars.len() - 1]);
    // A single letter has a blank of the value 36 before it.
    let blank = if body.len() == 7 { 36 * 9 } else { 0 };
    let weights = (2..=body.len() as u32 + 1).rev();
    let sum: u32 =
        blank + body.iter().zip(weights).map(|(byte, weight)| value_of(*byte) * weight).sum::<u32>();
    let check = if check == b'A' { 10 } else { value_of(check) };
    (sum + check).is_multiple_of(11)
}

fn is_japanese(number: &Number) -> bool {
    let rest = weighted(&number.digits[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest <= 1 { 0 } else { 11 - rest };
    !is_trivial(&number.digits) && check == u32::from(number.digits[11])
}

fn is_singaporean(number: &Number) -> bool {
    let sum = weighted(&number.digits, &[2, 7, 6, 5, 4, 3, 2]) as usize;
    let check = match number.letter(0) {
        b'S' => b"JZIHGFEDCBA"[sum % 11],
        b'T' => b"JZIHGFEDCBA"[(sum + 4) % 11],
        b'F' => b"XWUTRQPNMLK"[sum % 11],
        b'G' => b"XWUTRQPNMLK"[(sum + 4) % 11],
        b'M' => b"XWUTRQPNJLK"[10 - (sum + 3) % 11],
        _ => return false,
    };
    check == number.last()
}

fn is_turkish(number: &Number) -> bool {
    let digits = number.digits.as_slice();
    let sum = |from: usize| -> i32 { digits[from..9].iter().step_by(2).map(|digit| i32::from(*digit)).sum() };
    let tenth = (sum(0) * 7 - sum(1)).rem_euclid(10);
    let eleventh = digits[..10].iter().map(|digit| i32::from(*digit)).sum::<i32>() % 10;
    digits[0] != 0 && tenth == i32::from(digits[9]) && eleventh == i32::from(digits[10])
}

fn is_kazakh(number: &Number) -> bool {
    let digits = number.digits.as_slice();
    let first = weighted(&digits[..11], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
    let check =
        if first == 10 { weighted(&digits[..11], &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11 } else { first };
    ends_with_month_day(&digits[..6]) && (1..=6).contains(&digits[6]) && check == u32::from(digits[11])
}
