//! What people type, read without ever failing: words, "phrases" and -exclusions.

use super::analysis::{Word, words};

/// One thing to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A word in any of its forms.
    Word(String),
    /// These words, as they are, next to each other.
    Phrase(Vec<String>),
}

/// A query, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ParsedQuery {
    /// What must (or may) be there.
    pub(crate) wanted: Vec<Unit>,
    /// What must not be there.
    pub(crate) excluded: Vec<Unit>,
    /// The last wanted unit is still being typed: no white space follows it.
    pub(crate) open_end: bool,
}

impl ParsedQuery {
    /// Reads a query. A quote that nobody closes counts as if it were not there.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = ParsedQuery::default();
        let mut rest = text;
        // Quotes divide the text; a piece between two of them is a phrase.
        while let Some((before, phrase, after, excluded)) = split_phrase(rest) {
            query.take_plain(before);
            query.take_phrase(phrase, excluded);
            rest = after;
        }
        query.take_plain(rest);
        query.open_end = !rest.ends_with(char::is_whitespace)
            && rest
                .split_whitespace()
                .next_back()
                .is_some_and(|chunk| exclusion(chunk).is_none() && !words(chunk).is_empty());
        query
    }

    fn take_phrase(&mut self, phrase: &str, excluded: bool) {
        let words: Vec<String> = words(phrase).into_iter().map(|word| word.text.into_owned()).collect();
        if words.is_empty() {
            return;
        }
        let units = if excluded { &mut self.excluded } else { &mut self.wanted };
        push_new(units, Unit::Phrase(words));
    }

    fn take_plain(&mut self, text: &str) {
        for chunk in text.split_whitespace() {
            match exclusion(chunk) {
                Some(word) => {
                    let words: Vec<String> =
                        words(word).into_iter().map(|word| word.text.into_owned()).collect();
                    match words.len() {
                        0 => {}
                        1 => self.excluded.extend(words.into_iter().map(Unit::Word)),
                        // -El-Tahir excludes the name, not everything that has either part.
                        _ => self.excluded.push(Unit::Phrase(words)),
                    }
                }
                None => self.take_chunk(chunk),
            }
        }
    }

    /// Words that touch each other come from a script without spaces: they only mean what is
    /// meant side by side.
    fn take_chunk(&mut self, chunk: &str) {
        let mut run: Vec<Word<'_>> = Vec::new();
        for word in words(chunk) {
            if run.last().is_some_and(|last| last.end != word.start || is_symbol(last) || is_symbol(&word)) {
                self.take_run(std::mem::take(&mut run));
            }
            run.push(word);
        }
        self.take_run(run);
    }

    fn take_run(&mut self, run: Vec<Word<'_>>) {
        let mut texts: Vec<String> = run.into_iter().map(|word| word.text.into_owned()).collect();
        match texts.len() {
            0 => {}
            1 => {
                if let Some(word) = texts.pop() {
                    push_new(&mut self.wanted, Unit::Word(word));
                }
            }
            _ => push_new(&mut self.wanted, Unit::Phrase(texts)),
        }
    }
}

/// A repeated unit asks for nothing more; it moves to the end, where it may be a prefix.
fn push_new(units: &mut Vec<Unit>, unit: Unit) {
    units.retain(|known| *known != unit);
    units.push(unit);
}

fn is_symbol(word: &Word<'_>) -> bool {
    !word.text.chars().any(char::is_alphanumeric)
}

/// The word behind a minus that stands directly before a letter or digit.
fn exclusion(chunk: &str) -> Option<&str> {
    let word = chunk.strip_prefix('-')?;
    word.chars().next().filter(|c| c.is_alphanumeric()).map(|_| word)
}

/// Splits at the first closed pair of quotes: what stands before, between and after, and
/// whether a minus stands directly before the opening one.
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

/// Straight and typographic double quotes: phones type the latter.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Unit {
        Unit::Word(text.to_owned())
    }

    fn phrase(words: &[&str]) -> Unit {
        Unit::Phrase(words.iter().map(|&word| word.to_owned()).collect())
    }

    fn check(text: &str, wanted: &[Unit], excluded: &[Unit], open_end: bool) {
        let query = ParsedQuery::parse(text);
        assert_eq!(query.wanted, wanted, "{text}");
        assert_eq!(query.excluded, excluded, "{text}");
        assert_eq!(query.open_end, open_end, "{text}");
    }

    #[test]
    fn reads_words_phrases_and_exclusions() {
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
    fn nothing_is_an_error() {
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
    fn a_repeated_word_counts_once_and_where_it_stands_last() {
        check("jet private jet", &[word("private"), word("jet")], &[], true);
    }

    #[test]
    fn unspaced_scripts_are_phrases() {
        check("東京タワー", &[phrase(&["東", "京", "タワー"])], &[], true);
        check("東", &[word("東")], &[], true);
    }
}
