//! Conversions of input methods: from sounds or strokes to the written text. Pure.

use unicode_normalization::UnicodeNormalization;

use super::edits::shared_prefix;
use super::words::plain_letters;

/// The maximum number of letters that an input method composes at once.
const COMPOSED_LETTERS: usize = 20;
/// The most letters that make a kana.
const KANA_ROMAJI: usize = 4;
/// The same for syllables of Pinyin, which are recognised as such.
const COMPOSED_PINYIN: usize = 60;
/// The most strokes of a character in Cangjie.
const CANGJIE_STROKES: usize = 5;
/// The keys of Cangjie, which show as characters while composing.
const CANGJIE_KEYS: &str = "手田水口廿卜山戈人心日尸木火土竹十大中難难金女月弓一重";

/// The initials and the finals of Pinyin, without tones.
const PINYIN_INITIALS: [&str; 24] = [
    "zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c",
    "s", "y", "w", "",
];
const PINYIN_FINALS: [&str; 39] = [
    "iang", "iong", "uang", "ueng", "ang", "eng", "ing", "ong", "ian", "iao", "uai", "uan", "van", "üan",
    "ai", "ei", "ao", "ou", "an", "en", "er", "ia", "ie", "iu", "in", "ua", "uo", "ui", "un", "ue", "üe",
    "ve", "a", "o", "e", "i", "u", "ü", "v",
];

/// The first letters that write kana in Latin.
const KANA_LETTERS: [(&str, &str); 22] = [
    ("あぁア", "a"),
    ("いぃイ", "iy"),
    ("うぅウ", "uw"),
    ("えぇエ", "ea"),
    ("おぉオ", "o"),
    ("かきくけこカキクケコ", "kcq"),
    ("がぎぐげごガギグゲゴ", "gj"),
    ("さすせそサスセソ", "sct"),
    ("しシ", "sc"),
    ("ざずぜぞザズゼゾ", "zs"),
    ("じジ", "jgz"),
    ("たてとタテト", "t"),
    ("ちつチツ", "ctz"),
    ("だぢづでどダヂヅデド", "djz"),
    ("なにぬねのナニヌネノん", "nm"),
    ("はひへほハヒヘホ", "h"),
    ("ふフ", "fh"),
    ("ばびぶべぼバビブベボゔヴ", "bv"),
    ("ぱぴぷぺぽパピプペポ", "p"),
    ("まみむめもマミムメモ", "m"),
    ("やゆよゃゅょヤユヨ", "yu"),
    ("らりるれろわをラリルレロワ", "lrwo"),
];

/// The keys of a phone that write kana: pressed again, moved or marked afterwards, each writes another one of its own.
const KANA_KEYS: [&str; 10] = [
    "あいうえおぁぃぅぇぉゔ",
    "かきくけこがぎぐげご",
    "さしすせそざじずぜぞ",
    "たちつてとっだぢづでど",
    "なにぬねの",
    "はひふへほばびぶべぼぱぴぷぺぽ",
    "まみむめも",
    "やゆよゃゅょ",
    "らりるれろ",
    "わをんゎー",
];

/// The scripts of input methods, in the order of conversion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum WritingScript {
    Latin,
    Bopomofo,
    Hiragana,
    Katakana,
    Han,
}

fn script_of(char: char) -> Option<WritingScript> {
    match char {
        'a'..='z' | '\'' | 'ü' => Some(WritingScript::Latin),
        // Letters and tones of Zhuyin, and strokes.
        '\u{31c0}'..='\u{31e3}'
        | '\u{3105}'..='\u{312f}'
        | '\u{31a0}'..='\u{31bf}'
        | 'ˊ'
        | 'ˇ'
        | 'ˋ'
        | '˙'
        | 'ˉ'
        | '\u{307}' => Some(WritingScript::Bopomofo),
        '\u{3041}'..='\u{309f}' | 'ー' => Some(WritingScript::Hiragana),
        '\u{30a0}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => Some(WritingScript::Katakana),
        '々' | '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}' => {
            Some(WritingScript::Han)
        }
        _ => None,
    }
}

/// Returns true if an input method converted what was composed in `earlier`, and nothing else changed.
pub(super) fn converts(earlier: &str, text: &str) -> bool {
    if earlier.is_ascii() && text.is_ascii() {
        return false;
    }
    let (composed, written) = differing(earlier, text);
    if composed.is_empty() || written.is_empty() {
        return false;
    }
    let is_word = !composed.iter().any(|char| char.is_whitespace()) && composed.len() <= COMPOSED_LETTERS;
    let (sound, written_letters) = (letters(&composed), letters(&written));
    is_pinyin(&composed, &written_letters)
        || is_zhuyin(&sound, &written_letters)
        || is_cangjie(&sound, &written_letters)
        || is_word && is_conversion(&sound, &written_letters)
        || is_word && is_latin_candidate(&sound, &written)
        || is_transliteration(&composed, &written)
}

/// Returns true if a composed text became `text` within its composition: converted, replaced by another candidate, or
/// committed in other letters than those of its keys.
///
/// Once its results were read, other characters are other words rather than candidates.
pub(super) fn is_commitment(composed: &str, text: &str, was_read: bool) -> bool {
    // Keys may show in full width.
    let (composed, text): (String, String) = (composed.nfkc().collect(), text.nfkc().collect());
    if converts(&composed, &text) {
        return true;
    }
    let (before, written) = differing(&composed, &text);
    let (before, written) = (letters(&before), letters(&written));
    if before.is_empty() || written.is_empty() {
        return false;
    }
    let is_written = |char: &char| !char.is_ascii() && !is_latin(*char);
    if before.iter().all(char::is_ascii) {
        return written.iter().all(is_written) || is_spelled(&before, &written);
    }
    if was_read {
        return false;
    }
    if is_same_key(&before, &written) {
        return true;
    }
    // Candidates are characters and readings; kana in place of others of their kind are another word.
    let (Some(before), Some(written)) = (scripts(&before), scripts(&written)) else { return false };
    let are_candidates =
        |scripts: &[WritingScript]| scripts.iter().all(|script| *script > WritingScript::Bopomofo);
    let is_kana = |script: &WritingScript| *script < WritingScript::Han;
    are_candidates(&before)
        && are_candidates(&written)
        && !before.iter().filter(|script| is_kana(script)).any(|script| written.contains(script))
}

fn is_latin(char: char) -> bool {
    matches!(char, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Returns true for a possible conversion, such as `nihao` to `你好` or `にほん` to `日本`.
///
/// The text is in a later script, and not longer.
fn is_conversion(sound: &[char], text: &[char]) -> bool {
    let (Some(sound), Some(written)) = (scripts(sound), scripts(text)) else {
        return false;
    };
    let is_later =
        written.iter().max() > sound.iter().max() && sound.iter().max() < Some(&WritingScript::Han);
    let is_latin = sound.contains(&WritingScript::Latin);
    // The keys of Zhuyin are its symbols, and few letters make a kana.
    if is_latin && written.contains(&WritingScript::Bopomofo) {
        return false;
    }
    let has_kana =
        written.iter().any(|script| matches!(script, WritingScript::Hiragana | WritingScript::Katakana));
    if is_latin && has_kana && sound.len() > written.len() * KANA_ROMAJI {
        return false;
    }
    !sound.is_empty() && written.len() <= sound.len() && is_later && !written.contains(&WritingScript::Latin)
}

/// Returns true for Pinyin whose syllables an input method separates: `bei jing lv you` to `北京旅游`.
///
/// Each syllable has a character. An abbreviation by initials (`b j`) counts as syllables.
fn is_pinyin(composed: &[char], written: &[char]) -> bool {
    let is_han = |char: char| script_of(char) == Some(WritingScript::Han);
    if composed.len() > COMPOSED_PINYIN || !written.iter().all(|char| is_han(*char)) {
        return false;
    }
    let text: String = composed.iter().map(|char| char.to_ascii_lowercase()).collect();
    // Converted from the beginning on, so that characters may precede the syllables that are left.
    let han_in_sound = text.chars().filter(|char| is_han(*char)).count();
    let (mut least, mut most) = (0, 0);
    let is_separator = |char: char| char.is_whitespace() || char == '\'';
    for part in text.split(is_separator).filter(|part| !part.is_empty()) {
        let sound = part.trim_start_matches(is_han);
        let Some(count) = pinyin_syllables(sound) else { return false };
        (least, most) = (least + count.0, most + count.1);
    }
    most > 0 && (least + han_in_sound..=most + han_in_sound).contains(&written.len())
}

/// The least and the largest number of syllables of a text in Pinyin; the last may be incomplete. `None` for other
/// texts.
fn pinyin_syllables(text: &str) -> Option<(usize, usize)> {
    let mut counts: Vec<Option<(usize, usize)>> = vec![None; text.len() + 1];
    counts[0] = Some((0, 0));
    for at in text.char_indices().map(|(at, _)| at) {
        let Some((least, most)) = counts[at] else { continue };
        for length in pinyin_lengths(&text[at..]) {
            let end = &mut counts[at + length];
            let (old_least, old_most) = end.unwrap_or((usize::MAX, 0));
            *end = Some((old_least.min(least + 1), old_most.max(most + 1)));
        }
    }
    counts[text.len()]
}

/// The lengths of the syllables with which a text begins, and of an initial that ends it.
fn pinyin_lengths(text: &str) -> Vec<usize> {
    let mut lengths = Vec::new();
    for initial in PINYIN_INITIALS {
        let Some(rest) = text.strip_prefix(initial) else { continue };
        if rest.is_empty() && !initial.is_empty() {
            lengths.push(initial.len());
        }
        for vowels in PINYIN_FINALS {
            let may_begin = !initial.is_empty() || vowels.starts_with(['a', 'o', 'e']);
            if may_begin && rest.starts_with(vowels) {
                lengths.push(initial.len() + vowels.len());
            }
        }
    }
    lengths
}

/// Returns true for keys that spell letters with marks: `tieesng` or `tie61ng` for `tiếng`.
fn is_spelled(keys: &[char], written: &[char]) -> bool {
    let written: String = written.iter().collect();
    let plain = plain_letters(&written);
    let mut rest = keys.iter();
    plain != written
        && keys.first().copied() == plain.chars().next()
        && plain.chars().all(|letter| rest.any(|key| *key == letter))
}

/// Returns true for a kana that the same key of a phone changed before others followed.
fn is_same_key(before: &[char], written: &[char]) -> bool {
    let ([one], Some(first)) = (before, written.first()) else { return false };
    KANA_KEYS.iter().any(|key| key.contains(*one) && key.contains(*first))
}

/// Returns true for Zhuyin and strokes: `ㄊㄞˊㄅㄟˇ` to `台北`, `㇒㇔` to `你`, also one character at a time while typing on.
fn is_zhuyin(sound: &[char], written: &[char]) -> bool {
    let is_sound = |char: &char| script_of(*char) == Some(WritingScript::Bopomofo);
    let is_han = |char: &char| script_of(*char) == Some(WritingScript::Han);
    let symbols = sound.iter().filter(|char| is_sound(char)).count();
    symbols > 0
        && sound.iter().all(|char| is_sound(char) || is_han(char))
        && written.iter().all(|char| is_sound(char) || is_han(char))
        && (1..=sound.len()).contains(&written.iter().filter(|char| is_han(char)).count())
}

/// Returns true if strokes of Cangjie became the character that they compose: `日月` to `明`.
fn is_cangjie(strokes: &[char], written: &[char]) -> bool {
    strokes.len() <= CANGJIE_STROKES
        && strokes.iter().all(|stroke| CANGJIE_KEYS.contains(*stroke))
        && matches!(written, [one] if script_of(*one) == Some(WritingScript::Han))
}

/// Returns true for kana that a candidate writes in Latin, such as `いぽね` to `iPhone`.
fn is_latin_candidate(sound: &[char], written: &[char]) -> bool {
    let is_kana =
        |char: &char| matches!(script_of(*char), Some(WritingScript::Hiragana | WritingScript::Katakana));
    let first = written.first().map(char::to_ascii_lowercase);
    let begins_alike = KANA_LETTERS.iter().any(|(kana, letters)| {
        sound.first().is_some_and(|first| kana.contains(*first))
            && first.is_some_and(|first| letters.contains(first))
    });
    sound.iter().all(is_kana)
        && written.len() >= 2
        && written.iter().all(char::is_ascii_alphanumeric)
        && begins_alike
}

/// Returns true for a word that was typed in Latin and written in an Indic script at once.
fn is_transliteration(composed: &[char], written: &[char]) -> bool {
    let sound: Vec<&char> = composed.iter().filter(|char| !char.is_whitespace()).collect();
    let letters: Vec<&char> = written.iter().filter(|char| !char.is_whitespace()).collect();
    let is_indic = |char: &char| matches!(*char, '\u{900}'..='\u{dff}' | '\u{200c}' | '\u{200d}');
    (1..=COMPOSED_LETTERS).contains(&sound.len())
        && sound.iter().all(|char| char.is_ascii_alphabetic() || **char == '~' || **char == '\'')
        && !letters.is_empty()
        && letters.iter().all(|char| is_indic(char))
        && letters.len() * 2 >= sound.len()
        && letters.len() <= sound.len() * 2
}

fn scripts(part: &[char]) -> Option<Vec<WritingScript>> {
    part.iter().map(|char| script_of(*char)).collect()
}

/// The letters of a part, without case and white space.
fn letters(part: &[char]) -> Vec<char> {
    let visible = part.iter().filter(|char| !char.is_whitespace());
    visible.flat_map(|char| char.to_lowercase()).collect()
}

/// The different parts of two texts, without their common prefix and suffix.
fn differing(one: &str, other: &str) -> (Vec<char>, Vec<char>) {
    let mut one: Vec<char> = one.chars().collect();
    let mut other: Vec<char> = other.chars().collect();
    let shared = shared_prefix(&one, &other);
    one.drain(..shared);
    other.drain(..shared);
    while one.last() == other.last() && one.pop().is_some() {
        other.pop();
    }
    (one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        for (earlier, text) in [
            ("ni hao", "你好"),
            ("ni\u{2006}hao", "你好"),
            ("bei jing lv you", "北京旅游"),
            ("xi'an", "西安"),
            ("zhong guo ren min", "中国人民"),
            ("b j", "北京"),
            ("sh h", "上海"),
            ("北京 lv you", "北京旅游"),
            ("lü xing", "旅行"),
            ("ㄋㄧˇ", "你"),
            ("ㄊㄞˊㄅㄟˇ", "台北"),
            ("ㄊㄞˊ", "台"),
            ("台ㄅㄟˇ", "台北"),
            ("ㄉㄜ˙", "的"),
            ("日月", "明"),
            ("明一大", "明天"),
            ("いぽね", "iPhone"),
            ("あまぞん", "Amazon"),
            ("ぐーぐる", "Google"),
            ("てれび", "TV"),
            ("namaste", "नमस्ते"),
            ("नमस्ते duniya", "नमस्ते दुनिया"),
            ("vanakkam", "வணக்கம்"),
        ] {
            assert!(converts(earlier, text), "{earlier} {text}");
        }
        for (earlier, text) in [
            ("jolly elevator", "北京"),
            ("red shoes", "北京"),
            ("ni hao", "北"),
            ("ねこ", "dog"),
            ("ねこ", "d"),
            ("hello", "न"),
            ("日本", "中国"),
            ("violin", "ㄊ"),
            ("violin", "し"),
            ("cat", "дом"),
            ("你好", "nihao"),
            ("", "你好"),
        ] {
            assert!(!converts(earlier, text), "{earlier} {text}");
        }
    }
}
