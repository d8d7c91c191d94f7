//! Words and phrases that no suggestion may hold.

use std::collections::HashSet;

use super::super::analysis::words;
use quarry_domain::comparison_key;

/// What is blocked, as whole words: `ass` does not block `class`.
///
/// Words are compared as a search compares them, so case, width and accents do not matter, and
/// neither does white space within what is blocked: `b ad` is blocked with `bad`, since both are
/// one search.
#[derive(Debug, Default)]
pub(super) struct Blocklist {
    /// The words of each entry, joined.
    words: HashSet<String>,
    /// The longest of those, in bytes.
    longest: usize,
    /// Entries without a letter or digit: they are blocked wherever they stand.
    signs: Vec<String>,
}

impl Blocklist {
    pub(super) fn new(entries: &[String]) -> Self {
        let mut blocklist = Self::default();
        for entry in entries {
            let joined: String = words(entry).into_iter().map(|word| word.text).collect();
            if !joined.is_empty() {
                blocklist.longest = blocklist.longest.max(joined.len());
                blocklist.words.insert(joined);
                continue;
            }
            let signs = comparison_key(entry);
            if !signs.is_empty() {
                blocklist.signs.push(signs);
            }
        }
        blocklist
    }

    /// Whether a text holds something that is blocked.
    pub(super) fn blocks(&self, text: &str) -> bool {
        self.blocks_words(text) || self.blocks_signs(text)
    }

    fn blocks_words(&self, text: &str) -> bool {
        if self.words.is_empty() {
            return false;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn blocklist(entries: &[&str]) -> Blocklist {
        Blocklist::new(&entries.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn blocks_whole_words_in_whatever_spelling() {
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
    fn nothing_to_block_blocks_nothing() {
        for empty in [blocklist(&[]), blocklist(&["", " \t", "\u{200b}"])] {
            assert!(!empty.blocks("anything at all"));
            assert!(!empty.blocks(""));
        }
    }
}
