//! Phrases in quotes, and in quotes or brackets after a minus.

use super::analysis::is_gershayim;
use super::exclusion::{is_excludable, is_minus};

/// Signs that enclose an excluded phrase, each with the one that closes it.
///
/// Without a minus, brackets and single quotes have no effect: texts contain them in pairs of another meaning.
const ENCLOSING: [(char, char); 12] = [
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('（', '）'),
    ('［', '］'),
    ('「', '」'),
    ('『', '』'),
    ('‹', '›'),
    ('\'', '\''),
    ('‘', '’'),
    ('’', '’'),
    ('‚', '‘'),
];

/// A phrase of a query, with the text around it.
pub(crate) struct SplitPhrase<'t> {
    pub(crate) before: &'t str,
    pub(crate) phrase: &'t str,
    pub(crate) after: &'t str,
    /// True if a minus precedes the phrase.
    pub(crate) is_excluded: bool,
}

/// Splits at the first pair of double quotes, or at the first phrase after a minus.
///
/// The latter ends with the text if nothing closes it: while it is typed, it would otherwise be searched for.
pub(crate) fn split_phrase(text: &str) -> Option<SplitPhrase<'_>> {
    let mut quotes = text.match_indices(is_quote).filter(|&(at, quote)| is_delimiter(text, at, quote));
    let pair = quotes.next().zip(quotes.next());
    // A quote that begins an exclusion leaves the one before it unclosed.
    let pair = pair.filter(|&(_, (close, quote))| {
        let is_opening = text[close + quote.len()..].starts_with(char::is_alphanumeric);
        !is_opening || head(&text[..close]).is_none()
    });
    let end = pair.map_or(text.len(), |((open, quote), _)| open + quote.len());
    let excluded = text[..end].char_indices().find_map(|(at, c)| excluded_phrase(text, at, c));
    excluded.or_else(|| {
        let ((open, opening), (close, closing)) = pair?;
        Some(SplitPhrase {
            before: &text[..open],
            phrase: &text[open + opening.len()..close],
            after: &text[close + closing.len()..],
            is_excluded: false,
        })
    })
}

/// Returns the phrase that a sign encloses, if it follows a minus.
fn excluded_phrase(text: &str, at: usize, opening: char) -> Option<SplitPhrase<'_>> {
    let closing = ENCLOSING.iter().find(|(open, _)| *open == opening).map(|&(_, closing)| closing);
    if closing.is_none() && !is_quote(opening) {
        return None;
    }
    let before = head(&text[..at])?;
    let start = at + opening.len_utf8();
    let inner = &text[start..];
    let closes = |at: usize, c: char| match closing {
        Some(closing) => {
            let is_apostrophe = || text[at + c.len_utf8()..].starts_with(char::is_alphanumeric);
            c == closing && (c.is_ascii_punctuation() && c != '\'' || !is_apostrophe())
        }
        None => is_quote(c) && is_delimiter(text, at, &text[at..at + c.len_utf8()]),
    };
    let close = inner.char_indices().find(|&(at, c)| closes(start + at, c));
    let (end, after) = close.map_or((inner.len(), inner.len()), |(at, c)| (at, at + c.len_utf8()));
    let phrase = &inner[..end];
    // One word is excluded in all its forms. A number in brackets is below zero; other signs end emoticons.
    let is_excluded = closing.is_none()
        || phrase.split_once(char::is_whitespace).is_some_and(|(first, _)| is_excludable(first));
    is_excluded.then_some(SplitPhrase { before, phrase, after: &inner[after..], is_excluded })
}

/// Returns the text before a minus at its end, or several, that no word precedes.
fn head(text: &str) -> Option<&str> {
    let head = text.trim_end_matches(is_minus);
    let is_exclusion = head.len() < text.len() && (head.is_empty() || head.ends_with(char::is_whitespace));
    is_exclusion.then_some(head)
}

/// Returns true for straight and typographic double quotes; phones type the latter.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}

/// Returns true unless a quote is the sign of a Hebrew abbreviation.
fn is_delimiter(text: &str, at: usize, quote: &str) -> bool {
    !is_gershayim(text, at, at + quote.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_after_a_minus_end_with_their_sign_or_the_text() {
        for (text, expected) in [
            ("boat -\"hong ko", ("boat ", "hong ko", "", true)),
            ("boat -“hong kong” x", ("boat ", "hong kong", " x", true)),
            ("a \"boat to\" -\"hong", ("a ", "boat to", " -\"hong", false)),
            ("27\" boat -\"hong kong\" x", ("27\" boat ", "hong kong", " x", true)),
            ("boat -(hong kong) x", ("boat ", "hong kong", " x", true)),
            ("boat -[hong kong", ("boat ", "hong kong", "", true)),
            ("boat -'king's cross' x", ("boat ", "king's cross", " x", true)),
            ("\"boat -(hong kong) x\" y", ("", "boat -(hong kong) x", " y", false)),
            ("–‘hong kong’ \"boat\"", ("", "hong kong", " \"boat\"", true)),
        ] {
            let split = split_phrase(text).unwrap();
            assert_eq!((split.before, split.phrase, split.after, split.is_excluded), expected, "{text}");
        }
    }

    #[test]
    fn other_signs_enclose_no_phrase() {
        for text in [
            "boat \"oslo",
            "sum -(5)",
            "sum -(5 °C)",
            "poly-(ethylene)",
            "sad -( today",
            "boat -(oslo)",
            "(oslo bay) 'x y'",
            "-",
        ] {
            assert!(split_phrase(text).is_none(), "{text}");
        }
    }
}
