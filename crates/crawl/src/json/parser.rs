//! The parser: strict grammar, tolerant values.

use std::collections::BTreeMap;

use memchr::memchr2;

use super::Json;
use super::error::JsonError;

/// The deepest nesting; a deeper subtree becomes null.
pub(super) const MAX_DEPTH: usize = 128;

/// The spellings of values that JSON lacks, which become null.
const NULLS: [&str; 11] =
    ["null", "NaN", "nan", "-NaN", "-nan", "undefined", "Infinity", "-Infinity", "None", "inf", "-inf"];

/// The mantissa's digits up to which a number without an exponent is a finite float.
const FINITE_DIGITS: usize = 308;

type Parsed<T> = Result<T, JsonError>;

/// Parses a text with one value.
pub(super) fn parse(text: &str) -> Parsed<Json> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
    if text.starts_with('\u{feff}') {
        parser.at = '\u{feff}'.len_utf8();
    }
    let value = parser.value(0)?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(value),
        Some(b'{' | b'[') => {
            let expected =
                "the end, but another value follows (perhaps `format = \"json_lines\"` is missing)";
            Err(parser.error(expected))
        }
        Some(_) => Err(parser.error("the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn error(&self, expected: &str) -> JsonError {
        JsonError::new(self.text, self.at, expected)
    }

    /// Consumes a byte, or fails.
    fn expect(&mut self, byte: u8, expected: &str) -> Parsed<()> {
        self.skip_blanks();
        if self.peek() != Some(byte) {
            return Err(self.error(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// Consumes a byte if it is the next one after blanks.
    fn consume(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Parsed<Json> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => self.skip_container(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(byte) if byte.is_ascii_digit() => self.number(),
            Some(b'-') if self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut members = BTreeMap::new();
        if self.consume(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.error("a member's name in quotes"));
            }
            let name = self.string()?;
            self.expect(b':', "a colon")?;
            let value = self.value(depth + 1)?;
            members.insert(name, value);
            if self.consume(b',') {
                continue;
            }
            self.expect(b'}', "`,` or `}`")?;
            return Ok(Json::Object(members));
        }
    }

    fn array(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.consume(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.consume(b',') {
                continue;
            }
            self.expect(b']', "`,` or `]`")?;
            return Ok(Json::Array(elements));
        }
    }

    /// Skips an array or object without recursion.
    fn skip_container(&mut self) -> Parsed<Json> {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    open -= 1;
                    self.at += 1;
                    if open == 0 {
                        return Ok(Json::Null);
                    }
                }
                _ => self.at += 1,
            }
        }
        Err(JsonError::Truncated)
    }

    fn skip_string(&mut self) -> Parsed<()> {
        self.at += 1;
        loop {
            match self.find_string_mark()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.at += 2,
            }
        }
    }

    /// Advances to the next quote or backslash.
    fn find_string_mark(&mut self) -> Parsed<u8> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let offset = memchr2(b'"', b'\\', rest).ok_or(JsonError::Truncated)?;
        self.at += offset;
        Ok(rest[offset])
    }

    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let start = self.at;
        if self.find_string_mark()? == b'"' {
            let text = self.text[start..self.at].to_owned();
            self.at += 1;
            return Ok(text);
        }
        let mut text = self.text[start..self.at].to_owned();
        loop {
            // The parser is at a backslash.
            self.at += 1;
            self.escape(&mut text)?;
            let start = self.at;
            let mark = self.find_string_mark()?;
            text.push_str(&self.text[start..self.at]);
            if mark == b'"' {
                self.at += 1;
                return Ok(text);
            }
        }
    }

    /// Reads the escape after a backslash. An unknown one is the character itself.
    fn escape(&mut self, text: &mut String) -> Parsed<()> {
        let char = self.text[self.at..].chars().next().ok_or(JsonError::Truncated)?;
        self.at += char.len_utf8();
        let unescaped = match char {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => match self.hex() {
                Some(unit) => self.code_point(unit),
                None => 'u',
            },
            char => char,
        };
        text.push(unescaped);
        Ok(())
    }

    /// Reads the second half of a surrogate pair; a lone surrogate is U+FFFD.
    fn code_point(&mut self, unit: u16) -> char {
        let start = self.at;
        if (0xd800..0xdc00).contains(&unit)
            && self.bytes[start..].starts_with(b"\\u")
            && let Some(second) = {
                self.at += 2;
                self.hex()
            }
            && let Some(Ok(char)) = char::decode_utf16([unit, second]).next()
        {
            return char;
        }
        // What follows may be a character of its own.
        self.at = start;
        char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Consumes four hexadecimal digits.
    fn hex(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let unit = u16::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(unit)
    }

    fn number(&mut self) -> Parsed<Json> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits()?;
        }
        let mut may_overflow = !is_integer && self.at - start > FINITE_DIGITS;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            may_overflow = true;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let number = &self.text[start..self.at];
        if may_overflow && !number.parse::<f64>().is_ok_and(f64::is_finite) {
            return Ok(Json::Null);
        }
        Ok(Json::Number(number.to_owned()))
    }

    /// Consumes at least one digit.
    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.error("a digit")) }
    }

    /// Reads `true`, `false`, `null` or one of the words for null.
    fn word(&mut self) -> Parsed<Json> {
        let start = self.at;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let length = self.bytes[start..].iter().take_while(|byte| is_part(byte)).count();
        let word = &self.text[start..start + length];
        let value = match word {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            word if NULLS.contains(&word) => Json::Null,
            _ => return Err(self.word_error(start, word)),
        };
        self.at += length;
        Ok(value)
    }

    /// Tells a cut word at the end from another word.
    fn word_error(&self, start: usize, word: &str) -> JsonError {
        let is_cut = !word.is_empty()
            && start + word.len() == self.bytes.len()
            && ["true", "false", "-"].iter().chain(&NULLS).any(|known| known.starts_with(word));
        if is_cut { JsonError::Truncated } else { JsonError::new(self.text, start, "a value") }
    }
}
