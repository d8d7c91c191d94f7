//! An automaton of the words within a few edits of a mistyped one.
//!
//! It computes the rows of the edit distance while tantivy traverses the dictionary: building a
//! table-driven automaton costs more than whole searches do.

use tantivy_fst::Automaton;

/// The maximum length in characters: longer words are not typed by hand.
const MAX_CHARS: usize = 40;

/// Words of at least this length may begin with another letter.
const MIN_LETTERS_OF_FIRST: usize = 5;

/// Returns the maximum distance of a word of this length.
fn max_edits(letters: usize) -> u8 {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        8..=MAX_CHARS => 2,
        _ => 0,
    }
}

/// The kind of a difference between a typed word and a similar one, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Typo {
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
/// alignment). Short words must begin with the same letter.
pub(super) struct FuzzyAutomaton {
    word: Vec<char>,
    edits: u8,
    is_prefix: bool,
}

/// The last two rows of the distance table, and the bytes of an incomplete character.
#[derive(Clone, Copy)]
pub(super) struct DistanceRows {
    current: [u8; MAX_CHARS + 1],
    previous: [u8; MAX_CHARS + 1],
    last: char,
    length: u8,
    pending: [u8; 4],
    pending_length: u8,
    /// The least distance of a prefix so far.
    least: u8,
    dead: bool,
}

impl FuzzyAutomaton {
    /// Builds the automaton of a folded word; `None` if it allows no edits.
    ///
    /// Numbers are never guessed: another number is another thing.
    pub(super) fn of(word: &str, is_prefix: bool) -> Option<Self> {
        if word.chars().any(char::is_numeric) {
            return None;
        }
        let word: Vec<char> = word.chars().collect();
        let edits = max_edits(word.len());
        (edits > 0).then_some(Self { word, edits, is_prefix })
    }

    fn accept_char(&self, rows: &DistanceRows, c: char) -> DistanceRows {
        let mut next = *rows;
        next.pending_length = 0;
        // Marked terms begin with a control character.
        let is_allowed = c == self.word[0] || (self.word.len() >= MIN_LETTERS_OF_FIRST && c >= ' ');
        if rows.length == 0 && !is_allowed {
            next.dead = true;
            return next;
        }
        next.previous = rows.current;
        next.current[0] = rows.current[0].saturating_add(1);
        let mut least = next.current[0];
        for (at, &letter) in self.word.iter().enumerate() {
            let substituted = rows.current[at].saturating_add(u8::from(letter != c));
            let inserted = rows.current[at + 1].saturating_add(1);
            let deleted = next.current[at].saturating_add(1);
            let mut cost = substituted.min(inserted).min(deleted);
            if at > 0 && rows.length > 0 && letter == rows.last && self.word[at - 1] == c {
                cost = cost.min(rows.previous[at - 1].saturating_add(1));
            }
            next.current[at + 1] = cost;
            least = least.min(cost);
        }
        next.last = c;
        next.length = rows.length.saturating_add(1);
        // A transposition refers to the row before the last.
        let least_before = rows.current[..=self.word.len()].iter().min().copied().unwrap_or(0);
        next.least = rows.least.min(next.current[self.word.len()]);
        next.dead = least > self.edits
            && least_before.saturating_add(1) > self.edits
            && !(self.is_prefix && next.least <= self.edits);
        next
    }

    /// Returns the kind of typo that makes the word of an accepted one.
    pub(super) fn typo(&self, word: &str) -> Typo {
        let rows = word.chars().fold(self.start(), |rows, c| self.accept_char(&rows, c));
        let distance = if self.is_prefix { rows.least } else { rows.current[self.word.len()] };
        if !word.starts_with(self.word[0]) {
            Typo::FirstLetter
        } else if distance > 1 {
            Typo::Two
        } else {
            Typo::One
        }
    }
}

impl Automaton for FuzzyAutomaton {
    type State = DistanceRows;

    fn start(&self) -> DistanceRows {
        let mut current = [0; MAX_CHARS + 1];
        for (at, cost) in (0..).zip(current.iter_mut()) {
            *cost = at;
        }
        DistanceRows {
            current,
            previous: [0; MAX_CHARS + 1],
            last: '\0',
            length: 0,
            pending: [0; 4],
            pending_length: 0,
            least: u8::MAX,
            dead: false,
        }
    }

    fn is_match(&self, rows: &DistanceRows) -> bool {
        let distance = if self.is_prefix { rows.least } else { rows.current[self.word.len()] };
        !rows.dead && rows.pending_length == 0 && rows.length > 0 && distance <= self.edits
    }

    fn will_always_match(&self, rows: &DistanceRows) -> bool {
        self.is_prefix && !rows.dead && rows.length > 0 && rows.least <= self.edits
    }

    fn can_match(&self, rows: &DistanceRows) -> bool {
        !rows.dead
    }

    fn accept(&self, rows: &DistanceRows, byte: u8) -> DistanceRows {
        if rows.dead || self.will_always_match(rows) {
            return *rows;
        }
        if byte.is_ascii() && rows.pending_length == 0 {
            return self.accept_char(rows, char::from(byte));
        }
        let mut next = *rows;
        let at = usize::from(next.pending_length);
        if at >= next.pending.len() {
            next.dead = true;
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
    fn numbers_allow_no_edits() {
        for number in ["10047", "wd40x", "²³²³²"] {
            assert!(FuzzyAutomaton::of(number, false).is_none(), "{number}");
        }
    }

    #[test]
    fn distances_equal_those_of_strsim() {
        let words = [
            "business",
            "busines",
            "buisness",
            "bussines",
            "basement",
            "bus",
            "busy",
            "bsuiness",
            "zbusiness",
        ];
        for word in ["business", "buisnes"] {
            for candidate in words {
                let distance = strsim::osa_distance(word, candidate);
                let expected = distance <= usize::from(max_edits(word.len()));
                assert_eq!(accepts(word, false, candidate), expected, "{word} ~ {candidate}");
                let prefixes = (1..=candidate.len()).map(|end| strsim::osa_distance(word, &candidate[..end]));
                let expected = prefixes.min() <= Some(usize::from(max_edits(word.len())));
                assert_eq!(accepts(word, true, candidate), expected, "{word} ~ {candidate}…");
            }
        }
    }
}
