//! The size of a text, measured before parsing.
//!
//! The parser recurses, so the nesting of the text must be bounded first.

/// The measures of a text outside its strings and comments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The deepest nesting of brackets.
    pub(super) nesting: usize,
    /// The number of names, numbers, strings and punctuators.
    pub(super) tokens: usize,
    /// The length of the longest name or number, in bytes.
    pub(super) longest_word: usize,
}

impl Scan {
    /// Measures a text, which need not be valid.
    pub(super) fn of(text: &str) -> Self {
        scan(text.as_bytes())
    }
}

fn scan(text: &[u8]) -> Scan {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.');
    let mut scan = Scan::default();
    let (mut depth, mut at) = (0usize, 0usize);
    while at < text.len() {
        let byte = text[at];
        match byte {
            b' ' | b',' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                while at < text.len() && !matches!(text[at], b'\n' | b'\r') {
                    at += 1;
                }
                continue;
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                scan.nesting = scan.nesting.max(depth);
                at += 1;
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'"' if text[at..].starts_with(b"\"\"\"") => {
                at += 3;
                while at < text.len() && !text[at..].starts_with(b"\"\"\"") {
                    at += if text[at..].starts_with(b"\\\"\"\"") { 4 } else { 1 };
                }
                at += 3;
            }
            b'"' => {
                at += 1;
                while at < text.len() && !matches!(text[at], b'"' | b'\n' | b'\r') {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ if is_word(byte) => {
                let from = at;
                while at < text.len() && is_word(text[at]) {
                    at += 1;
                }
                scan.longest_word = scan.longest_word.max(at - from);
            }
            _ => at += 1,
        }
        scan.tokens += 1;
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_outside_strings_and_comments() {
        let measure = |text: &str| {
            let Scan { nesting, tokens, .. } = Scan::of(text);
            (nesting, tokens)
        };
        assert_eq!(measure("{ a(b: [{c: [1]}]) { d } }"), (5, 19));
        assert_eq!(measure(r#"{ a(b: "[[[\"[[") } # [[["#), (2, 8));
        assert_eq!(measure(r#"{ a(b: """[[ \""" [[""") } "#), (2, 8));
        assert_eq!(measure("\"open [[[\n[["), (2, 3));
        assert_eq!(measure("\"\"\"[[["), (0, 1));
        assert_eq!(measure("\"\\"), (0, 1));
        assert_eq!(measure(" ,\n# only [this"), (0, 0));
        assert_eq!(Scan::of("{ ab(c: \"long\") { def } } # longer").longest_word, 3);
    }
}
