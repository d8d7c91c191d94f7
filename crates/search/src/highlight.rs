//! Marks the matches of a query in the text of a hit.

use std::collections::BTreeSet;

use super::analysis::{Word, marked_stem, words};
use quarry_config::Language;

/// The maximum length of a highlight in characters; of longer texts, it is a part.
const MAX_CHARS: usize = 1_000;
/// Characters before the first match of a long text.
const LEAD_CHARS: usize = 100;

/// The terms to mark: folded, as the engine looked them up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Highlighter {
    pub(crate) words: BTreeSet<String>,
    /// Marked stems.
    pub(crate) stems: BTreeSet<String>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) phrases: Vec<Vec<String>>,
}

impl Highlighter {
    /// Returns the text as HTML with the matches in `<mark>`; `None` without a match.
    pub(crate) fn highlight(&self, text: &str, language: Language) -> Option<String> {
        let words = words(text);
        let mut matched: Vec<bool> = words.iter().map(|word| self.matches(word, language)).collect();
        for phrase in &self.phrases {
            self.mark_phrase(phrase, &words, &mut matched);
        }
        let first = matched.iter().position(|&is_match| is_match)?;
        let (from, to) = excerpt(text, words[first].start);
        let mut html = String::with_capacity(to - from + 32);
        if from > 0 {
            html.push('…');
        }
        let mut at = from;
        for (word, _) in words.iter().zip(matched).filter(|(_, is_match)| *is_match) {
            if word.start < at || word.end > to {
                continue;
            }
            html_escape::encode_text_to_string(&text[at..word.start], &mut html);
            html.push_str("<mark>");
            html_escape::encode_text_to_string(&text[word.start..word.end], &mut html);
            html.push_str("</mark>");
            at = word.end;
        }
        html_escape::encode_text_to_string(&text[at..to], &mut html);
        if to < text.len() {
            html.push('…');
        }
        Some(html)
    }

    fn matches(&self, word: &Word<'_>, language: Language) -> bool {
        let text = word.text.as_ref();
        self.words.contains(text)
            || self.prefixes.iter().any(|prefix| text.starts_with(prefix))
            || (!self.stems.is_empty() && self.stems.contains(&marked_stem(text, language)))
    }

    fn mark_phrase(&self, phrase: &[String], words: &[Word<'_>], matched: &mut [bool]) {
        if phrase.is_empty() {
            return;
        }
        for at in 0..(words.len() + 1).saturating_sub(phrase.len()) {
            let window = &words[at..at + phrase.len()];
            if window.iter().zip(phrase).all(|(word, wanted)| word.text == *wanted) {
                matched[at..at + phrase.len()].fill(true);
            }
        }
    }
}

/// Returns the range of the part to show, given the first match.
fn excerpt(text: &str, first_match: usize) -> (usize, usize) {
    if text.len() <= MAX_CHARS || text.chars().count() <= MAX_CHARS {
        return (0, text.len());
    }
    let from =
        text[..first_match].char_indices().rev().take(LEAD_CHARS).last().map_or(first_match, |(at, _)| at);
    let to = text[from..].char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| from + at);
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn highlighter(words: &[&str], stems: &[&str], prefixes: &[&str], phrases: &[&[&str]]) -> Highlighter {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Highlighter {
            words: own(words).into_iter().collect(),
            stems: own(stems).into_iter().collect(),
            prefixes: own(prefixes),
            phrases: phrases.iter().map(|phrase| own(phrase)).collect(),
        }
    }

    #[test]
    fn marks_every_form_and_escapes_the_rest() {
        let highlighter = highlighter(&["muller"], &["\u{1}run"], &["jet"], &[]);
        assert_eq!(
            highlighter.highlight("<b>Müller</b> & running jets", Language::English).as_deref(),
            Some("&lt;b&gt;<mark>Müller</mark>&lt;/b&gt; &amp; <mark>running</mark> <mark>jets</mark>")
        );
        assert_eq!(highlighter.highlight("Runs", Language::None), None);
    }

    #[test]
    fn marks_only_the_words_of_whole_phrases() {
        let highlighter = highlighter(&[], &[], &[], &[&["private", "jet"]]);
        assert_eq!(
            highlighter.highlight("jet, private jet", Language::English).as_deref(),
            Some("jet, <mark>private</mark> <mark>jet</mark>")
        );
        assert_eq!(highlighter.highlight("jet private", Language::English), None);
    }

    #[test]
    fn shows_a_part_of_a_long_text() {
        let text = format!("{} needle {}", "é ".repeat(2_000), "ü ".repeat(2_000));
        let html = highlighter(&["needle"], &[], &[], &[]).highlight(&text, Language::None).unwrap();
        assert!(html.starts_with('…') && html.ends_with('…'), "{html}");
        assert!(html.contains("<mark>needle</mark>"));
        assert!(html.chars().count() <= MAX_CHARS + 20);
    }
}
