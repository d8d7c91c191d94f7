//! The relation of a text to an earlier one. Pure, and linear in the lengths.

use unicode_segmentation::UnicodeSegmentation;

use super::conversion::converts;
use super::edits::{is_swap, is_within, shared_prefix};
use super::fingerprints::shared_letters;
use super::hangul::{decompose_hangul, is_hangul};
use super::words::{
    changes_numbers, drops_words, is_completed_by, is_fragment, keeps_words, plain_letters, replaces_one_word,
};
use quarry_domain::comparison_key;

/// The minimum length of a text whose correction may take [`LONG_EDITS`].
const LONG_LETTERS: usize = 5;
const SHORT_EDITS: usize = 1;
const LONG_EDITS: usize = 2;
/// The minimum length of an abandoned text whose retyping may contain [`SHORT_EDITS`].
const RETYPED_LETTERS: usize = 3;

/// A text in its comparable forms.
#[derive(Debug)]
pub(super) struct NormalizedText<'a> {
    /// The typed text.
    text: &'a str,
    /// See [`comparison_key`].
    key: String,
    /// The key with Korean syllables decomposed into letters, if it has any: `하`, `한` and `하나` are each
    /// a prefix of the next.
    jamo: Option<String>,
    /// The key without marks, if it has any.
    plain: Option<String>,
    /// The text stood in the box until its results were read.
    has_stood: bool,
    /// The fingerprints of the prefixes of the typed text, if the text itself is masked.
    prefixes: &'a [u8],
}

/// The relation of a text to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Equal comparison keys.
    Same,
    /// An extension of the earlier one.
    Longer,
    /// A prefix of the earlier one.
    Shorter,
    /// A correction of the earlier one, or its conversion into another script.
    Corrected,
    /// Other text.
    Unrelated,
}

impl<'a> NormalizedText<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let key = comparison_key(text);
        let jamo = key.chars().any(is_hangul).then(|| decompose_hangul(&key));
        let plain = (!key.is_ascii()).then(|| plain_letters(&key)).filter(|plain| *plain != key);
        Self { text, key, jamo, plain, has_stood: false, prefixes: &[] }
    }

    /// A remembered text; of a masked one, only the fingerprints of its prefixes are known.
    pub(super) fn remembered(text: &'a str, prefixes: &'a [u8]) -> Self {
        Self { prefixes, ..Self::of(text) }
    }

    /// Records whether the text stood in the box until its results were read.
    pub(super) fn stands(&mut self, has_stood: bool) {
        self.has_stood = has_stood;
    }

    pub(super) fn has_stood(&self) -> bool {
        self.has_stood
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    pub(super) fn relation_to(&self, earlier: &NormalizedText<'_>) -> Relation {
        if !earlier.prefixes.is_empty() {
            return self.relation_to_masked(earlier);
        }
        if self.key == earlier.key {
            Relation::Same
        } else if self.jamo().starts_with(earlier.jamo()) {
            Relation::Longer
        } else if earlier.jamo().starts_with(self.jamo()) {
            Relation::Shorter
        } else if self.marks(earlier)
            || converts(earlier.text, self.text)
            || self.corrects(earlier) && !self.is_other_search(earlier)
            || is_completed_by(earlier.text, self.text)
        {
            Relation::Corrected
        } else {
            Relation::Unrelated
        }
    }

    /// Returns true if words or numbers of `earlier` were replaced once its results had been read.
    ///
    /// A deletion replaces nothing.
    pub(super) fn is_other_search(&self, earlier: &NormalizedText<'_>) -> bool {
        self.loses_words(earlier)
            && !self.is_subsequence_of(earlier)
            && !self.marks(earlier)
            && !converts(earlier.text, self.text)
    }

    /// Returns true if words of `earlier`, whose results were read, are missing.
    pub(super) fn loses_words(&self, earlier: &NormalizedText<'_>) -> bool {
        earlier.has_stood
            && earlier.prefixes.is_empty()
            && !is_fragment_of_word(&earlier.key)
            && !keeps_words(earlier.text, self.text)
    }

    /// Returns true if only white space of `earlier` was deleted.
    pub(super) fn joins_words(&self, earlier: &NormalizedText<'_>) -> bool {
        self.text.split_whitespace().count() < earlier.text.split_whitespace().count()
    }

    /// Returns true if the text may be a suggestion for the typed one.
    pub(super) fn completes(&self, typed: &NormalizedText<'_>) -> bool {
        self.relation_to(typed) == Relation::Longer || is_completed_by(typed.text, self.text)
    }

    /// Returns true if other words replace one of `earlier`.
    pub(super) fn replaces_one_word(&self, earlier: &NormalizedText<'_>) -> bool {
        earlier.prefixes.is_empty() && replaces_one_word(earlier.text, self.text)
    }

    pub(super) fn is_read_number(&self) -> bool {
        self.has_stood && self.key.ends_with(char::is_numeric)
    }

    /// Returns true for one or two letters, which are rarely a search of their own.
    pub(super) fn is_fragment(&self) -> bool {
        self.prefixes.is_empty() && is_fragment(&self.key)
    }

    /// Returns true if the text begins with `earlier` in other marks: `am`, `ấm đun`.
    fn marks(&self, earlier: &NormalizedText<'_>) -> bool {
        (self.plain.is_some() || earlier.plain.is_some())
            && !earlier.plain().is_empty()
            && self.plain().starts_with(earlier.plain())
    }

    /// The relation to a text that is known by its fingerprints only.
    fn relation_to_masked(&self, earlier: &NormalizedText<'_>) -> Relation {
        let (shared, letters, whole) =
            (shared_letters(&self.key, earlier.prefixes), self.letters(), earlier.letters());
        if shared == letters && shared == whole {
            Relation::Same
        } else if shared == whole {
            Relation::Longer
        } else if shared == letters {
            Relation::Shorter
        } else if shared * 2 >= whole {
            Relation::Corrected
        } else {
            Relation::Unrelated
        }
    }

    pub(super) fn equals(&self, other: &NormalizedText<'_>) -> bool {
        if other.prefixes.is_empty() {
            self.key == other.key
        } else {
            self.relation_to_masked(other) == Relation::Same
        }
    }

    /// Returns true if the text is `earlier` typed again after the box was cleared: the same, longer, or
    /// corrected.
    ///
    /// `stood` is true if `earlier` was not erased at once, so that a visitor may have read its results.
    pub(super) fn retypes(&self, earlier: &NormalizedText<'_>, stood: bool) -> bool {
        match self.relation_to(earlier) {
            Relation::Same | Relation::Longer => return true,
            Relation::Shorter => return false,
            Relation::Corrected | Relation::Unrelated => {}
        }
        if self.marks(earlier) {
            return true;
        }
        if stood && !keeps_words(earlier.text, self.text) {
            return false;
        }
        let (before, now) = (letters_of(&earlier.key), letters_of(&self.key));
        if !earlier.prefixes.is_empty() || digits(&before) != digits(&now[..now.len().min(before.len())]) {
            return false;
        }
        let is_long = before.len() >= LONG_LETTERS;
        let edits = if is_long { LONG_EDITS } else { SHORT_EDITS };
        // A few letters resemble many words: only a half-word is taken for a typo of another text.
        let is_half = before.len() >= RETYPED_LETTERS && now.len() >= before.len() + 2 && !stood;
        let begins = (before.len().saturating_sub(1)..=before.len() + 1)
            .filter_map(|length| now.get(..length))
            .any(|begin| is_within(&before, begin, if begin.len() == before.len() { edits } else { 1 }));
        let is_swapped = now.get(..before.len()).is_some_and(|begin| is_swap(&before, begin));
        before.len() >= 2 && is_swapped || begins && (is_long || is_half)
    }

    /// Returns true if one deletion turns `earlier` into `self`, at any position.
    pub(super) fn is_cut_from(&self, earlier: &NormalizedText<'_>) -> bool {
        if self.relation_to(earlier) == Relation::Shorter {
            return true;
        }
        if !earlier.prefixes.is_empty() || self.key.len() >= earlier.key.len() {
            return false;
        }
        let kept = |(one, other): &(char, char)| one == other;
        let (own, other) = (self.key.chars(), earlier.key.chars());
        let before = own.clone().zip(other.clone()).take_while(kept).count();
        let after = own.clone().rev().zip(other.rev()).take_while(kept).count();
        before + after >= own.count()
    }

    /// Returns true if a deletion left other numbers of `earlier`, whose results were read.
    pub(super) fn changes_numbers(&self, earlier: &NormalizedText<'_>) -> bool {
        earlier.has_stood && earlier.prefixes.is_empty() && changes_numbers(earlier.text, self.text)
    }

    /// Returns true if whole words of `earlier` were deleted.
    pub(super) fn drops_words(&self, earlier: &NormalizedText<'_>) -> bool {
        earlier.prefixes.is_empty() && drops_words(earlier.text, self.text)
    }

    /// Returns true if deletions turn `earlier` into `self`.
    pub(super) fn is_subsequence_of(&self, earlier: &NormalizedText<'_>) -> bool {
        if !earlier.prefixes.is_empty() {
            return false;
        }
        let mut rest = earlier.key.chars();
        self.key.len() < earlier.key.len() && self.key.chars().all(|char| rest.any(|other| other == char))
    }

    pub(super) fn is_under_half_of(&self, other: &NormalizedText<'_>) -> bool {
        self.letters() * 2 < other.letters()
    }

    /// Returns true if one press of the backspace key turns `earlier` into `self`.
    pub(super) fn is_one_letter_short_of(&self, earlier: &NormalizedText<'_>) -> bool {
        self.relation_to(earlier) == Relation::Shorter && earlier.letters() <= self.letters() + 1
    }

    /// Returns true if no letter of `earlier` is left, and no input method converted it.
    pub(super) fn replaces(&self, earlier: &NormalizedText<'_>) -> bool {
        let mut letters = self.jamo().chars();
        !letters.any(|letter| earlier.jamo().contains(letter)) && !converts(earlier.text, self.text)
    }

    /// Returns true if both differ by more than a press of a key.
    pub(super) fn is_jump_from(&self, earlier: &NormalizedText<'_>) -> bool {
        if self.key.is_ascii() && earlier.key.is_ascii() {
            return !is_within(earlier.key.as_bytes(), self.key.as_bytes(), 1);
        }
        !is_within(&letters_of(earlier.jamo()), &letters_of(self.jamo()), 1)
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn begins_like(&self, other: &NormalizedText<'_>) -> bool {
        self.jamo().chars().next() == other.jamo().chars().next()
    }

    /// Returns true if letters were typed in front of `other`, which may become words: `dlamp`, `desk lamp`.
    pub(super) fn ends_with(&self, other: &NormalizedText<'_>) -> bool {
        self.jamo().ends_with(other.jamo())
    }

    fn jamo(&self) -> &str {
        self.jamo.as_deref().unwrap_or(&self.key)
    }

    fn plain(&self) -> &str {
        self.plain.as_deref().unwrap_or(&self.key)
    }

    pub(super) fn letters(&self) -> usize {
        if !self.prefixes.is_empty() {
            return self.prefixes.len();
        }
        if self.key.is_ascii() { self.key.len() } else { self.key.graphemes(true).count() }
    }

    fn corrects(&self, earlier: &NormalizedText<'_>) -> bool {
        if self.key.is_ascii() && earlier.key.is_ascii() {
            return is_correction(earlier.key.as_bytes(), self.key.as_bytes());
        }
        is_correction(&letters_of(&earlier.key), &letters_of(&self.key))
    }
}

/// Returns true for one or two letters without a number: what resembles them is no other word.
fn is_fragment_of_word(key: &str) -> bool {
    is_fragment(key) && !key.contains(char::is_numeric)
}

fn letters_of(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}

/// The digits of a text: another number is no typo.
fn digits<'t>(letters: &[&'t str]) -> Vec<&'t str> {
    letters.iter().copied().filter(|letter| letter.chars().any(char::is_numeric)).collect()
}

/// Returns true if half of `earlier` is a common prefix, or few edits differ, after which letters may have been added.
fn is_correction<T: PartialEq>(earlier: &[T], text: &[T]) -> bool {
    let edits = if earlier.len() < LONG_LETTERS { SHORT_EDITS } else { LONG_EDITS };
    let mut begins =
        (earlier.len().saturating_sub(edits)..=earlier.len() + edits).filter_map(|end| text.get(..end));
    shared_prefix(earlier, text) * 2 >= earlier.len()
        || is_within(earlier, text, edits)
        || begins_alike(earlier, text) && begins.any(|begin| is_within(earlier, begin, edits))
}

/// Returns true if the first letter is the same, or swapped with the second one.
fn begins_alike<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    match (one, other) {
        ([first, second, ..], [other, next, ..]) => first == other || first == next && second == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Relation::{Corrected, Longer, Same, Shorter, Unrelated};
    use super::*;
    use crate::fold::fingerprints::fingerprints;

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
            // A letter is a grapheme cluster.
            ("e\u{301}", "e", Corrected),
            ("👍🏽", "👎🏽", Corrected),
            ("👨\u{200d}👩\u{200d}👧", "👨", Shorter),
            ("ışık", "isik", Unrelated),
            ("Straße", "STRASSE", Same),
            ("שלום", "שלום עולם", Longer),
            ("שלום", "עולם", Unrelated),
            // Korean letters.
            ("ㅎ", "하", Longer),
            ("한", "하나", Longer),
            ("하나", "한", Shorter),
            ("과", "고", Shorter),
            ("닭", "달기", Longer),
            ("고양이", "강아지", Unrelated),
            // Conversions of an input method.
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
            // An input method composes a word at a time.
            ("jolly elevator", "北京", Unrelated),
            ("elevator ", "北京", Unrelated),
            ("jolly elevator", "jolly 北京", Corrected),
            ("Hello Shijie!", "Hello 世界!", Corrected),
            ("abcdefghijklmnopqrst", "北京", Corrected),
            ("abcdefghijklmnopqrstu", "北京", Unrelated),
            ("にほんごをべんきょうするのがとてもすき", "日本語を勉強するのがとても好き", Corrected),
        ];
        for (earlier, text, expected) in cases {
            let relation = NormalizedText::of(text).relation_to(&NormalizedText::of(earlier));
            assert_eq!(relation, expected, "{earlier} {text}");
        }
    }

    #[test]
    fn masked_texts_are_compared_by_fingerprints() {
        let typed = "widget +49 171 1234567";
        let prints = fingerprints(typed);
        let masked = NormalizedText::remembered("widget [phone]", &prints);
        let relation = |text: &str| NormalizedText::of(text).relation_to(&masked);
        assert_eq!(relation("Widget +49 1711234567"), Same);
        assert_eq!(relation("widget +49 171 1234567 blue"), Longer);
        assert_eq!(relation("widget +49 171 12"), Shorter);
        assert_eq!(relation("widget +49 171 9999"), Corrected);
        assert_eq!(relation("hats and other things"), Unrelated);
    }

    #[test]
    fn long_texts_are_compared_in_linear_time() {
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
        fn edits_match_the_osa_distance(one in "[abc]{0,8}", other in "[abc]{0,8}", edits in 0usize..3) {
            let expected = strsim::osa_distance(&one, &other) <= edits;
            prop_assert_eq!(is_within(one.as_bytes(), other.as_bytes(), edits), expected);
        }
    }
}
