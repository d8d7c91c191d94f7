//! Letters of Thai, Lao and Japanese that are typed in several ways.
//!
//! Thai and Lao: the signs of a syllable in any order, and vowels in two halves. Japanese: katakana as hiragana,
//! so that `リンゴ` is `りんご`, and `ヴ` as most texts write its sound: `バイオリン`.

/// The first bytes of the letters of Thai and Lao, and of kana, in UTF-8.
const FIRST_BYTES: [u8; 2] = [0xE0, 0xE3];

/// Returns true for a character that is a part of the letter before, a grapheme cluster.
pub(super) fn continues_letter(cluster: &str, next: char) -> bool {
    match next {
        'า' => cluster.contains('ํ'),
        'າ' => cluster.contains('ໍ'),
        'เ' | 'ເ' => cluster.chars().eq([next]),
        'ぁ' | 'ぃ' | 'ぇ' | 'ぉ' | 'ァ' | 'ィ' | 'ェ' | 'ォ' | 'ｧ' | 'ｨ' | 'ｪ' | 'ｫ' => {
            let is_voiced = cluster.contains(['\u{3099}', 'ﾞ']);
            cluster.starts_with(['ヴ', 'ゔ']) || cluster.starts_with(['ウ', 'う', 'ｳ']) && is_voiced
        }
        _ => false,
    }
}

/// Returns the Han character that an iteration mark at an offset repeats: `人々` is `人人`.
pub(super) fn repeated(text: &str, mark: usize) -> Option<&str> {
    const MARK: char = '々';
    if !text[mark..].starts_with(MARK) {
        return None;
    }
    let (start, c) = text[..mark].char_indices().next_back()?;
    let is_han = matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    is_han.then(|| &text[start..mark])
}

pub(crate) fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}')
}

pub(super) fn is_katakana(c: char) -> bool {
    matches!(c, 'ァ'..='ヺ' | 'ヽ' | 'ヾ')
}

/// Returns a decomposed word in the form that all spellings share.
pub(super) fn fold_sequences(word: String) -> String {
    if !word.bytes().any(|byte| FIRST_BYTES.contains(&byte)) {
        return word;
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            // The small letters of counters and place names are also written large: 一ヶ月, 一ケ月.
            'ヵ' | 'ゕ' => folded.push('か'),
            'ヶ' | 'ゖ' => folded.push('け'),
            'ァ'..='ヴ' | 'ヽ' | 'ヾ' => folded.push(hiragana(c)),
            'เ' if folded.ends_with('เ') => replace_last(&mut folded, 'แ'),
            'ເ' if folded.ends_with('ເ') => replace_last(&mut folded, 'ແ'),
            _ if is_tone(c) => {
                let before = folded.trim_end_matches(['า', 'າ']).trim_end_matches(['ํ', 'ໍ']);
                // The vowel alone follows a tone in any spelling.
                let is_before_vowel = folded[before.len()..].starts_with(['ํ', 'ໍ']);
                let at = if is_before_vowel { before.len() } else { folded.len() };
                folded.insert(at, c);
            }
            _ if is_vowel_above(c) => folded.insert(folded.trim_end_matches(is_tone).len(), c),
            _ => folded.push(c),
        }
    }
    if folded.contains("う\u{3099}") { without_voiced_u(&folded) } else { folded }
}

fn hiragana(katakana: char) -> char {
    const DISTANCE: u32 = 0x60;
    char::from_u32(u32::from(katakana) - DISTANCE).unwrap_or(katakana)
}

fn replace_last(word: &mut String, other: char) {
    word.pop();
    word.push(other);
}

fn is_tone(c: char) -> bool {
    matches!(c, '\u{e48}'..='\u{e4b}' | '\u{ec8}'..='\u{ecb}')
}

/// Returns true for vowel signs between a consonant and its tone; those below are in order by decomposition.
fn is_vowel_above(c: char) -> bool {
    matches!(c, '\u{e31}' | '\u{e34}'..='\u{e37}' | '\u{e47}' | '\u{eb1}' | '\u{eb4}'..='\u{eb7}' | '\u{ebb}')
}

fn without_voiced_u(word: &str) -> String {
    const SOUNDS: [(&str, &str); 5] = [
        ("う\u{3099}ぁ", "は\u{3099}"),
        ("う\u{3099}ぃ", "ひ\u{3099}"),
        ("う\u{3099}ぇ", "へ\u{3099}"),
        ("う\u{3099}ぉ", "ほ\u{3099}"),
        ("う\u{3099}", "ふ\u{3099}"),
    ];
    SOUNDS.iter().fold(word.to_owned(), |word, (sound, other)| word.replace(sound, other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fold::fold;
    use super::super::words::words;

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text.into_owned()).collect()
    }

    #[test]
    fn spellings_of_one_word_fold_alike() {
        for pair in [
            "ถ้ำ ถํ้า",
            "ถ้ำ ถำ้",
            "ช้ำใจ ชํ้าใจ",
            "คำ คํา",
            "ที่นี่ ท่ีน่ี",
            "แม่น้ำ เเม่นํ้า",
            "ນ້ຳ ນໍ້າ",
            "みかん ミカン",
            "カメラ ｶﾒﾗ",
            "ドラゴン ﾄﾞﾗｺﾞﾝ",
            "ヴィーナス ビーナス",
            "ヴェール ベール",
            "ｳﾞｫｰｶﾙ ボーカル",
            "ゔぁんぱいあ バンパイア",
            "ラヴ ラブ",
            "一ヶ月 一ケ月",
            "二ヵ国 二カ国",
            "人々 人人",
            "佐々木 佐佐木",
        ] {
            let (a, b) = pair.split_once(' ').unwrap();
            assert_eq!(folded(a), folded(b), "{pair}");
        }
    }

    #[test]
    fn other_words_are_kept_apart() {
        for pair in ["คำ ค้ำ", "เก แก", "ハハ パパ", "ビル ビール", "ブァ バ"] {
            let (a, b) = pair.split_once(' ').unwrap();
            assert_ne!(folded(a), folded(b), "{pair}");
        }
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(word in "[ก-๛ກ-ໟぁ-ヿｦ-ﾟ]{0,8}") {
            let once = fold(&word).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
            for word in words(&word) {
                prop_assert_eq!(fold(&word.text), word.text.as_ref());
            }
        }
    }
}
