//! Marks of terms that no typed word contains.

/// Precedes stems.
pub(super) const STEM: char = '\u{1}';
/// Precedes words of names.
const NAME: char = '\u{2}';
/// Precedes words with their own accents.
pub(super) const ACCENTED: char = '\u{3}';
/// Precedes words with their symbols.
pub(super) const SYMBOLS: char = '\u{4}';
/// Precedes the beginnings of letters.
const BEGUN: char = '\u{5}';

/// Returns a folded word of a name with its mark; names have no stems.
pub(crate) fn marked_name(word: &str) -> String {
    marked(NAME, word)
}

/// Returns the folded beginning of a letter of several characters with its mark.
pub(crate) fn marked_beginning(beginning: &str) -> String {
    marked(BEGUN, beginning)
}

/// Returns true for a term with a mark.
pub(crate) fn is_marked(term: &str) -> bool {
    term.starts_with([STEM, NAME, ACCENTED, SYMBOLS, BEGUN])
}

/// Returns a term without its mark.
pub(crate) fn unmarked(term: &str) -> &str {
    term.strip_prefix([STEM, NAME, ACCENTED, SYMBOLS, BEGUN]).unwrap_or(term)
}

pub(super) fn marked(mark: char, word: &str) -> String {
    let mut marked = String::with_capacity(word.len() + 1);
    marked.push(mark);
    marked.push_str(word);
    marked
}
