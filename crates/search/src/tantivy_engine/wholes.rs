//! The titles and texts that are the query, or its completion.

use tantivy::termdict::TermStreamer;
use tantivy_fst::Automaton;

use super::document_terms::SHORT_PREFIX_CHARS;
use super::segment::after_prefix;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::{WHOLE_FIELD, WHOLE_PREFIX};
use super::word::{TermGroup, push_group};
use crate::explanation::MatchKind;

/// Fields that complete a query and count.
const MAX_COMPLETIONS: usize = 2_000;

/// Accepts a beginning whose last word continues, and no word follows.
struct LastWordAutomaton<'a> {
    beginning: &'a [u8],
}

/// Returns for each segment the fields that equal a query, or the completion of its last word.
///
/// Completions of one and two letters say little, and are many.
pub(super) fn whole_groups(
    snapshot: &IndexSnapshot,
    whole: Option<&str>,
    is_prefix: bool,
    idf: f32,
) -> tantivy::Result<Vec<Vec<TermGroup>>> {
    let mut found: Vec<Vec<TermGroup>> = snapshot.segments.iter().map(|_| Vec::new()).collect();
    let Some(whole) = whole.filter(|_| snapshot.has_wholes) else { return Ok(found) };
    let automaton = LastWordAutomaton { beginning: whole.as_bytes() };
    let end = after_prefix(whole);
    for (groups, segment) in found.iter_mut().zip(&snapshot.segments) {
        let exact = segment.whole.terms().get(whole)?;
        push_group(groups, TermField::Whole, exact, MatchKind::Exact, idf * WHOLE_FIELD);
        if is_prefix && whole.chars().nth(SHORT_PREFIX_CHARS).is_some() {
            let mut longer = Vec::new();
            let mut terms: TermStreamer<'_, &LastWordAutomaton<'_>> =
                segment.whole.terms().search(&automaton).ge(whole).lt(&end).into_stream()?;
            while longer.len() < MAX_COMPLETIONS && terms.advance() {
                longer.push(terms.value().clone());
            }
            push_group(groups, TermField::Whole, longer, MatchKind::Prefix, idf * WHOLE_PREFIX);
        }
    }
    Ok(found)
}

impl Automaton for LastWordAutomaton<'_> {
    /// The number of bytes read, at most one more than the beginning has; `None` once nothing can match.
    type State = Option<usize>;

    fn start(&self) -> Self::State {
        Some(0)
    }

    fn is_match(&self, read: &Self::State) -> bool {
        read.is_some_and(|read| read > self.beginning.len())
    }

    fn can_match(&self, read: &Self::State) -> bool {
        read.is_some()
    }

    fn accept(&self, read: &Self::State, byte: u8) -> Self::State {
        let read = (*read)?;
        match self.beginning.get(read) {
            Some(&expected) => (byte == expected).then_some(read + 1),
            None => (byte != b' ').then_some(self.beginning.len() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_word_continues() {
        let automaton = LastWordAutomaton { beginning: b"new yo" };
        for (field, expected) in [
            ("new york", true),
            ("new yo", false),
            ("new yo yo", false),
            ("new york times", false),
            ("new", false),
            ("news york", false),
            ("new yoghurt", true),
        ] {
            let read = field.bytes().fold(automaton.start(), |read, byte| automaton.accept(&read, byte));
            assert_eq!(automaton.is_match(&read), expected, "{field}");
        }
    }
}
