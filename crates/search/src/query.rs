//! The query parser: words, "phrases" and -exclusions. No text is a syntax error.

use super::analysis::{
    Spelling, SpellingKind, Word, distinguished, for_each_spelling, is_within_size, phones, without_point,
    words,
};
use super::elision::is_elided;
use super::exclusion::exclusion;
use super::quotes::split_phrase;

/// The maximum length of the text that is parsed, in characters.
const MAX_CHARS: usize = 4_096;

/// A part of a query that a document contains or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryUnit {
    /// A word in any of its forms.
    Word(QueryWord),
    /// Words without white space between them, such as `Wi-Fi`: separately, or as one word.
    Compound(Vec<QueryWord>, Vec<OtherSpelling>),
    /// The characters of a word of a script without spaces, with its other spellings.
    Unspaced(Vec<String>, Vec<OtherSpelling>),
    /// Adjacent words in exactly these forms.
    Phrase(Vec<String>),
}

impl QueryUnit {
    /// Returns the number of words.
    pub(crate) fn words(&self) -> usize {
        match self {
            Self::Word(_) | Self::Unspaced(..) => 1,
            Self::Compound(words, _) => words.len(),
            Self::Phrase(words) => words.len(),
        }
    }

    /// Returns the folded words without white space, with the symbols that distinguish a word.
    ///
    /// Words that are written together or apart have the same key.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Word(word) => word.key().to_owned(),
            Self::Compound(words, spellings) => match size_of(words, spellings) {
                Some(size) => size.to_owned(),
                None => words.iter().map(QueryWord::key).collect(),
            },
            Self::Unspaced(texts, _) | Self::Phrase(texts) => texts.concat(),
        }
    }

    /// Returns the same as [`Self::texts`], with the symbols that distinguish a word.
    fn distinct_texts(&self) -> Vec<&str> {
        match self {
            Self::Word(word) => vec![word.distinct_text()],
            Self::Compound(words, _) => words.iter().map(QueryWord::distinct_text).collect(),
            Self::Unspaced(..) | Self::Phrase(_) => self.texts(),
        }
    }

    /// Returns the folded words, or the characters of an unspaced word.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Word(word) => vec![&word.text],
            Self::Compound(words, _) => words.iter().map(|word| word.text.as_str()).collect(),
            Self::Unspaced(texts, _) | Self::Phrase(texts) => texts.iter().map(String::as_str).collect(),
        }
    }
}

/// A typed word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryWord {
    /// The folded word.
    pub(crate) text: String,
    /// The word as it was typed.
    pub(crate) written: String,
    /// Further terms that stand for it.
    pub(crate) spellings: Vec<OtherSpelling>,
    /// The number of times that it was typed.
    pub(crate) count: usize,
    /// True for an article or preposition before an apostrophe.
    pub(crate) is_elided: bool,
}

impl QueryWord {
    /// Returns the chunk of the word with the symbols that distinguish it, marked.
    pub(crate) fn distinct(&self) -> Option<&str> {
        let symbols = self.spellings.iter().find(|spelling| spelling.kind == SpellingKind::Symbols)?;
        distinguished(&symbols.term).map(|_| symbols.term.as_str())
    }

    fn distinct_text(&self) -> &str {
        self.distinct().and_then(distinguished).unwrap_or(&self.text)
    }

    fn key(&self) -> &str {
        let symbols = self.spellings.iter().find(|spelling| spelling.kind == SpellingKind::Symbols);
        symbols.map_or(&self.text, |spelling| &spelling.term)
    }
}

/// The places at which a document contains the parts of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartPlaces {
    Anywhere,
    /// Numbers of a code, version or date: elsewhere in a text, they mean something else.
    SideBySide,
    /// Numbers of a size, which every document also has as one term.
    AsOneTerm,
}

impl PartPlaces {
    /// Returns the places for the parts of a compound with its spellings.
    pub(crate) fn of(parts: &[QueryWord], spellings: &[OtherSpelling]) -> Self {
        if size_of(parts, spellings).is_some() {
            return Self::AsOneTerm;
        }
        let is_number = |part: &QueryWord| digits(&part.text).bytes().all(|byte| byte.is_ascii_digit());
        if parts.iter().all(is_number) { Self::SideBySide } else { Self::Anywhere }
    }
}

/// Returns the term of a size, in which a letter stands for the sign between the numbers.
fn size_of<'s>(parts: &[QueryWord], spellings: &'s [OtherSpelling]) -> Option<&'s str> {
    let lengths: usize = parts.iter().map(|part| digits(&part.text).len()).sum();
    joined_of(spellings).filter(|joined| joined.len() > lengths)
}

/// Returns a number without the point before decimals.
fn digits(part: &str) -> &str {
    without_point(part).unwrap_or(part)
}

/// Returns the parts of a compound as one word.
pub(crate) fn joined_of(spellings: &[OtherSpelling]) -> Option<&str> {
    let joined = spellings.iter().find(|spelling| spelling.kind == SpellingKind::Joined)?;
    Some(&joined.term)
}

/// A further term of a word or compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherSpelling {
    pub(crate) term: String,
    pub(crate) kind: SpellingKind,
}

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ParsedQuery {
    /// Units of which all match, or any.
    pub(crate) included: Vec<QueryUnit>,
    /// Units of which none matches.
    pub(crate) excluded: Vec<QueryUnit>,
    /// True if the last included unit may be incomplete: no white space follows it.
    pub(crate) ends_in_prefix: bool,
    /// True if the text is too long to be parsed to its end.
    pub(crate) is_cut: bool,
}

impl ParsedQuery {
    /// Parses a query; an unclosed quote has no effect unless it follows a minus.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = ParsedQuery::default();
        let mut rest = cut(text);
        query.is_cut = rest.len() < text.len();
        while let Some(split) = split_phrase(rest) {
            query.add_plain(split.before);
            query.add_phrase(split.phrase, split.is_excluded);
            rest = split.after;
        }
        query.add_plain(rest);
        query.ends_in_prefix = !query.is_cut
            && !rest.ends_with(char::is_whitespace)
            && rest.split_whitespace().next_back().is_some_and(may_be_prefix);
        query
    }

    /// Returns the folded words as the value of a field, if they are all that is searched for.
    pub(crate) fn whole(&self) -> Option<String> {
        if self.included.iter().any(|unit| matches!(unit, QueryUnit::Phrase(_))) {
            return None;
        }
        let words: Vec<&str> = self.included.iter().flat_map(QueryUnit::distinct_texts).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    fn add_phrase(&mut self, phrase: &str, excluded: bool) {
        let words = quoted_words(phrase);
        if words.is_empty() {
            return;
        }
        let units = if excluded { &mut self.excluded } else { &mut self.included };
        push_unique(units, QueryUnit::Phrase(words));
    }

    fn add_plain(&mut self, text: &str) {
        for chunk in chunks(text) {
            match exclusion(chunk) {
                Some(word) => {
                    let mut units = units(word);
                    match units.len() {
                        0 => {}
                        1 => self.excluded.extend(units.pop().map(excluded)),
                        // Excludes the whole, not all documents with any part.
                        _ => self.excluded.push(QueryUnit::Phrase(folded(word))),
                    }
                }
                None => {
                    for unit in units(chunk) {
                        push_unique(&mut self.included, unit);
                    }
                }
            }
        }
    }
}

/// Returns a unit to exclude: a name with symbols excludes no other name of the same letters.
fn excluded(unit: QueryUnit) -> QueryUnit {
    match &unit {
        QueryUnit::Word(word) => word.distinct().map(|chunk| QueryUnit::Phrase(vec![chunk.to_owned()])),
        _ => None,
    }
    .unwrap_or(unit)
}

/// Returns the words of a phrase; names have the symbols around them and a mark: `c++`, `.net`, `@name`.
fn quoted_words(phrase: &str) -> Vec<String> {
    let words = words(phrase);
    let mut quoted: Vec<String> = words.iter().map(|word| word.term().into_owned()).collect();
    for_each_spelling(phrase, &words, |spelling| {
        let is_name = spelling.term.contains(char::is_alphabetic) && !spelling.term.contains(['*', '%']);
        if spelling.kind == SpellingKind::Symbols && spelling.words == 1 && is_name {
            quoted[spelling.first] = spelling.term;
        }
    });
    quoted
}

/// Returns the part of a text that is parsed, as far as possible in whole words.
fn cut(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(MAX_CHARS) else { return text };
    let cut = &text[..end];
    cut.rfind(char::is_whitespace).map_or(cut, |space| &cut[..space])
}

fn folded(text: &str) -> Vec<String> {
    words(text).iter().map(|word| word.term().into_owned()).collect()
}

/// Divides a text at white space, except within sizes and phone numbers.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let phones = phones(text);
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        let start = text.len() - rest.len();
        let is_within = |at| is_within_size(text, at) || phones.iter().any(|phone| phone.contains(&at));
        let is_end = |&(at, c): &(usize, char)| c.is_whitespace() && !is_within(start + at);
        let end = rest.char_indices().find(is_end).map_or(rest.len(), |(at, _)| at);
        let chunk = &rest[..end];
        rest = rest[end..].trim_start();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Divides text without white space, or a size.
fn units(chunk: &str) -> Vec<QueryUnit> {
    let words = words(chunk);
    let mut spellings: Vec<Spelling> = Vec::new();
    for_each_spelling(chunk, &words, |spelling| spellings.push(spelling));
    let mut units = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let unspaced = spellings.iter().find(|spelling| {
            spelling.first == at && spelling.words > 1 && spelling.kind == SpellingKind::Unspaced
        });
        let length = unspaced.map_or_else(|| parts_from(at, &words, &spellings), |word| word.words);
        let range = at..at + length;
        units.push(match unspaced {
            Some(_) => QueryUnit::Unspaced(
                words[range.clone()].iter().map(|word| word.text.to_string()).collect(),
                spellings_of(at, length, &spellings),
            ),
            None if length == 1 => QueryUnit::Word(query_word(chunk, at, &words, &spellings)),
            None => QueryUnit::Compound(
                range.clone().map(|at| query_word(chunk, at, &words, &spellings)).collect(),
                spellings_of(at, length, &spellings),
            ),
        });
        at = range.end;
    }
    units
}

/// Returns the number of words from here on that one separator each divides.
fn parts_from(at: usize, words: &[Word<'_>], spellings: &[Spelling]) -> usize {
    let is_unspaced = |at: usize| {
        spellings.iter().any(|spelling| {
            spelling.kind == SpellingKind::Unspaced && spelling.first == at && spelling.words > 1
        })
    };
    let mut end = at + 1;
    while end < words.len()
        && words[end - 1].end < words[end].start
        && !is_symbol(&words[end - 1])
        && !is_symbol(&words[end])
        && !is_unspaced(end)
    {
        end += 1;
    }
    let joins =
        |length: usize| spellings.iter().any(|spelling| spelling.first == at && spelling.words == length);
    // Parts that are never written together are words of their own.
    (2..=end - at).rev().find(|&length| joins(length)).unwrap_or(1)
}

fn query_word(chunk: &str, at: usize, words: &[Word<'_>], spellings: &[Spelling]) -> QueryWord {
    let word = &words[at];
    QueryWord {
        text: word.term().into_owned(),
        written: chunk[word.start..word.end].to_owned(),
        spellings: spellings_of(at, 1, spellings),
        count: 1,
        is_elided: is_elided(&word.text, &chunk[word.end..]),
    }
}

fn spellings_of(first: usize, words: usize, spellings: &[Spelling]) -> Vec<OtherSpelling> {
    spellings
        .iter()
        .filter(|spelling| spelling.first == first && spelling.words == words)
        .map(|spelling| OtherSpelling { term: spelling.term.clone(), kind: spelling.kind })
        .collect()
}

/// Adds a unit, or moves it to the end, where it may be a prefix.
fn push_unique(units: &mut Vec<QueryUnit>, mut unit: QueryUnit) {
    units.retain(|known| match (known, &mut unit) {
        (QueryUnit::Word(known), QueryUnit::Word(word)) if known.text == word.text => {
            word.count += known.count;
            false
        }
        (known, unit) => *known != *unit,
    });
    units.push(unit);
}

fn is_symbol(word: &Word<'_>) -> bool {
    !word.text.chars().any(char::is_alphanumeric)
}

/// Returns true if the last word of a chunk may continue: symbols complete `C++`.
fn may_be_prefix(chunk: &str) -> bool {
    exclusion(chunk).is_none() && !words(chunk).is_empty() && !chunk.ends_with(['+', '#'])
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
