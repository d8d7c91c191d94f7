//! Check digits of several numbers.

/// The weighted sum of digits.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Verifies the Luhn check digit.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(index, digit)| match (index % 2, *digit) {
        (0, digit) => u32::from(digit),
        (_, digit) => u32::from(digit / 5 + digit * 2 % 10),
    });
    weighed.sum::<u32>() % 10 == 0
}

/// Verifies the check digit of an article number: UPC, EAN, GTIN.
pub(super) fn article(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(index, digit)| match index % 2 {
        0 => u32::from(*digit),
        _ => u32::from(*digit) * 3,
    });
    weighed.sum::<u32>() % 10 == 0
}

/// Verifies the check digit of a ten-digit ISBN without an `X`.
pub(super) fn isbn_10(digits: &[u8]) -> bool {
    digits.len() == 10 && weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Verifies ISO 7064 mod 11,10.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + u32::from(*check)) % 10 == 1
}

/// The number of digits, modulo `modulus`.
pub(super) fn modulo(digits: &[u8], modulus: u64) -> u64 {
    digits.iter().fold(0, |value, digit| (value * 10 + u64::from(*digit)) % modulus)
}

/// Returns true for digits of placeholders: all equal, or counting up.
pub(super) fn is_trivial(digits: &[u8]) -> bool {
    let step = |by: u8| digits.windows(2).all(|pair| (pair[0] + by) % 10 == pair[1]);
    step(0) || step(1)
}
