//! The query parser: words, "phrases" and -exclusions. No text is a syntax error.

use super::analysis::{Spelling, SpellingKind, Word, for_each_spelling, words};

/// The maximum length of the text that is parsed, in characters.
const MAX_CHARS: usize = 4_096;

/// A part of a query that a document contains or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryUnit {
    /// A word in any of its forms.
    Word(QueryWord),
    /// Words without white space between them, such as `Wi-Fi`: separately, or as one word.
    Compound(Vec<QueryWord>, Vec<OtherSpelling>),
    /// The characters of a word of a script without spaces.
    Unspaced(Vec<String>),
    /// Adjacent words in exactly these forms.
    Phrase(Vec<String>),
}

/// A typed word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryWord {
    /// The folded word.
    pub(crate) text: String,
    /// Further terms that stand for it.
    pub(crate) spellings: Vec<OtherSpelling>,
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
    /// Parses a query; an unclosed quote has no effect.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = ParsedQuery::default();
        let end = text.char_indices().nth(MAX_CHARS).map(|(at, _)| at);
        query.is_cut = end.is_some();
        let mut rest = &text[..end.unwrap_or(text.len())];
        while let Some((before, phrase, after, excluded)) = split_phrase(rest) {
            query.add_plain(before);
            query.add_phrase(phrase, excluded);
            rest = after;
        }
        query.add_plain(rest);
        query.ends_in_prefix = !query.is_cut
            && !rest.ends_with(char::is_whitespace)
            && rest.split_whitespace().next_back().is_some_and(may_be_prefix);
        query
    }

    /// Returns the folded words as the value of a field, if they are all that is searched for.
    pub(crate) fn whole(&self) -> Option<String> {
        let mut whole = String::new();
        for unit in &self.included {
            let words: Vec<&str> = match unit {
                QueryUnit::Word(word) => vec![&word.text],
                QueryUnit::Compound(words, _) => words.iter().map(|word| word.text.as_str()).collect(),
                QueryUnit::Unspaced(characters) => characters.iter().map(String::as_str).collect(),
                QueryUnit::Phrase(_) => return None,
            };
            for word in words {
                if !whole.is_empty() {
                    whole.push(' ');
                }
                whole.push_str(word);
            }
        }
        (!whole.is_empty()).then_some(whole)
    }

    fn add_phrase(&mut self, phrase: &str, excluded: bool) {
        let words = folded(phrase);
        if words.is_empty() {
            return;
        }
        let units = if excluded { &mut self.excluded } else { &mut self.included };
        push_unique(units, QueryUnit::Phrase(words));
    }

    fn add_plain(&mut self, text: &str) {
        for chunk in text.split_whitespace() {
            match exclusion(chunk) {
                Some(word) => {
                    let mut units = units(word);
                    match units.len() {
                        0 => {}
                        1 => self.excluded.append(&mut units),
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

fn folded(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.text.into_owned()).collect()
}

/// Divides text without white space.
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
            Some(_) => {
                QueryUnit::Unspaced(words[range.clone()].iter().map(|word| word.text.to_string()).collect())
            }
            None if length == 1 => QueryUnit::Word(query_word(at, &words, &spellings)),
            None => QueryUnit::Compound(
                range.clone().map(|at| query_word(at, &words, &spellings)).collect(),
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
    let joins = |length: usize| {
        spellings.iter().any(|spelling| spelling.first == at && spelling.words == length)
    };
    // Parts that are never written together are words of their own.
    (2..=end - at).rev().find(|&length| joins(length)).unwrap_or(1)
}

fn query_word(at: usize, words: &[Word<'_>], spellings: &[Spelling]) -> QueryWord {
    QueryWord { text: words[at].text.to_string(), spellings: spellings_of(at, 1, spellings) }
}

fn spellings_of(first: usize, words: usize, spellings: &[Spelling]) -> Vec<OtherSpelling> {
    spellings
        .iter()
        .filter(|spelling| spelling.first == first && spelling.words == words)
        .map(|spelling| OtherSpelling { term: spelling.term.clone(), kind: spelling.kind })
        .collect()
}

/// Adds a unit, or moves it to the end, where it may be a prefix.
fn push_unique(units: &mut Vec<QueryUnit>, unit: QueryUnit) {
    units.retain(|known| *known != unit);
    units.push(unit);
}

fn is_symbol(word: &Word<'_>) -> bool {
    !word.text.chars().any(char::is_alphanumeric)
}

/// Returns true if the last word of a chunk may continue: symbols complete `C++`.
fn may_be_prefix(chunk: &str) -> bool {
    exclusion(chunk).is_none() && !words(chunk).is_empty() && !chunk.ends_with(['+', '#'])
}

/// Returns the word after a minus, unless it is a number below zero.
fn exclusion(chunk: &str) -> Option<&str> {
    let word = chunk.strip_prefix(is_minus)?;
    let begins_with_word = word.chars().next().is_some_and(char::is_alphanumeric);
    (begins_with_word && word.chars().any(char::is_alphabetic)).then_some(word)
}

/// Returns true for the characters that keyboards and phones write for a minus.
fn is_minus(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}')
}

/// Splits at the first pair of quotes: text before, between and after.
///
/// The flag is true if a minus precedes the opening quote.
fn split_phrase(text: &str) -> Option<(&str, &str, &str, bool)> {
    let open = text.find(is_quote)?;
    let inner = open + text[open..].chars().next()?.len_utf8();
    let length = text[inner..].find(is_quote)?;
    let close = inner + length;
    let after = close + text[close..].chars().next()?.len_utf8();
    let before = &text[..open];
    let excluded =
        before.strip_suffix(is_minus).is_some_and(|head| head.is_empty() || head.ends_with(char::is_whitespace));
    let before = if excluded { before.trim_end_matches(is_minus) } else { before };
    Some((before, &text[inner..close], &text[after..], excluded))
}

/// Returns true for straight and typographic double quotes; phones type the latter.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> QueryUnit {
        QueryUnit::Word(text.to_owned())
    }

    fn phrase(words: &[&str]) -> QueryUnit {
        QueryUnit::Phrase(words.iter().map(|&word| word.to_owned()).collect())
    }

    fn check(text: &str, included: &[QueryUnit], excluded: &[QueryUnit], ends_in_prefix: bool) {
        let query = ParsedQuery::parse(text);
        assert_eq!(query.included, included, "{text}");
        assert_eq!(query.excluded, excluded, "{text}");
        assert_eq!(query.ends_in_prefix, ends_in_prefix, "{text}");
    }

    #[test]
    fn parses_words_phrases_and_exclusions() {
        check("private jet", &[word("private"), word("jet")], &[], true);
        check("private jet ", &[word("private"), word("jet")], &[], false);
        check("a \"private jet\"", &[word("a"), phrase(&["private", "jet"])], &[], false);
        check("jet -paris", &[word("jet")], &[word("paris")], false);
        check("jet -\"new york\" x", &[word("jet"), word("x")], &[phrase(&["new", "york"])], true);
        check("jet -", &[word("jet")], &[], false);
        check("-el-tahir jet", &[word("jet")], &[phrase(&["el", "tahir"])], true);
        check("El-Tahir", &[word("el"), word("tahir")], &[], true);
        check("“private jet” x", &[phrase(&["private", "jet"]), word("x")], &[], true);
    }

    #[test]
    fn no_text_is_an_error() {
        check("", &[], &[], false);
        check("\"", &[], &[], false);
        check("\"private je", &[word("private"), word("je")], &[], true);
        check("- -- --x", &[word("x")], &[], true);
        check("*:/\\(){}[]^~!? AND", &[word("and")], &[], true);
        check("27\" monitor", &[word("27"), word("monitor")], &[], true);
        check("🎉🎉 é\u{301}", &[word("🎉"), word("e")], &[], true);
        check("\u{202e}שלום", &[word("שלום")], &[], true);
    }

    #[test]
    fn a_repeated_word_counts_once_at_its_last_position() {
        check("jet private jet", &[word("private"), word("jet")], &[], true);
    }

    #[test]
    fn unspaced_scripts_are_phrases() {
        check("東京タワー", &[phrase(&["東", "京", "タワー"])], &[], true);
        check("東", &[word("東")], &[], true);
    }
}
