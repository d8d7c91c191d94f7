//! Identity numbers of America, Africa and Oceania.

use super::super::check_digits::{is_trivial, luhn, modulo, weighted};
use super::super::date::ends_with_month_day;
use super::{NationalId, Number, is_no_phone};

pub(super) const IDS: &[NationalId] = &[
    // United States: social security numbers have no check digit, but ranges.
    NationalId { shapes: &["999-99-9999"], is_valid: is_social_security },
    // Canada.
    NationalId { shapes: &["999-999-999"], is_valid: |number| is_no_phone(number) && luhn(&number.digits) },
    // Mexico: CURP and the RFC of persons.
    NationalId { shapes: &["AAAA999999AAAAAA99", "AAAA999999AAAAAAA9"], is_valid: is_curp },
    NationalId {
        shapes: &[
            "AAAA999999AAA",
            "AAAA999999AA9",
            "AAAA999999A9A",
            "AAAA9999999AA",
            "AAAA99999999A",
            "AAAA9999999A9",
            "AAAA999999A99",
            "AAAA999999999",
            "AAAA-999999-AA9",
            "AAAA-999999-A99",
            "AAAA-999999-999",
            "AAAA-999999-9A9",
            "AAAA-999999-99A",
            "AAAA-999999-AAA",
            "AAAA-999999-9AA",
            "AAAA-999999-A9A",
        ],
        is_valid: |number| ends_with_month_day(&number.digits[..6]),
    },
    // Brazil: CPF; PIS.
    NationalId {
        shapes: &["999.999.999-99", "999-999-999-99", "99999999999", "999999999-99"],
        is_valid: is_cpf,
    },
    NationalId { shapes: &["999.99999.99-9", "999-99999-99-9"], is_valid: is_pis },
    // Argentina.
    NationalId { shapes: &["99-99999999-9", "99.99999999.9"], is_valid: is_cuil },
    // Chile.
    NationalId {
        shapes: &["99.999.999-9", "99.999.999-A", "9.999.999-9", "9.999.999-A", "99999999-9", "99999999-A"],
        is_valid: is_rut,
    },
    // Uruguay.
    NationalId {
        shapes: &["9.999.999-9"],
        is_valid: |number| weighted(&number.digits, &[2, 9, 8, 7, 6, 3, 4, 1]).is_multiple_of(10),
    },
    // Ecuador.
    NationalId { shapes: &["9999999999", "999999999-9"], is_valid: is_ecuadorian },
    // The Dominican Republic.
    NationalId { shapes: &["999-9999999-9"], is_valid: |number| luhn(&number.digits) },
    // South Africa; Egypt.
    NationalId {
        shapes: &["9999999999999", "999999-9999-999", "999999-9999-99-9", "999999-9999-9-9-9"],
        is_valid: |number| {
            ends_with_month_day(&number.digits[..6]) && number.digits[10] < 3 && luhn(&number.digits)
        },
    },
    NationalId {
        shapes: &["99999999999999"],
        is_valid: |number| matches!(number.digits[0], 2 | 3) && ends_with_month_day(&number.digits[1..7]),
    },
    // Australia: tax file number, Medicare; New Zealand.
    NationalId {
        shapes: &["999-999-999"],
        is_valid: |number| {
            is_no_phone(number) && weighted(&number.digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
        },
    },
    NationalId {
        shapes: &["9999-99999-9", "9999-99999-9-9"],
        is_valid: |number| {
            (2..=6).contains(&number.digits[0])
                && weighted(&number.digits[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10
                    == u32::from(number.digits[8])
        },
    },
    NationalId { shapes: &["99-999-999", "999-999-999"], is_valid: is_new_zealand_tax },
];

fn is_social_security(number: &Number) -> bool {
    let [area, group, serial] = [0..3, 3..5, 5..9].map(|range| modulo(&number.digits[range], 10_000));
    let is_round = area % 10 == 0 && group % 10 == 0 && serial % 10 == 0;
    area != 0 && area != 666 && group != 0 && serial != 0 && !is_round
}

fn is_curp(number: &Number) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ";
    let value = |byte: u8| ALPHABET.find(char::from(byte)).unwrap_or(0) as u32;
    let sum: u32 =
        number.chars[..17].iter().zip((2..=18).rev()).map(|(byte, weight)| value(*byte) * weight).sum();
    let check = (10 - sum % 10) % 10;
    matches!(number.letter(10), b'H' | b'M' | b'X')
        && ends_with_month_day(&number.digits[..6])
        && u32::from(number.last() - b'0') == check
}

fn is_cpf(number: &Number) -> bool {
    let check = |count: usize| {
        let weights: Vec<u32> = (2..=count as u32 + 1).rev().collect();
        let rest = weighted(&number.digits[..count], &weights) * 10 % 11 % 10;
        rest == u32::from(number.digits[count])
    };
    !is_trivial(&number.digits) && check(9) && check(10)
}

fn is_pis(number: &Number) -> bool {
    let rest = weighted(&number.digits[..10], &[3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
    rest == u32::from(number.digits[10])
}

fn is_cuil(number: &Number) -> bool {
    let check = match (11 - weighted(&number.digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 {
        10 => 9,
        check => check,
    };
    matches!(number.digits[0], 2 | 3) && check == u32::from(number.digits[10])
}

fn is_rut(number: &Number) -> bool {
    let (check, body) = (number.last(), &number.chars[..number.chars.len() - 1]);
    let sum: u32 = body
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].into_iter().cycle())
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    check
        == match 11 - sum % 11 {
            11 => b'0',
            10 => b'K',
            digit => b'0' + digit as u8,
        }
}

fn is_ecuadorian(number: &Number) -> bool {
    let province = number.digits[0] * 10 + number.digits[1];
    matches!(province, 1..=24 | 30) && number.digits[2] < 6 && luhn(&number.digits)
}

fn is_new_zealand_tax(number: &Number) -> bool {
    let mut digits = vec![0; 9 - number.digits.len()];
    digits.extend(&number.digits);
    let check = |weights: &[u32]| (11 - weighted(&digits[..8], weights) % 11) % 11;
    let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let found = if first == 10 { check(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    found == u32::from(digits[8])
        && (number.digits.len() == 8 || is_no_phone(number))
        && (digits[0] > 0 || digits[1] > 0)
}
