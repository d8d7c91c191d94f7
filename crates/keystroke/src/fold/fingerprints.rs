//! Fingerprints of the prefixes of a masked text, for comparisons without the text.

use unicode_segmentation::UnicodeSegmentation;

use quarry_domain::comparison_key;

/// Fingerprints have so few bits that the letters of a masked text cannot be guessed one after the other: at each
/// position, several letters and digits have the same one.
const FINGERPRINT_BITS: u64 = 0b111;

/// A fingerprint of each prefix of a text, by letters.
pub(super) fn fingerprints(text: &str) -> Vec<u8> {
    prefixes(&comparison_key(text)).collect()
}

/// The number of first letters of a key that agree with fingerprints.
pub(super) fn shared_letters(key: &str, fingerprints: &[u8]) -> usize {
    prefixes(key).zip(fingerprints).take_while(|(one, other)| one == *other).count()
}

fn prefixes(key: &str) -> impl Iterator<Item = u8> {
    // FNV-1a: stable across releases, and mixed further since its low bits depend on few bits of the input.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    key.graphemes(true).map(move |letter| {
        for byte in letter.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        u8::try_from((mixed >> 61) & FINGERPRINT_BITS).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_cannot_be_recovered() {
        let prints = fingerprints("widget +49 171 1234567");
        let guesses = (b'0'..=b'z').filter(|letter| {
            let guess = format!("widget+49171123456{}", char::from(*letter));
            shared_letters(&guess, &prints) == prints.len()
        });
        assert!(guesses.count() > 3);
    }
}
