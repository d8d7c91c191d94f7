//! The blocklist: words and phrases that suggestions must not contain.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::analysis::{accented, spelled_out, words};
use quarry_domain::comparison_key;

/// Blocked entries, as whole words: `ass` does not block `class`.
///
/// Words are folded as in a search. White space within an entry does not matter: `bad` also blocks `b ad`,
/// since both have one comparison key.
#[derive(Debug, Default)]
pub(super) struct Blocklist {
    /// The concatenated words of each entry.
    words: HashSet<String>,
    /// The length of the longest of them in bytes.
    longest: usize,
    /// Entries without letters and digits, which block any text that contains them.
    signs: Vec<String>,
}

impl Blocklist {
    pub(super) fn new(entries: &[String]) -> Self {
        let mut blocklist = Self::default();
        for entry in entries {
            if words(entry).is_empty() {
                let signs = comparison_key(entry);
                blocklist.signs.extend(Some(signs).filter(|signs| !signs.is_empty()));
                continue;
            }
            for text in spellings(entry) {
                let joined: String = words(&text).into_iter().map(|word| word.text).collect();
                blocklist.longest = blocklist.longest.max(joined.len());
                blocklist.words.insert(joined);
            }
        }
        blocklist
    }

    /// Returns true if a text contains a blocked entry.
    pub(super) fn blocks(&self, text: &str) -> bool {
        let has_words = !self.words.is_empty();
        has_words && spellings(text).any(|text| self.blocks_words(&text)) || self.blocks_signs(text)
    }

    fn blocks_words(&self, text: &str) -> bool {
        let words = words(text);
        (0..words.len()).any(|start| {
            let mut joined = String::new();
            for word in &words[start..] {
                joined.push_str(&word.text);
                if joined.len() > self.longest {
                    return false;
                }
                if self.words.contains(&joined) {
                    return true;
                }
            }
            false
        })
    }

    fn blocks_signs(&self, text: &str) -> bool {
        if self.signs.is_empty() {
            return false;
        }
        let key = comparison_key(text);
        self.signs.iter().any(|signs| key.contains(signs.as_str()))
    }
}

/// Returns a text, and the one with `oe` in place of `ö` and the like, which finds the same documents.
fn spellings(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let spelled_out = std::iter::once_with(|| spelled_out(&accented(text))).flatten();
    std::iter::once(Cow::Borrowed(text)).chain(spelled_out.map(Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocklist(entries: &[&str]) -> Blocklist {
        Blocklist::new(&entries.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn blocks_whole_words_in_any_spelling() {
        let blocklist = blocklist(&["ass", "New York", "STRASSE", "??"]);
        for blocked in
            ["ass", "my ASS.", "ａｓｓ", "a ss", "to new  york", "NewYork", "Straße", "what??", "? ?"]
        {
            assert!(blocklist.blocks(blocked), "{blocked}");
        }
        for fine in ["", "class", "assess", "new jersey", "york new", "new, but york's", "strassen", "what?"]
        {
            assert!(!blocklist.blocks(fine), "{fine}");
        }
    }

    #[test]
    fn blocks_umlauts_however_they_are_spelled() {
        for entry in ["schöner Blödsinn", "SCHOENER BLOEDSINN"] {
            let blocklist = blocklist(&[entry]);
            for blocked in ["schöner blödsinn", "so ein Schoener Bloedsinn", "SCHÖNER BLÖDSINN"] {
                assert!(blocklist.blocks(blocked), "{blocked} by {entry}");
            }
            assert!(!blocklist.blocks("schöner Unsinn"));
        }
    }

    #[test]
    fn empty_entries_block_nothing() {
        for empty in [blocklist(&[]), blocklist(&["", " \t", "\u{200b}"])] {
            assert!(!empty.blocks("anything at all"));
            assert!(!empty.blocks(""));
        }
    }
}
