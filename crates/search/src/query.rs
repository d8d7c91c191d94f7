//! The query parser: words, "phrases" and -exclusions. No text is a syntax error.

use super::analysis::{Word, words};

/// A word or a phrase of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryUnit {
    /// A word in any of its forms.
    Word(String),
    /// Adjacent words in exactly these forms.
    Phrase(Vec<String>),
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
}

impl ParsedQuery {
    /// Parses a query; an unclosed quote has no effect.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = ParsedQuery::default();
        let mut rest = text;
        while let Some((before, phrase, after, excluded)) = split_phrase(rest) {
            query.add_plain(before);
            query.add_phrase(phrase, excluded);
            rest = after;
        }
        query.add_plain(rest);
        query.ends_in_prefix = !rest.ends_with(char::is_whitespace)
            && rest
                .split_whitespace()
                .next_back()
                .is_some_and(|chunk| exclusion(chunk).is_none() && !words(chunk).is_empty());
        query
    }

    fn add_phrase(&mut self, phrase: &str, excluded: bool) {
        let words: Vec<String> = words(phrase).into_iter().map(|word| word.text.into_owned()).collect();
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
                    let words: Vec<String> =
                        words(word).into_iter().map(|word| word.text.into_owned()).collect();
                    match words.len() {
                        0 => {}
                        1 => self.excluded.extend(words.into_iter().map(QueryUnit::Word)),
                        // -El-Tahir excludes the name, not all documents with either part.
                        _ => self.excluded.push(QueryUnit::Phrase(words)),
                    }
                }
                None => self.add_chunk(chunk),
            }
        }
    }

    /// Adds adjoining words, which are from a script without spaces, as a phrase.
    fn add_chunk(&mut self, chunk: &str) {
        let mut run: Vec<Word<'_>> = Vec::new();
        for word in words(chunk) {
            if run.last().is_some_and(|last| last.end != word.start || is_symbol(last) || is_symbol(&word)) {
                self.add_run(std::mem::take(&mut run));
            }
            run.push(word);
        }
        self.add_run(run);
    }

    fn add_run(&mut self, run: Vec<Word<'_>>) {
        let mut texts: Vec<String> = run.into_iter().map(|word| word.text.into_owned()).collect();
        match texts.len() {
            0 => {}
            1 => {
                if let Some(word) = texts.pop() {
                    push_unique(&mut self.included, QueryUnit::Word(word));
                }
            }
            _ => push_unique(&mut self.included, QueryUnit::Phrase(texts)),
        }
    }
}

/// Adds a unit, or moves it to the end, where it may be a prefix.
fn push_unique(units: &mut Vec<QueryUnit>, unit: QueryUnit) {
    units.retain(|known| *known != unit);
    units.push(unit);
}

fn is_symbol(word: &Word<'_>) -> bool {
    !word.text.chars().any(char::is_alphanumeric)
}

/// Returns the word after a minus, if it begins with a letter or digit.
fn exclusion(chunk: &str) -> Option<&str> {
    let word = chunk.strip_prefix('-')?;
    word.chars().next().filter(|c| c.is_alphanumeric()).map(|_| word)
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
        before.strip_suffix('-').is_some_and(|head| head.is_empty() || head.ends_with(char::is_whitespace));
    let before = if excluded { &before[..before.len() - 1] } else { before };
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
        check("東京タワー", &[phrase(&["东", "京", "タ", "ワ", "ー"])], &[], true);
        check("東", &[word("东")], &[], true);
    }
}
