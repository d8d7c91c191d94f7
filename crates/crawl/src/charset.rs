//! The text of a body in the charset that it declares or shows. Pure.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decodes a body; what the charset lacks becomes U+FFFD.
///
/// A byte order mark decides, then the zero bytes of UTF-16, then the declared charset. A body without one
/// that is not UTF-8 is windows-1252, unless it contains other UTF-8: then single characters are damaged.
pub(super) fn decode<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, length)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[length..]).0;
    }
    let declared = content_type.and_then(declared_charset);
    let encoding = shown_utf_16(body).or(declared.filter(|encoding| !is_utf_16(encoding)));
    let utf_8 = std::str::from_utf8(body);
    match (encoding, utf_8) {
        // Servers declare latin-1 by default, and other text is hardly ever UTF-8 by chance.
        (None, Ok(text)) => Cow::Borrowed(text),
        (Some(encoding), Ok(text)) if encoding == UTF_8 || encoding == WINDOWS_1252 => Cow::Borrowed(text),
        (None, Err(_)) if is_windows_1252(body) => WINDOWS_1252.decode_without_bom_handling(body).0,
        (encoding, _) => encoding.unwrap_or(UTF_8).decode_without_bom_handling(body).0,
    }
}

/// Returns the charset of a `Content-Type`.
fn declared_charset(content_type: &str) -> Option<&'static Encoding> {
    let label = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })?;
    Encoding::for_label_no_replacement(label.as_bytes())
}

fn is_utf_16(encoding: &&'static Encoding) -> bool {
    [UTF_16LE, UTF_16BE].contains(encoding)
}

/// Recognizes UTF-16 by its first character, which is ASCII in JSON.
fn shown_utf_16(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [0, second, ..] if *second != 0 => Some(UTF_16BE),
        [first, 0, next @ ..] if *first != 0 && !next.starts_with(&[0, 0]) => Some(UTF_16LE),
        _ => None,
    }
}

/// Recognizes a body without any UTF-8 beyond ASCII and without the bytes that windows-1252 lacks.
fn is_windows_1252(body: &[u8]) -> bool {
    let has_gap = body.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
    !has_gap && body.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn the_declared_charset_is_honoured() {
        for (body, content_type, expected) in [
            (b"[\"caf\xe9\"]".as_slice(), "application/json; charset=iso-8859-1", "[\"café\"]"),
            (b"[\"caf\xe9\"]", "application/json;Charset=\"ISO-8859-15\"", "[\"café\"]"),
            (b"[\"\xcf\xf0\xe8\"]", "text/json; x=y; charset=windows-1251", "[\"При\"]"),
            (b"[\"\x93\xfa\"]", "application/json; charset=Shift_JIS", "[\"日\"]"),
            ("[\"é\"]".as_bytes(), "application/json; charset=iso-8859-1", "[\"é\"]"),
            ("[\"é\"]".as_bytes(), "application/json; charset=utf-16", "[\"é\"]"),
            (b"[\"a\xff\"]", "application/json; charset=utf-8", "[\"a\u{fffd}\"]"),
            (b"[\"\xe9\"]", "application/json; charset=unknown", "[\"é\"]"),
        ] {
            assert_eq!(decode(body, Some(content_type)), expected, "{content_type}");
        }
    }

    #[test]
    fn utf_16_is_recognized() {
        for body in [
            utf_16("\u{feff}[\"é😀\"]", u16::to_le_bytes),
            utf_16("\u{feff}[\"é😀\"]", u16::to_be_bytes),
            utf_16("[\"é😀\"]", u16::to_le_bytes),
            utf_16("[\"é😀\"]", u16::to_be_bytes),
        ] {
            for content_type in [None, Some("application/json; charset=utf-16"), Some("application/json")] {
                assert_eq!(decode(&body, content_type), "[\"é😀\"]");
            }
        }
    }

    #[test]
    fn an_undeclared_body_is_utf_8_or_windows_1252() {
        assert_eq!(decode("[\"é\"]".as_bytes(), None), "[\"é\"]");
        assert_eq!(decode(b"\xef\xbb\xbf[1]", None), "[1]");
        assert_eq!(decode(b"[\"\x93caf\xe9\x94 \x80\"]", None), "[\"\u{201c}café\u{201d} €\"]");
        assert_eq!(decode(b"[\"\xc3\xa9 cut \xe2\x82\"]", None), "[\"é cut \u{fffd}\"]");
        assert_eq!(decode(b"[\"\x81\"]", None), "[\"\u{fffd}\"]");
    }
}
