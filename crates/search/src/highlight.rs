//! Marks the matches of a query in the text of a hit.

use std::collections::BTreeSet;
use std::ops::Range;

use super::analysis::{
    SpellingKind, Word, ends_in_part, for_each_spelling, for_each_stem, is_unspaced, reversed_parts,
    with_symbols, words,
};
use super::engine::Highlight;
use super::fragment::{TextMatch, best_fragment};
use quarry_config::Language;
use quarry_domain::Document;

/// The terms to mark: folded, as the engine looked them up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Highlighter {
    /// Words and spellings; the latter with their marks.
    pub(crate) words: BTreeSet<String>,
    /// Marked stems.
    pub(crate) stems: BTreeSet<String>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) phrases: Vec<Vec<String>>,
    /// Phrases as marked stems.
    pub(crate) phrases_of_stems: Vec<Vec<String>>,
    /// Reversed stems of the last parts of compounds.
    pub(crate) suffixes: Vec<String>,
}

impl Highlighter {
    /// Returns the fields of a document with matches, each in each length; `attributes` are its searched texts.
    pub(crate) fn of_document(
        &self,
        document: &Document,
        languages: &[Language],
        attributes: &[(&str, String)],
        lengths: &[usize],
    ) -> Vec<Highlight> {
        let author = document.author.as_ref().map(|author| author.name.as_str());
        let fields = [
            ("title", document.title.as_deref(), languages),
            ("text", Some(document.text.as_str()), languages),
            ("author", author, &[]),
            ("category", document.category.as_deref(), languages),
        ];
        let attributes = attributes.iter().map(|(name, text)| (*name, Some(text.as_str()), languages));
        let mut highlights = Vec::new();
        for (field, text, languages) in fields.into_iter().chain(attributes) {
            let Some(text) = text else { continue };
            for &length in lengths {
                let Some(html) = self.highlight(text, languages, length) else { break };
                highlights.push(Highlight { field: field.to_owned(), length, html });
            }
        }
        highlights
    }

    /// Returns the text as HTML with the matches in `<mark>`; `None` without a match.
    ///
    /// Of a text with more characters than `length`, it is the fragment with the most matches.
    pub(crate) fn highlight(&self, text: &str, languages: &[Language], length: usize) -> Option<String> {
        let words = words(text);
        let mut matches = self.matches(text, &words, languages);
        if matches.is_empty() {
            return None;
        }
        matches.sort_by_key(|found| (found.range.start, found.range.end));
        let Range { start, end } = best_fragment(text, &words, &matches, length);
        let mut html = String::with_capacity(end - start + 32);
        if start > 0 {
            html.push('…');
        }
        let mut at = start;
        for mark in marks(&matches, start..end) {
            html_escape::encode_text_to_string(&text[at..mark.start], &mut html);
            html.push_str("<mark>");
            html_escape::encode_text_to_string(&text[mark.clone()], &mut html);
            html.push_str("</mark>");
            at = mark.end;
        }
        html_escape::encode_text_to_string(&text[at..end], &mut html);
        if end < text.len() {
            html.push('…');
        }
        Some(html)
    }

    /// Returns the matches of words, spellings and phrases, not in order.
    fn matches(&self, text: &str, words: &[Word<'_>], languages: &[Language]) -> Vec<TextMatch> {
        let mut matches = Vec::new();
        for word in words {
            let range = word.start..word.end;
            if let Some(term) = self.matching_term(&word.term(), &text[range.clone()], languages) {
                matches.push(TextMatch::new(term, range));
            }
        }
        for_each_spelling(text, words, |spelling| {
            let found = match spelling.kind {
                SpellingKind::Accented | SpellingKind::Symbols | SpellingKind::Begun => {
                    self.words.get(&spelling.term).cloned()
                }
                _ => self.matching_term(&spelling.term, &spelling.term, languages),
            };
            if let Some(term) = found {
                let last = &words[spelling.first + spelling.words - 1];
                let range = words[spelling.first].start..last.end;
                let range = match spelling.kind {
                    SpellingKind::Symbols => with_symbols(text, range),
                    _ => range,
                };
                matches.push(TextMatch::new(term, range));
            }
        });
        for phrase in self.phrases.iter().filter(|phrase| !phrase.is_empty()) {
            for window in words.windows(phrase.len()).filter(|window| is_phrase(window, phrase)) {
                matches
                    .extend(window.iter().map(|word| TextMatch::of_phrase(&word.text, word.start..word.end)));
            }
        }
        for phrase in self.phrases_of_stems.iter().filter(|phrase| !phrase.is_empty()) {
            let has_form = |(word, form): (&Word<'_>, &String)| {
                let written = &text[word.start..word.end];
                *word.term() == **form || languages.iter().any(|&of| has_stem(&word.text, written, of, form))
            };
            for window in words.windows(phrase.len()) {
                if window.iter().zip(phrase).all(has_form) {
                    matches.extend(
                        window.iter().map(|word| TextMatch::of_phrase(&word.text, word.start..word.end)),
                    );
                }
            }
        }
        matches
    }

    /// Returns the term that matches a word, the same for the forms of one word.
    fn matching_term(&self, word: &str, written: &str, languages: &[Language]) -> Option<String> {
        if let Some(prefix) = self.prefixes.iter().find(|&prefix| word.starts_with(prefix)) {
            return Some(prefix.clone());
        }
        let mut matched = None;
        if !self.stems.is_empty() {
            for &language in languages {
                for_each_stem(word, written, language, |stem| {
                    if matched.is_none() && self.stems.contains(&stem) {
                        matched = Some(stem);
                    }
                });
            }
        }
        if matched.is_some() {
            return matched;
        }
        if self.words.contains(word) {
            return Some(word.to_owned());
        }
        let ends = |suffix: &String, language| {
            reversed_parts(word, language).iter().any(|form| ends_in_part(form, suffix))
        };
        let is_end = |suffix: &&String| languages.iter().any(|&language| ends(suffix, language));
        self.suffixes.iter().find(is_end).cloned()
    }
}

fn has_stem(word: &str, written: &str, language: Language, stem: &str) -> bool {
    let mut found = false;
    for_each_stem(word, written, language, |of_word| found |= of_word == stem);
    found
}

/// Compares adjacent words with a phrase; its last character may be incomplete where scripts have no spaces.
fn is_phrase(window: &[Word<'_>], phrase: &[String]) -> bool {
    let (Some((last_word, words)), Some((last, wanted))) = (window.split_last(), phrase.split_last()) else {
        return false;
    };
    words.iter().zip(wanted).all(|(word, wanted)| word.term() == *wanted)
        && (last_word.term() == *last
            || (!words.is_empty() && last.starts_with(is_unspaced) && last_word.text.starts_with(last)))
}

/// Joins the ranges of matches that overlap or touch, within a fragment.
fn marks(matches: &[TextMatch], fragment: Range<usize>) -> Vec<Range<usize>> {
    let mut marks: Vec<Range<usize>> = Vec::new();
    for found in matches {
        let start = found.range.start.max(fragment.start);
        let end = found.range.end.min(fragment.end);
        if start >= end {
            continue;
        }
        match marks.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => marks.push(start..end),
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::analysis::{marked_stem, reversed_parts};
    use super::*;

    const ENGLISH: &[Language] = &[Language::English];
    const LENGTH: usize = 1_000;

    fn highlighter(words: &[&str], stems: &[&str], prefixes: &[&str], phrases: &[&[&str]]) -> Highlighter {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Highlighter {
            words: own(words).into_iter().collect(),
            stems: stems.iter().map(|stem| marked_stem(stem, Language::English)).collect(),
            prefixes: own(prefixes),
            phrases: phrases.iter().map(|phrase| own(phrase)).collect(),
            ..Highlighter::default()
        }
    }

    #[test]
    fn marks_every_form_and_escapes_the_rest() {
        let highlighter = highlighter(&["muller"], &["run"], &["jet"], &[]);
        assert_eq!(
            highlighter.highlight("<b>Müller</b> & running jets", ENGLISH, LENGTH).as_deref(),
            Some("&lt;b&gt;<mark>Müller</mark>&lt;/b&gt; &amp; <mark>running</mark> <mark>jets</mark>")
        );
        assert_eq!(highlighter.highlight("Runs", &[], LENGTH), None);
    }

    #[test]
    fn marks_only_the_words_of_whole_phrases() {
        let highlighter = highlighter(&[], &[], &[], &[&["private", "jet"]]);
        assert_eq!(
            highlighter.highlight("jet, private jet", ENGLISH, LENGTH).as_deref(),
            Some("jet, <mark>private</mark> <mark>jet</mark>")
        );
        assert_eq!(highlighter.highlight("jet private", ENGLISH, LENGTH), None);
        assert_eq!(highlighter.highlight("private jets", ENGLISH, LENGTH), None);
    }

    #[test]
    fn marks_all_words_that_a_spelling_covers() {
        for (term, text, expected) in [
            ("wd40", "use WD-40!", "use <mark>WD-40</mark>!"),
            ("osullivan", "Mark O’Sullivan", "Mark <mark>O’Sullivan</mark>"),
            ("mueller", "Frau Müller", "Frau <mark>Müller</mark>"),
            ("\u{4}c++", "learn C++, fast", "learn <mark>C++</mark>, fast"),
            ("\u{4}.net", "of .NET for *C*", "of <mark>.NET</mark> for *C*"),
        ] {
            let highlighter = highlighter(&[term], &[], &[], &[]);
            assert_eq!(highlighter.highlight(text, ENGLISH, LENGTH).as_deref(), Some(expected));
        }
        let typed = highlighter(&[], &[], &["wif"], &[]);
        assert_eq!(typed.highlight("the Wi-Fi", ENGLISH, LENGTH).as_deref(), Some("the <mark>Wi-Fi</mark>"));
        let characters = highlighter(&[], &[], &[], &[&["东", "京", "た"]]);
        assert_eq!(
            characters.highlight("新東京ダム", ENGLISH, LENGTH).as_deref(),
            Some("新<mark>東京ダ</mark>ム")
        );
    }

    #[test]
    fn marks_compounds() {
        let suffixes = reversed_parts("trikot", Language::German);
        let highlighter = Highlighter { suffixes, ..Highlighter::default() };
        assert_eq!(
            highlighter.highlight("Rote Fußballtrikots", &[Language::German], LENGTH).as_deref(),
            Some("Rote <mark>Fußballtrikots</mark>")
        );
    }

    #[test]
    fn shows_the_best_part_of_a_long_text() {
        let filler = "some other words that fill the space ";
        let text = format!("A jet. {} the private jet {}", filler.repeat(40), filler.repeat(40));
        let html = highlighter(&["private", "jet"], &[], &[], &[]).highlight(&text, ENGLISH, 120).unwrap();
        assert!(html.contains("the <mark>private</mark> <mark>jet</mark> "), "{html}");
        assert!(html.starts_with('…') && html.ends_with('…'), "{html}");
        let plain = html.replace("<mark>", "").replace("</mark>", "").replace('…', "");
        assert!((80..=120).contains(&plain.chars().count()), "{plain}");
        assert!(text.contains(&format!(" {plain} ")), "whole words: {plain}");
    }

    proptest! {
        #[test]
        fn fragments_are_short_and_whole(
            text in "(\\PC|[a-c é中가]|👨‍👩‍👧|e\u{301} ){0,80}",
            length in 1_usize..40,
        ) {
            use unicode_segmentation::UnicodeSegmentation;
            let highlighter = highlighter(&["a", "中"], &["b"], &["c"], &[&["a", "b"]]);
            let Some(html) = highlighter.highlight(&text, ENGLISH, length) else { return Ok(()) };
            let plain = html.replace("<mark>", "").replace("</mark>", "");
            let plain = html_escape::decode_html_entities(&plain).into_owned();
            if text.chars().count() <= length {
                prop_assert_eq!(plain, html_escape::decode_html_entities(&text).into_owned());
                return Ok(());
            }
            let whole: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            if let Some(at) = text.find(plain.trim_matches('…')).filter(|_| !text.contains(['&', '…'])) {
                prop_assert!(whole.contains(&at), "{}", plain);
            }
            prop_assert!(html.contains("<mark>"));
        }
    }
}
