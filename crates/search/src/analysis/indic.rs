//! Spellings of nasals in Indic scripts: `हिन्दी` and `हिंदी`.
//!
//! The Unicode blocks of these scripts have the same layout, so that a letter has one offset in all of them.

/// The dot below letters of foreign words, which typing often omits: `फ़िल्म`.
///
/// In Bengali and Gurmukhi it distinguishes words, and is no variant.
pub(super) const DEVANAGARI_NUKTA: char = '\u{93c}';

/// The blocks in which a nasal before a consonant is also written as anusvara: Devanagari, Bengali,
/// Gujarati, Odia, Telugu and Kannada.
///
/// Gurmukhi and Tamil write no such conjuncts, and anusvara is another sound in Malayalam.
const BLOCKS: [u32; 6] = [0x900, 0x980, 0xA80, 0xB00, 0xC00, 0xC80];
const BLOCK_LENGTH: u32 = 0x80;
const ANUSVARA: u32 = 0x02;
const NA: u32 = 0x28;
const VIRAMA: u32 = 0x4D;

/// Returns the common form of a sign: chandrabindu is often typed as anusvara in Devanagari and Gujarati.
pub(super) fn indic_sign(c: char) -> Option<char> {
    match c {
        'ँ' => Some('ं'),
        'ઁ' => Some('ં'),
        _ => None,
    }
}

/// Returns the letters of a Malayalam consonant without a vowel, as older texts write it with a joiner.
pub(super) fn without_chillu(c: char) -> Option<&'static str> {
    Some(match c {
        'ൺ' => "ണ്",
        'ൻ' => "ന്",
        'ർ' => "ര്",
        'ൽ' => "ല്",
        'ൾ' => "ള്",
        'ൿ' => "ക്",
        _ => return None,
    })
}

/// Replaces nasals without a vowel before a consonant of their class by anusvara.
pub(super) fn fold_nasals(word: String) -> String {
    // UTF-8 encodes all of these blocks with the same first byte.
    if !word.as_bytes().contains(&0xE0) {
        return word;
    }
    let letters: Vec<char> = word.chars().collect();
    let mut folded = String::with_capacity(word.len());
    let mut at = 0;
    while at < letters.len() {
        match letters.get(at..at + 3).and_then(anusvara) {
            Some(anusvara) => {
                folded.push(anusvara);
                at += 2;
            }
            None => {
                folded.push(letters[at]);
                at += 1;
            }
        }
    }
    folded
}

/// Returns the anusvara for a nasal and virama before a consonant.
fn anusvara(letters: &[char]) -> Option<char> {
    let [nasal, virama, next] = letters else { return None };
    let block =
        BLOCKS.into_iter().find(|block| (*block..block + BLOCK_LENGTH).contains(&u32::from(*nasal)))?;
    let offset = |c: char| u32::from(c).checked_sub(block);
    let (nasal, next) = (offset(*nasal)?, offset(*next)?);
    let is_variant = match nasal {
        // Loan words write this nasal before stops of all classes and sibilants: इन्टरनेट, इन्सान.
        NA => is_stop(next) || matches!(next, 0x36..=0x38),
        0x19 | 0x1E | 0x23 | 0x2E => (nasal - 4..nasal).contains(&next),
        _ => false,
    };
    (offset(*virama) == Some(VIRAMA) && is_variant).then(|| char::from_u32(block + ANUSVARA)).flatten()
}

/// Returns a folded word whose last letter may be such a nasal before the letter that comes next, with anusvara.
///
/// With a virama, it is one; without, only the nasal before most letters is meant.
pub(crate) fn with_final_anusvara(word: &str) -> Option<String> {
    let mut letters = word.chars();
    let last = letters.next_back()?;
    let block = BLOCKS.into_iter().find(|block| (*block..block + BLOCK_LENGTH).contains(&u32::from(last)))?;
    let offset = |c: char| u32::from(c).checked_sub(block);
    let is_nasal = match offset(last)? {
        VIRAMA => letters
            .next_back()
            .and_then(offset)
            .is_some_and(|of| matches!(of, 0x19 | 0x1E | 0x23 | NA | 0x2E)),
        of => of == NA,
    };
    let before = letters.as_str();
    let anusvara = char::from_u32(block + ANUSVARA)?;
    (is_nasal && !before.is_empty()).then(|| format!("{before}{anusvara}"))
}

/// Returns true for the four stops of each of the five classes; the nasal follows them.
fn is_stop(offset: u32) -> bool {
    matches!(offset, 0x15..=0x18 | 0x1A..=0x1D | 0x1F..=0x22 | 0x24..=0x27 | 0x2A..=0x2D)
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::with_final_anusvara;

    #[test]
    fn a_nasal_at_the_end_of_a_beginning_may_be_written_as_anusvara() {
        for (typed, written) in [
            ("हिन", Some("हिंदी")),
            ("हिन्", Some("हिंदी")),
            ("सम्", Some("संबंध")),
            ("সন্", Some("সন্ধ্যা")),
            ("సన", Some("సంధ్య")),
            ("सम", None),
            ("हिंद", None),
            ("न", None),
            ("தமிழ்", None),
            ("men", None),
            ("", None),
        ] {
            let begins =
                with_final_anusvara(&fold(typed)).map(|begins| fold(written.unwrap()).starts_with(&begins));
            assert_eq!(begins, written.map(|_| true), "{typed}");
        }
    }

    #[test]
    fn nasals_before_consonants_are_written_in_two_ways() {
        for pair in [
            "हिन्दी हिंदी",
            "मन्दिर मंदिर",
            "अङ्क अंक",
            "चञ्चल चंचल",
            "घण्टा घंटा",
            "सम्बन्ध संबंध",
            "इन्टरनेट इंटरनेट",
            "इन्सान इंसान",
            "चाँद चांद",
            "फ़िल्म फिल्म",
            "ব্যাঙ্ক ব্যাংক",
            "કેન્દ્ર કેંદ્ર",
            "ಬೆಙ್ಗಳೂರು ಬೆಂಗಳೂರು",
            "హిన్ది హింది",
            "ଅଙ୍କ ଅଂକ",
        ] {
            let (a, b) = pair.split_once(' ').unwrap();
            assert_eq!(fold(a), fold(b), "{pair}");
        }
    }

    #[test]
    fn other_conjuncts_are_kept() {
        for word in ["अन्न", "सम्मान", "कन्या", "जन्म", "अम्ल", "বন্যা", "தங்கம்", "ചങ്ങാതി"]
        {
            assert_eq!(fold(word), word);
        }
        assert_ne!(fold("ডাল"), fold("ড\u{9bc}াল"), "a letter with a dot is another one in Bengali");
    }
}
