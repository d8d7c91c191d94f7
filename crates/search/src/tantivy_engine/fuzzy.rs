//! An automaton of the words within a few edits of a mistyped one.
//!
//! It simulates the nondeterministic automaton with one machine word per number of edits while tantivy
//! traverses the dictionary: building a table-driven automaton costs more than whole searches do.

use tantivy_fst::Automaton;

/// The maximum length in characters: longer words are not typed by hand.
const MAX_CHARS: usize = 40;
/// The maximum number of edits.
const MAX_EDITS: usize = 2;

/// Words of at least this length may begin with another letter.
pub(crate) const MIN_LETTERS_OF_FIRST: usize = 5;

/// Returns the maximum distance of a word of this length.
pub(crate) fn max_edits(letters: usize) -> u8 {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        8..=MAX_CHARS => 2,
        _ => 0,
    }
}

/// The kind of a difference between a typed word and a similar one, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Typo {
    /// One edit.
    One,
    /// Two edits.
    Two,
    /// Another first letter.
    FirstLetter,
}

/// Accepts words at a distance of at most `edits`; as a prefix, also words that begin with such a word.
///
/// Edits are insertions, deletions, substitutions and transpositions of adjacent letters (optimal string
/// alignment). Short words must begin with the same letter; in others, another first letter is the only edit.
pub(crate) struct FuzzyAutomaton {
    /// For each ASCII character the positions behind it in the word, as bits.
    ascii: [u64; 128],
    /// The positions behind each other character.
    others: Vec<(char, u64)>,
    first: char,
    length: usize,
    edits: u8,
    is_prefix: bool,
}

/// The states that are active after a beginning of a word, and the bytes of an incomplete character.
#[derive(Clone, Copy)]
pub(crate) struct ActiveStates {
    /// For each number of edits, the lengths of the word's beginnings that match so far, as bits.
    reached: [u64; MAX_EDITS + 1],
    /// The same for beginnings whose last two letters are transposed, of which one has been read.
    transposed: [u64; MAX_EDITS + 1],
    /// The edits that are allowed.
    edits: u8,
    has_begun: bool,
    /// True if a beginning matches the whole word.
    is_complete: bool,
    pending: [u8; 4],
    pending_length: u8,
}

impl FuzzyAutomaton {
    /// Builds the automaton of a folded word; `None` if it allows no edits.
    ///
    /// Numbers are never guessed: another number is another thing.
    pub(crate) fn of(word: &str, is_prefix: bool) -> Option<Self> {
        if word.chars().any(char::is_numeric) {
            return None;
        }
        let length = word.chars().count();
        let edits = max_edits(length);
        let first = word.chars().next().filter(|_| edits > 0)?;
        let (mut ascii, mut others) = ([0; 128], Vec::new());
        for (at, c) in word.chars().enumerate() {
            let bit = 2 << at;
            if let Some(positions) = ascii.get_mut(c as usize) {
                *positions |= bit;
            } else if let Some((_, positions)) = others.iter_mut().find(|(known, _)| *known == c) {
                *positions |= bit;
            } else {
                others.push((c, bit));
            }
        }
        Some(Self { ascii, others, first, length, edits, is_prefix })
    }

    fn positions(&self, c: char) -> u64 {
        match self.ascii.get(c as usize) {
            Some(positions) => *positions,
            None => self.others.iter().find(|(known, _)| *known == c).map_or(0, |(_, positions)| *positions),
        }
    }

    fn accept_char(&self, states: &ActiveStates, c: char) -> ActiveStates {
        let positions = self.positions(c);
        let mut next = ActiveStates { pending_length: 0, has_begun: true, ..*states };
        if !states.has_begun && c != self.first {
            // Marked terms begin with a control character.
            let is_allowed = self.length >= MIN_LETTERS_OF_FIRST && c >= ' ';
            // The first letter is preceded, replaced, omitted, or transposed with the second.
            let reached = if is_allowed { 0b11 | (positions & 0b100) } else { 0 };
            next.reached = [reached, 0, 0];
            next.transposed = [if is_allowed { positions & 0b100 } else { 0 }, 0, 0];
            next.edits = 0;
            return next;
        }
        let all = (2 << self.length) - 1;
        let (mut before, mut after) = (0, 0);
        for edits in 0..=usize::from(states.edits) {
            let reached = states.reached[edits];
            // Inserted, replaced, or, behind the new states with one edit less, omitted.
            let edited = before | (before << 1) | (after << 1);
            let swapped = states.transposed[edits] & (positions << 1);
            next.transposed[edits] = (before << 2) & positions;
            after = (((reached << 1) & positions) | edited | swapped) & all;
            next.reached[edits] = after;
            before = reached;
        }
        next.is_complete |= after >> self.length != 0;
        next
    }

    /// Returns true if a word differs by a permitted typo.
    pub(crate) fn permits(&self, word: &str) -> bool {
        let accepted = word.bytes().fold(self.start(), |states, byte| self.accept(&states, byte));
        // A word with digits is a number or a code: another thing, not another spelling.
        self.is_match(&accepted) && !word.chars().any(char::is_numeric)
    }

    /// Returns the kind of typo that makes the word of an accepted one.
    pub(crate) fn typo(&self, word: &str) -> Typo {
        if !word.starts_with(self.first) {
            return Typo::FirstLetter;
        }
        let mut states = self.start();
        for c in word.chars() {
            states = self.accept_char(&states, c);
            if self.is_prefix && states.reached[1] >> self.length != 0 {
                return Typo::One;
            }
        }
        if states.reached[1] >> self.length != 0 { Typo::One } else { Typo::Two }
    }

    /// Returns true if an accepted word only begins with a similar one.
    pub(crate) fn is_completion(&self, word: &str) -> bool {
        if !self.is_prefix || word.chars().count() > self.length + MAX_EDITS {
            return self.is_prefix;
        }
        let states = word.chars().fold(self.start(), |states, c| self.accept_char(&states, c));
        states.reached[usize::from(states.edits)] >> self.length == 0
    }
}

impl Automaton for FuzzyAutomaton {
    type State = ActiveStates;

    fn start(&self) -> ActiveStates {
        ActiveStates {
            // The first letters may be omitted.
            reached: [0b1, 0b11, 0b111],
            transposed: [0; MAX_EDITS + 1],
            edits: self.edits,
            has_begun: false,
            is_complete: false,
            pending: [0; 4],
            pending_length: 0,
        }
    }

    fn is_match(&self, states: &ActiveStates) -> bool {
        let matches = states.reached[usize::from(states.edits)] >> self.length != 0;
        states.pending_length == 0 && states.has_begun && (matches || self.will_always_match(states))
    }

    fn will_always_match(&self, states: &ActiveStates) -> bool {
        self.is_prefix && states.is_complete
    }

    fn can_match(&self, states: &ActiveStates) -> bool {
        let edits = usize::from(states.edits);
        states.reached[edits] | states.transposed[edits] != 0 || self.will_always_match(states)
    }

    fn accept(&self, states: &ActiveStates, byte: u8) -> ActiveStates {
        if self.will_always_match(states) {
            return *states;
        }
        if byte.is_ascii() && states.pending_length == 0 {
            return self.accept_char(states, char::from(byte));
        }
        let mut next = *states;
        let at = usize::from(next.pending_length);
        if at >= next.pending.len() {
            next.reached = [0; MAX_EDITS + 1];
            next.transposed = [0; MAX_EDITS + 1];
            return next;
        }
        next.pending[at] = byte;
        next.pending_length += 1;
        match std::str::from_utf8(&next.pending[..=at]) {
            Ok(complete) => complete.chars().next().map_or(next, |c| self.accept_char(&next, c)),
            Err(_) => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(word: &str, is_prefix: bool, candidate: &str) -> bool {
        let Some(automaton) = FuzzyAutomaton::of(word, is_prefix) else { return false };
        let mut rows = automaton.start();
        for byte in candidate.bytes() {
            rows = automaton.accept(&rows, byte);
            if !automaton.can_match(&rows) {
                return false;
            }
        }
        automaton.is_match(&rows)
    }

    #[test]
    fn short_words_allow_one_edit_and_long_ones_two() {
        for (word, candidate, expected) in [
            ("privte", "private", true),
            ("pirvate", "private", true),
            ("priwate", "private", true),
            ("privatee", "private", true),
            ("prvte", "private", false),
            ("jett", "jet", true),
            ("hte", "the", false),
            ("restaraunt", "restaurant", true),
            ("resturent", "restaurant", true),
            ("mullre", "muller", true),
            ("елкаа", "елка", true),
            ("cafes", "cafés", true),
        ] {
            assert_eq!(accepts(word, false, candidate), expected, "{word} ~ {candidate}");
        }
    }

    #[test]
    fn words_from_five_letters_on_may_begin_with_another() {
        for (word, candidate, expected) in [
            ("kondon", "london", true),
            ("olndon", "london", true),
            ("rivate", "private", true),
            ("resturant", "festurant", true),
            ("resturant", "festaurant", false),
            ("ёлкаа", "елкаа", true),
            ("kest", "best", false),
            ("kondon", "\u{1}ondon", false),
        ] {
            assert_eq!(accepts(word, false, candidate), expected, "{word} ~ {candidate}");
        }
        let typo = |word, candidate| FuzzyAutomaton::of(word, false).unwrap().typo(candidate);
        assert_eq!(typo("kondon", "london"), Typo::FirstLetter);
        assert_eq!(typo("resturant", "restaurant"), Typo::One);
        assert_eq!(typo("resturent", "restaurant"), Typo::Two);
    }

    #[test]
    fn a_prefix_accepts_all_that_begins_with_a_similar_word() {
        for (word, candidate, expected) in [
            ("restua", "restaurant", true),
            ("resturn", "restaurant", false),
            ("helicot", "helicopter", true),
            ("elicop", "helicopter", true),
            ("mülch", "müllchen", true),
            ("restua", "rest", false),
            ("restua", "resistance", false),
        ] {
            assert_eq!(accepts(word, true, candidate), expected, "{word} ~ {candidate}…");
        }
    }

    #[test]
    fn completions_are_only_similar_in_their_beginning() {
        for (word, is_prefix, candidate, expected) in [
            ("chili", true, "chilli", false),
            ("chili", true, "chill", false),
            ("chili", true, "children", true),
            ("chili", true, "phili", false),
            ("chili", true, "philip", true),
            ("restua", true, "restaurant", true),
            ("resturent", true, "restaurant", false),
            ("chili", false, "chilli", false),
        ] {
            let automaton = FuzzyAutomaton::of(word, is_prefix).unwrap();
            assert!(accepts(word, is_prefix, candidate), "{word} ~ {candidate}");
            assert_eq!(automaton.is_completion(candidate), expected, "{word} ~ {candidate}");
        }
    }

    #[test]
    fn numbers_allow_no_edits() {
        for number in ["10047", "wd40x", "²³²³²"] {
            assert!(FuzzyAutomaton::of(number, false).is_none(), "{number}");
        }
    }

    proptest! {
        #[test]
        fn distances_equal_those_of_strsim(word in "[abéя]{1,12}", candidate in "[abéя]{1,14}", is_prefix: bool) {
            let letters: Vec<char> = candidate.chars().collect();
            let shortest = if is_prefix { 1 } else { letters.len() };
            let beginnings = (shortest..=letters.len()).map(|end| letters[..end].iter().collect::<String>());
            let distance = beginnings.map(|beginning| strsim::osa_distance(&word, &beginning)).min().unwrap();
            let length = word.chars().count();
            let allowed = match (word.starts_with(letters[0]), length) {
                (true, _) => max_edits(length),
                (false, MIN_LETTERS_OF_FIRST..) => 1,
                (false, _) => 0,
            };
            let expected = max_edits(length) > 0 && distance <= usize::from(allowed);
            prop_assert_eq!(accepts(&word, is_prefix, &candidate), expected && (allowed > 0), "{} ~ {}", word, candidate);
        }
    }
}
