//! How one text in the box relates to an earlier one. Pure, and linear in the texts' lengths.

use unicode_segmentation::UnicodeSegmentation;

use quarry_domain::comparison_key;

/// From this many letters on, a correction may take [`LONG_EDITS`].
const LONG_LETTERS: usize = 5;
const SHORT_EDITS: usize = 1;
const LONG_EDITS: usize = 2;
/// The most letters that an input method is taken to have been composing at once.
const COMPOSED_LETTERS: usize = 20;

const HANGUL_SYLLABLES: std::ops::RangeInclusive<char> = '가'..='힣';
/// The consonants and vowels that a Korean keyboard makes each compound vowel and each final of,
/// as indexes of the leading consonants and of the vowels.
const COMPOUND_VOWELS: [(u32, [u32; 2]); 7] =
    [(9, [8, 0]), (10, [8, 1]), (11, [8, 20]), (14, [13, 4]), (15, [13, 5]), (16, [13, 20]), (19, [18, 20])];
const FINALS: [&[u32]; 27] = [
    &[0],
    &[1],
    &[0, 9],
    &[2],
    &[2, 12],
    &[2, 18],
    &[3],
    &[5],
    &[5, 0],
    &[5, 6],
    &[5, 7],
    &[5, 9],
    &[5, 16],
    &[5, 17],
    &[5, 18],
    &[6],
    &[7],
    &[7, 9],
    &[9],
    &[10],
    &[11],
    &[12],
    &[14],
    &[15],
    &[16],
    &[17],
    &[18],
];

/// A text in the forms that it is compared in.
#[derive(Debug)]
pub(super) struct Form<'a> {
    /// As it was typed.
    text: &'a str,
    /// See [`comparison_key`].
    key: String,
    /// The key with Korean syllables taken apart into what was typed, where it has any: `하`,
    /// `한` and `하나` are each the beginning of the next then.
    strokes: Option<String>,
}

/// What a text is to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Equal in comparison form.
    Same,
    /// Goes on where the earlier one ends.
    Longer,
    /// A beginning of the earlier one.
    Shorter,
    /// The earlier one, put right or written in another script.
    Corrected,
    /// Another matter.
    Unrelated,
}

impl<'a> Form<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let key = comparison_key(text);
        let strokes = key.chars().any(is_hangul).then(|| korean_strokes(&key));
        Self { text, key, strokes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// What `self` is to `earlier`.
    pub(super) fn relation_to(&self, earlier: &Form<'_>) -> Relation {
        if self.key == earlier.key {
            Relation::Same
        } else if self.strokes().starts_with(earlier.strokes()) {
            Relation::Longer
        } else if earlier.strokes().starts_with(self.strokes()) {
            Relation::Shorter
        } else if self.corrects(earlier) || self.converts(earlier) {
            Relation::Corrected
        } else {
            Relation::Unrelated
        }
    }

    pub(super) fn equals(&self, other: &Form<'_>) -> bool {
        self.key == other.key
    }

    /// Whether `self` is `earlier` with letters taken away.
    pub(super) fn is_remnant_of(&self, earlier: &Form<'_>) -> bool {
        let mut rest = earlier.key.chars();
        self.key.len() < earlier.key.len() && self.key.chars().all(|char| rest.any(|other| other == char))
    }

    /// Whether `self` has less than half of the letters of `other`.
    pub(super) fn is_under_half_of(&self, other: &Form<'_>) -> bool {
        self.letters() * 2 < other.letters()
    }

    /// Whether one press of the backspace key makes `self` of `earlier`.
    pub(super) fn is_one_letter_short_of(&self, earlier: &Form<'_>) -> bool {
        self.relation_to(earlier) == Relation::Shorter && earlier.letters() <= self.letters() + 1
    }

    /// Whether both begin with the same letter.
    pub(super) fn begins_like(&self, other: &Form<'_>) -> bool {
        self.strokes().chars().next() == other.strokes().chars().next()
    }

    fn strokes(&self) -> &str {
        self.strokes.as_deref().unwrap_or(&self.key)
    }

    fn letters(&self) -> usize {
        if self.key.is_ascii() { self.key.len() } else { self.key.graphemes(true).count() }
    }

    /// Whether an input method wrote anew what of `earlier` was typed by its sound. It composes a word
    /// or a few without a space in between: more was not composed but searched for, and is kept.
    fn converts(&self, earlier: &Form<'_>) -> bool {
        if self.key.is_ascii() {
            return false;
        }
        let (composed, _) = differing(earlier.text, self.text);
        if composed.len() > COMPOSED_LETTERS || composed.iter().any(|char| char.is_whitespace()) {
            return false;
        }
        let (sound, written) = differing(&earlier.key, &self.key);
        writes(&sound, &written)
    }

    fn corrects(&self, earlier: &Form<'_>) -> bool {
        if self.key.is_ascii() && earlier.key.is_ascii() {
            return is_correction(earlier.key.as_bytes(), self.key.as_bytes());
        }
        let earlier: Vec<&str> = earlier.key.graphemes(true).collect();
        let letters: Vec<&str> = self.key.graphemes(true).collect();
        is_correction(&earlier, &letters)
    }
}

/// Whether `text` shares at least half of `earlier` as a prefix, or differs by few edits.
fn is_correction<T: PartialEq>(earlier: &[T], text: &[T]) -> bool {
    let edits = if earlier.len() < LONG_LETTERS { SHORT_EDITS } else { LONG_EDITS };
    shared_prefix(earlier, text) * 2 >= earlier.len() || is_within(earlier, text, edits)
}

/// Whether at most `edits` letters that are put in, left out, changed or swapped with their
/// neighbour make `other` of `one`. Each edit is tried where the texts first differ only, so the
/// cost is a few passes over the texts.
fn is_within<T: PartialEq>(one: &[T], other: &[T], edits: usize) -> bool {
    if one.len().abs_diff(other.len()) > edits {
        return false;
    }
    let shared = shared_prefix(one, other);
    let (one, other) = (&one[shared..], &other[shared..]);
    let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) else {
        return true;
    };
    if edits == 0 {
        return false;
    }
    let is_swap = one_rest.first() == Some(second) && other_rest.first() == Some(first);
    is_within(one_rest, other_rest, edits - 1)
        || is_within(one_rest, other, edits - 1)
        || is_within(one, other_rest, edits - 1)
        || is_swap && is_within(&one_rest[1..], &other_rest[1..], edits - 1)
}

fn shared_prefix<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// The scripts that an input method turns one into the other, in the order of its steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Latin,
    Hiragana,
    Katakana,
    Han,
}

fn script_of(char: char) -> Option<Script> {
    match char {
        'a'..='z' | '\'' | 'ü' => Some(Script::Latin),
        '\u{3041}'..='\u{309f}' | 'ー' | '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' => {
            Some(Script::Hiragana)
        }
        '\u{30a0}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => Some(Script::Katakana),
        '々' | '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}' => {
            Some(Script::Han)
        }
        _ => None,
    }
}

/// Whether `text` is `sound` as an input method writes it (`nihao` → `你好`, `にほん` → `日本`): in
/// a later script, and not longer.
fn writes(sound: &[char], text: &[char]) -> bool {
    let scripts = |part: &[char]| part.iter().map(|char| script_of(*char)).collect::<Option<Vec<_>>>();
    let (Some(sound), Some(written)) = (scripts(sound), scripts(text)) else {
        return false;
    };
    let is_later = written.iter().max() > sound.iter().max() && sound.iter().max() < Some(&Script::Han);
    !sound.is_empty() && written.len() <= sound.len() && is_later && !written.contains(&Script::Latin)
}

/// What of `one` is another in `other`: without the beginning and the end that they share.
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

fn is_hangul(char: char) -> bool {
    HANGUL_SYLLABLES.contains(&char) || ('\u{1100}'..='\u{11ff}').contains(&char)
}

/// Korean as it was typed: consonant, vowel, consonant, each a letter of its own wherever it
/// stands in its syllable.
fn korean_strokes(key: &str) -> String {
    let mut strokes = String::with_capacity(key.len() * 2);
    for char in key.chars() {
        let code = u32::from(char);
        match char {
            '가'..='힣' => {
                let syllable = code - 0xAC00;
                push_leading(&mut strokes, syllable / 588);
                push_vowel(&mut strokes, syllable % 588 / 28);
                push_final(&mut strokes, syllable % 28);
            }
            '\u{1161}'..='\u{1175}' => push_vowel(&mut strokes, code - 0x1161),
            '\u{11a8}'..='\u{11c2}' => push_final(&mut strokes, code - 0x11A7),
            other => strokes.push(other),
        }
    }
    strokes
}

fn push_leading(strokes: &mut String, index: u32) {
    strokes.extend(char::from_u32(0x1100 + index));
}

fn push_vowel(strokes: &mut String, index: u32) {
    let simple = [index];
    let compound = COMPOUND_VOWELS.iter().find(|(compound, _)| *compound == index);
    let parts = compound.map_or(&simple[..], |(_, parts)| parts);
    strokes.extend(parts.iter().filter_map(|part| char::from_u32(0x1161 + part)));
}

/// Index 0 stands for none.
fn push_final(strokes: &mut String, index: u32) {
    let parts = (index as usize).checked_sub(1).map_or(&[][..], |index| FINALS[index]);
    parts.iter().for_each(|part| push_leading(strokes, *part));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Relation::{Corrected, Longer, Same, Shorter, Unrelated};
    use super::*;

    #[test]
    fn relations() {
        let cases = [
            ("Busi", "Business", Longer),
            ("How is", "Howis emil hajric", Longer),
            ("Business", "Bus", Shorter),
            ("BUSINESS", "bus iness", Same),
            // At least half of the earlier one is shared.
            ("busimess", "busin", Corrected),
            ("busimess", "bus", Shorter),
            ("busimess", "busy", Unrelated),
            ("ab", "ac", Corrected),
            // One edit under five letters, two from there on.
            ("cat", "bat", Corrected),
            ("cat", "act", Corrected),
            ("a", "b", Corrected),
            ("cat", "dot", Unrelated),
            ("xcat", "catyy", Unrelated),
            ("shoes", "rshoes", Corrected),
            ("shoes", "reshoes", Corrected),
            ("shoes", "redshoes", Unrelated),
            ("abcde", "xbcdy", Corrected),
            ("abcd", "xbcy", Unrelated),
            ("shoe", "osheo", Unrelated),
            ("shoes", "hsose", Corrected),
            // A letter is what people take for one.
            ("e\u{301}", "e", Corrected),
            ("👍🏽", "👎🏽", Corrected),
            ("👨\u{200d}👩\u{200d}👧", "👨", Shorter),
            ("ışık", "isik", Unrelated),
            ("Straße", "STRASSE", Same),
            ("שלום", "שלום עולם", Longer),
            ("שלום", "עולם", Unrelated),
            // Korean, as it is typed.
            ("ㅎ", "하", Longer),
            ("한", "하나", Longer),
            ("하나", "한", Shorter),
            ("과", "고", Shorter),
            ("닭", "달기", Longer),
            ("고양이", "강아지", Unrelated),
            // An input method.
            ("nihao", "你好", Corrected),
            ("你好shi'jie", "你好世界", Corrected),
            ("sh", "し", Corrected),
            ("にほんご", "日本語", Corrected),
            ("かたかな", "カタカナ", Corrected),
            ("にほんの車", "日本の車", Corrected),
            ("你好", "nihao", Unrelated),
            ("日本", "中国", Unrelated),
            ("cat", "дом", Unrelated),
            ("ca", "東京都内", Unrelated),
            // It composes a word at a time.
            ("jolly elevator", "北京", Unrelated),
            ("elevator ", "北京", Unrelated),
            ("jolly elevator", "jolly 北京", Corrected),
            ("Hello Shijie!", "Hello 世界!", Corrected),
            ("abcdefghijklmnopqrst", "北京", Corrected),
            ("abcdefghijklmnopqrstu", "北京", Unrelated),
            ("にほんごをべんきょうするのがとてもすき", "日本語を勉強するのがとても好き", Corrected),
        ];
        for (earlier, text, expected) in cases {
            let relation = Form::of(text).relation_to(&Form::of(earlier));
            assert_eq!(relation, expected, "{earlier} {text}");
        }
    }

    #[test]
    fn long_texts_cost_little() {
        let one: Vec<u8> = (0..4_096_u32).map(|at| (at * 7 % 251) as u8).collect();
        let mut other = one.clone();
        other[0] ^= 0xff;
        other.swap(4_094, 4_095);
        assert!(is_within(&one, &other, 2));
        other[2_000] ^= 0xff;
        assert!(!is_within(&one, &other, 2));
    }

    proptest! {
        #[test]
        fn edits_are_counted_like_the_textbook_does(one in "[abc]{0,8}", other in "[abc]{0,8}", edits in 0usize..3) {
            let expected = strsim::osa_distance(&one, &other) <= edits;
            prop_assert_eq!(is_within(one.as_bytes(), other.as_bytes(), edits), expected);
        }
    }
}
