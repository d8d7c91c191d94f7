//! The errors of the JSON parser, with the place and a guess at the real format.

/// Characters of a body that an error shows.
const EXCERPT_CHARS: usize = 40;
/// The excerpt's characters before the place of the error.
const CHARS_BEFORE: usize = 20;

/// The mark that may precede a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The first bytes of formats other than text.
const MAGIC: [(&[u8], &str); 7] = [
    (b"\x1f\x8b", "gzip data without its Content-Encoding"),
    (b"\x28\xb5\x2f\xfd", "zstd data without its Content-Encoding"),
    (b"\x78\x01", "deflate data without its Content-Encoding"),
    (b"\x78\x9c", "deflate data without its Content-Encoding"),
    (b"\x78\xda", "deflate data without its Content-Encoding"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF-", "a PDF document"),
];

/// The first characters of scripts that contain JSON.
const PREFIXES: [(&str, &str); 3] = [
    (")]}'", "JSON behind the prefix `)]}'`"),
    ("while(1);", "JSON behind the prefix `while(1);`"),
    ("for(;;);", "JSON behind the prefix `for(;;);`"),
];

/// An error in a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    /// The text ends early.
    #[error("truncated JSON")]
    Truncated,
    /// The text is no JSON.
    #[error("invalid JSON at byte {offset}: {problem}")]
    Invalid { offset: usize, problem: String },
}

impl JsonError {
    /// Describes an unexpected byte, or the end, of a text.
    pub(super) fn new(text: &str, offset: usize, expected: &str) -> Self {
        let rest = text.get(offset..).unwrap_or_default();
        let lead = text.get(..offset).unwrap_or_default();
        if lead.trim_matches([BYTE_ORDER_MARK, ' ', '\t', '\n', '\r']).is_empty()
            && let Some(format) = describe_start(rest)
        {
            return Self::Invalid { offset, problem: format!("the body is {format}{}", excerpt(lead, rest)) };
        }
        if rest.is_empty() {
            return Self::Truncated;
        }
        Self::Invalid { offset, problem: format!("expected {expected}{}", excerpt(lead, rest)) }
    }
}

/// Returns the format of a body by its first bytes, if it is no text.
pub(crate) fn describe_bytes(body: &[u8]) -> Option<&'static str> {
    let format = |(magic, format): &(&[u8], &'static str)| body.starts_with(magic).then_some(*format);
    MAGIC.iter().find_map(format)
}

/// Returns the format of a text that does not begin as JSON.
fn describe_start(text: &str) -> Option<&'static str> {
    if let Some((_, format)) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix)) {
        return Some(format);
    }
    if text.starts_with("<?xml") {
        return Some("an XML document");
    }
    if text.starts_with('<') {
        return Some("an HTML page, perhaps a login or maintenance page");
    }
    is_call(text).then_some("JSONP, a call of a function")
}

/// Recognizes `name(`, also with a comment before it, as JSONP begins.
fn is_call(text: &str) -> bool {
    let text = text.strip_prefix("/**/").unwrap_or(text).trim_start();
    let is_name = |char: char| char.is_ascii_alphanumeric() || "_$.[]".contains(char);
    let name = text.split_once('(').map_or("", |(name, _)| name.trim_end());
    name.starts_with(|char: char| char.is_ascii_alphabetic() || "_$".contains(char))
        && name.chars().all(is_name)
}

/// Returns a few characters around an offset; control characters become blanks.
fn excerpt(before: &str, after: &str) -> String {
    let start = before.char_indices().rev().take(CHARS_BEFORE).last().map_or(before.len(), |(at, _)| at);
    let blank = |char: char| if char.is_control() || char == BYTE_ORDER_MARK { ' ' } else { char };
    let mut chars = before[start..].chars().chain(after.chars()).map(blank);
    let shown: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    let begin = if start > 0 { "…" } else { "" };
    let end = if chars.next().is_some() { "…" } else { "" };
    format!(", near `{begin}{}{end}`", shown.trim())
}
