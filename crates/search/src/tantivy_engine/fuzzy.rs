//! An automaton of the words within a few edits of a mistyped one.
//!
//! It computes the rows of the edit distance while tantivy traverses the dictionary: building a
//! table-driven automaton costs more than whole searches do.

use tantivy_fst::Automaton;

/// The maximum length in characters: longer words are not typed by hand.
const MAX_CHARS: usize = 40;

/// Returns the maximum distance of a word of this length.
fn max_edits(letters: usize) -> u8 {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        8..=MAX_CHARS => 2,
        _ => 0,
    }
}

/// Accepts words at a distance of at most `edits` that begin with the same letter.
///
/// Edits are insertions, deletions, substitutions and transpositions of adjacent letters (optimal string
/// alignment).
pub(super) struct FuzzyAutomaton {
    word: Vec<char>,
    edits: u8,
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
    dead: bool,
}

impl FuzzyAutomaton {
    /// Builds the automaton of a folded word; `None` if its length allows no edits.
    pub(super) fn of(word: &str) -> Option<Self> {
        let word: Vec<char> = word.chars().collect();
        let edits = max_edits(word.len());
        (edits > 0).then_some(Self { word, edits })
    }

    fn accept_char(&self, rows: &DistanceRows, c: char) -> DistanceRows {
        let mut next = *rows;
        next.pending_length = 0;
        if rows.length == 0 && c != self.word[0] {
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
        next.dead = least > self.edits && least_before.saturating_add(1) > self.edits;
        next
    }

    /// Returns the distance of an accepted word.
    pub(super) fn distance(&self, word: &str) -> u8 {
        let rows = word.chars().fold(self.start(), |rows, c| self.accept_char(&rows, c));
        rows.current[self.word.len()]
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
            dead: false,
        }
    }

    fn is_match(&self, rows: &DistanceRows) -> bool {
        !rows.dead
            && rows.pending_length == 0
            && rows.length > 0
            && rows.current[self.word.len()] <= self.edits
    }

    fn can_match(&self, rows: &DistanceRows) -> bool {
        !rows.dead
    }

    fn accept(&self, rows: &DistanceRows, byte: u8) -> DistanceRows {
        if rows.dead {
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

    fn accepts(word: &str, candidate: &str) -> bool {
        let automaton = FuzzyAutomaton::of(word).unwrap();
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
            ("rivate", "private", false),
            ("hte", "the", false),
            ("restaraunt", "restaurant", true),
            ("resturent", "restaurant", true),
            ("rsturent", "restaurant", false),
            ("mullre", "muller", true),
            ("елкаа", "елка", true),
            ("ёлкаа", "елка", false),
            ("cafes", "cafés", true),
        ] {
            let found = FuzzyAutomaton::of(word).is_some() && accepts(word, candidate);
            assert_eq!(found, expected, "{word} ~ {candidate}");
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
                let expected = distance <= usize::from(max_edits(word.len())) && candidate.starts_with('b');
                assert_eq!(accepts(word, candidate), expected, "{word} ~ {candidate}");
                if expected {
                    assert_eq!(usize::from(FuzzyAutomaton::of(word).unwrap().distance(candidate)), distance);
                }
            }
        }
    }
}
