//! Identity numbers of Europe.

use super::super::check_digits::{is_trivial, luhn, mod_11_10, modulo, weighted};
use super::super::date::{begins_with_day_month, ends_with_month_day, is_month_day};
use super::{NationalId, Number, is_no_phone, value_of};

pub(super) const IDS: &[NationalId] = &[
    // Spain: DNI and NIE.
    NationalId {
        shapes: &[
            "99999999A",
            "99999999-A",
            "99.999.999-A",
            "99.999.999A",
            "A9999999A",
            "A-9999999-A",
            "A-9999999A",
            "A9999999-A",
        ],
        is_valid: is_spanish,
    },
    // Portugal: citizen card.
    NationalId { shapes: &["99999999-9-AA9", "99999999-9AA9", "999999999AA9"], is_valid: is_portuguese },
    // France.
    NationalId {
        shapes: &[
            "999999999999999",
            "9-99-99-99-999-999-99",
            "9999999999999-99",
            "99999A999999999",
            "9-99-99-9A-999-999-99",
            "999999A99999999",
        ],
        is_valid: is_french,
    },
    // Italy.
    NationalId {
        shapes: &["AAAAAA99A99A999A", "AAAAAA-99A99-A999A", "AAA-AAA-99A99-A999A"],
        is_valid: is_italian,
    },
    // Germany: tax and pension numbers.
    NationalId {
        shapes: &["99999999999", "99-999-999-999"],
        is_valid: |number| is_german_tax(&number.digits),
    },
    NationalId { shapes: &["99999999A999", "99-999999-A-999"], is_valid: is_german_pension },
    // Austria; Switzerland.
    NationalId {
        shapes: &["9999999999", "9999-999999"],
        is_valid: |number| {
            let weights = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6];
            number.digits[0] != 0
                && begins_with_day_month(&number.digits[4..])
                && weighted(&number.digits, &weights) % 11 == u32::from(number.digits[3])
        },
    },
    NationalId {
        shapes: &["999.9999.9999.99", "999-9999-9999-99", "9999999999999"],
        is_valid: |number| {
            number.digits.starts_with(&[7, 5, 6]) && super::super::check_digits::article(&number.digits)
        },
    },
    // Belgium; the Netherlands in groups.
    NationalId {
        shapes: &["99.99.99-999.99", "99-99-99-999-99", "99999999999", "999999-999-99"],
        is_valid: is_belgian,
    },
    NationalId { shapes: &["9999.99.999", "9999-99-999"], is_valid: is_dutch },
    // Luxembourg.
    NationalId {
        shapes: &["9999999999999"],
        is_valid: |number| {
            use verhoeff::Verhoeff;
            let year = modulo(&number.digits[..4], 10_000);
            let second: Vec<u8> = [&number.digits[..11], &number.digits[12..]].concat();
            (1880..=2099).contains(&year)
                && ends_with_month_day(&number.digits[..8])
                && luhn(&number.digits[..12])
                && second.validate_verhoeff_check_digit()
        },
    },
    // The United Kingdom: national insurance, health service; Ireland.
    NationalId { shapes: &["AA999999A", "AA-99-99-99-A", "AA-999999-A"], is_valid: is_british },
    NationalId {
        shapes: &["999-999-9999"],
        is_valid: |number| {
            let check = (11 - weighted(&number.digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            let is_phone = number.digits[0] >= 2 && number.digits[3] >= 2;
            !is_phone && !is_trivial(&number.digits) && check == u32::from(number.digits[9])
        },
    },
    NationalId { shapes: &["9999999A", "9999999AA"], is_valid: is_irish },
    // Denmark, Sweden, Iceland and Latvia share a shape.
    NationalId { shapes: &["999999-9999", "999999+9999"], is_valid: is_nordic },
    NationalId {
        shapes: &["99999999-9999", "999999999999"],
        is_valid: |number| {
            matches!(number.digits[..2], [1, 8 | 9] | [2, 0])
                && is_swedish_date(&number.digits[2..8])
                && luhn(&number.digits[2..])
        },
    },
    NationalId {
        shapes: &["999999-99999"],
        is_valid: |number| begins_with_day_month(&number.digits) || is_norwegian(number),
    },
    NationalId { shapes: &["99999999999"], is_valid: is_norwegian },
    NationalId {
        shapes: &["999999-999A", "999999-9999", "999999A999A", "999999A9999", "999999+999A"],
        is_valid: is_finnish,
    },
    // Poland; Czechia and Slovakia; Hungary.
    NationalId { shapes: &["99999999999"], is_valid: is_polish },
    NationalId { shapes: &["999999/9999", "999999/999"], is_valid: is_czech },
    NationalId {
        shapes: &["999-999-999"],
        is_valid: |number| {
            is_no_phone(number)
                && weighted(&number.digits[..8], &[3, 7, 3, 7, 3, 7, 3, 7]) % 10
                    == u32::from(number.digits[8])
        },
    },
    NationalId {
        shapes: &["9999999999"],
        is_valid: |number| {
            number.digits[0] == 8
                && weighted(&number.digits[..9], &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11
                    == u32::from(number.digits[9])
        },
    },
    // Romania; Bulgaria; the countries of former Yugoslavia.
    NationalId { shapes: &["9999999999999"], is_valid: is_romanian },
    NationalId { shapes: &["9999999999"], is_valid: is_bulgarian },
    NationalId { shapes: &["9999999999999"], is_valid: is_yugoslav },
    // Estonia and Lithuania; Greece.
    NationalId { shapes: &["99999999999"], is_valid: is_baltic },
    NationalId {
        shapes: &["99999999999"],
        is_valid: |number| begins_with_day_month(&number.digits) && luhn(&number.digits),
    },
    // Russia: insurance and tax numbers.
    NationalId { shapes: &["999-999-999-99"], is_valid: is_russian_insurance },
    NationalId { shapes: &["999999999999"], is_valid: is_russian_tax },
];

fn is_spanish(number: &Number) -> bool {
    let first = match number.letter(0) {
        letter @ b'X'..=b'Z' => u64::from(letter - b'X') * 10_000_000,
        digit if digit.is_ascii_digit() => 0,
        _ => return false,
    };
    let value = first + modulo(&number.digits, 100_000_000);
    b"TRWAGMYFPDXBNJZSQVHLCKE"[value as usize % 23] == number.last()
}

fn is_portuguese(number: &Number) -> bool {
    let weighed = number.chars.iter().rev().enumerate().map(|(index, byte)| match index % 2 {
        0 => value_of(*byte),
        _ if value_of(*byte) * 2 > 9 => value_of(*byte) * 2 - 9,
        _ => value_of(*byte) * 2,
    });
    weighed.sum::<u32>() % 10 == 0
}

fn is_french(number: &Number) -> bool {
    // Corsica's departments 2A and 2B count as 19 and 18.
    let mut digits: Vec<u8> = Vec::with_capacity(15);
    for (index, byte) in number.chars.iter().enumerate() {
        match (index, byte) {
            (6, b'A') => digits.extend([9]),
            (6, b'B') => digits.extend([8]),
            (_, byte) if byte.is_ascii_digit() => digits.push(byte - b'0'),
            _ => return false,
        }
    }
    if !number.letter(6).is_ascii_digit() {
        digits[5] = 1;
    }
    let month = modulo(&digits[3..5], 100);
    matches!(digits[0], 1..=4 | 7 | 8)
        && matches!(month, 1..=12 | 20..=42 | 50..=99)
        && 97 - modulo(&digits[..13], 97) == modulo(&digits[13..], 100)
}

fn is_italian(number: &Number) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let sum: u32 = number.chars[..15]
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            let value = usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
            if index % 2 == 0 { ODD[value] } else { value as u32 }
        })
        .sum();
    b"ABCDEHLMPRST".contains(&number.letter(8)) && u32::from(number.last() - b'A') == sum % 26
}

/// One digit occurs two or three times among the first ten, and the others at most once.
fn is_german_tax(digits: &[u8]) -> bool {
    let mut counts = [0; 10];
    digits[..10].iter().for_each(|digit| counts[usize::from(*digit)] += 1);
    let repeated: Vec<i32> = counts.into_iter().filter(|count| *count > 1).collect();
    digits[0] != 0 && matches!(repeated[..], [2 | 3]) && mod_11_10(digits)
}

fn is_german_pension(number: &Number) -> bool {
    let mut digits = number.digits[..8].to_vec();
    let letter = number.letter(8) - b'A' + 1;
    digits.extend([letter / 10, letter % 10]);
    digits.extend(&number.digits[8..]);
    let (check, body) = (digits[12], &digits[..12]);
    let sum: u32 = body
        .iter()
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    is_month_day(modulo(&number.digits[4..6], 100), modulo(&number.digits[2..4], 100) % 50)
        && sum % 10 == u32::from(check)
}

fn is_belgian(number: &Number) -> bool {
    let (body, check) = (&number.digits[..9], modulo(&number.digits[9..], 100));
    let after_2000: Vec<u8> = [&[2], body].concat();
    let month = modulo(&body[2..4], 100) % 20;
    let has_date = month == 0 || is_month_day(month, modulo(&body[4..6], 100).max(1));
    has_date && [modulo(body, 97), modulo(&after_2000, 97)].iter().any(|rest| 97 - rest == check)
}

fn is_dutch(number: &Number) -> bool {
    let (check, body) = (i64::from(number.digits[8]), &number.digits[..8]);
    let sum = i64::from(weighted(body, &[9, 8, 7, 6, 5, 4, 3, 2])) - check;
    !is_trivial(&number.digits) && sum % 11 == 0
}

fn is_british(number: &Number) -> bool {
    let [first, second] = [number.letter(0), number.letter(1)];
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && ![*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"].contains(&[first, second])
        && matches!(number.last(), b'A'..=b'D')
}

fn is_irish(number: &Number) -> bool {
    let extra = number
        .chars
        .get(8)
        .map_or(0, |letter| if *letter == b'W' { 0 } else { u32::from(letter - b'A' + 1) * 9 });
    let sum = weighted(&number.digits, &[8, 7, 6, 5, 4, 3, 2]) + extra;
    b"WABCDEFGHIJKLMNOPQRSTUV"[sum as usize % 23] == number.letter(7) && matches!(extra, 0 | 9 | 18 | 72)
}

fn is_nordic(number: &Number) -> bool {
    begins_with_day_month(&number.digits) || (is_swedish_date(&number.digits[..6]) && luhn(&number.digits))
}

/// `YYMMDD`; coordination numbers add 60 to the day.
fn is_swedish_date(digits: &[u8]) -> bool {
    let day = modulo(&digits[4..6], 100);
    is_month_day(modulo(&digits[2..4], 100), if day > 60 { day - 60 } else { day })
}

fn is_norwegian(number: &Number) -> bool {
    let digits = number.digits.as_slice();
    let check = |count: usize, weights: &[u32]| (11 - weighted(&digits[..count], weights) % 11) % 11;
    let (day, month) = (modulo(&digits[..2], 100), modulo(&digits[2..4], 100));
    is_month_day(month % 40, day % 40)
        && check(9, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) == u32::from(digits[9])
        && check(10, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) == u32::from(digits[10])
}

fn is_finnish(number: &Number) -> bool {
    let century_at = usize::from(!number.letter(6).is_ascii_digit()) + 6;
    let body: Vec<u8> = number.digits.iter().copied().take(9).collect();
    let is_century = century_at == 6 || b"ABCDEFUVWXY".contains(&number.letter(6));
    body.len() == 9
        && is_century
        && begins_with_day_month(&body)
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[modulo(&body, 31) as usize] == number.last()
}

fn is_polish(number: &Number) -> bool {
    let month = modulo(&number.digits[2..4], 100) % 20;
    let check = (10 - weighted(&number.digits[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
    is_month_day(month, modulo(&number.digits[4..6], 100)) && check == u32::from(number.digits[10])
}

fn is_czech(number: &Number) -> bool {
    let month = modulo(&number.digits[2..4], 100) % 50;
    let month = if month > 20 { month - 20 } else { month };
    let is_valid = number.digits.len() == 9
        || modulo(&number.digits, 11) == 0
        || (modulo(&number.digits[..9], 11) == 10 && number.digits[9] == 0);
    is_month_day(month, modulo(&number.digits[4..6], 100)) && is_valid
}

fn is_romanian(number: &Number) -> bool {
    let rest = weighted(&number.digits[..12], &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let check = if rest == 10 { 1 } else { rest };
    number.digits[0] != 0
        && ends_with_month_day(&number.digits[1..7])
        && check == u32::from(number.digits[12])
}

fn is_bulgarian(number: &Number) -> bool {
    let month = modulo(&number.digits[2..4], 100);
    let month = [40, 20, 0].into_iter().find_map(|century| month.checked_sub(century)).unwrap_or(0);
    let check = weighted(&number.digits[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    is_month_day(month, modulo(&number.digits[4..6], 100)) && check == u32::from(number.digits[9])
}

fn is_yugoslav(number: &Number) -> bool {
    let rest = weighted(&number.digits[..12], &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    begins_with_day_month(&number.digits)
        && matches!(number.digits[4], 0 | 8 | 9)
        && (11 - rest) % 11 == u32::from(number.digits[12])
}

fn is_baltic(number: &Number) -> bool {
    let check = |weights: &[u32]| weighted(&number.digits[..10], weights) % 11;
    let first = check(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]);
    let found = if first == 10 { check(&[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 10 } else { first };
    (1..=8).contains(&number.digits[0])
        && ends_with_month_day(&number.digits[1..7])
        && found == u32::from(number.digits[10])
}

fn is_russian_insurance(number: &Number) -> bool {
    let sum = weighted(&number.digits[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    u64::from(sum % 101 % 100) == modulo(&number.digits[9..], 100)
}

fn is_russian_tax(number: &Number) -> bool {
    let check = |count: usize, weights: &[u32]| weighted(&number.digits[..count], weights) % 11 % 10;
    !is_trivial(&number.digits)
        && check(10, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == u32::from(number.digits[10])
        && check(11, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == u32::from(number.digits[11])
}
