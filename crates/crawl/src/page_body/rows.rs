//! The items of comma-separated values.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord};

use crate::json::Json;
use crate::upstream::UpstreamItem;

/// Characters between fields, the usual one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads one item per row, with the names of the header row. A row that does not fit is an item with an error.
pub(crate) fn read(body: &str) -> Result<Vec<UpstreamItem>, String> {
    let text = body.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        return Err("invalid CSV: the body begins as JSON".to_owned());
    }
    if start.starts_with('<') {
        return Err("invalid CSV: the body is an HTML page, perhaps a login or maintenance page".to_owned());
    }
    let (start, delimiter) = match stated_delimiter(start) {
        Some((delimiter, rest)) => (rest, delimiter),
        None => (start, delimiter_of(start)),
    };
    let skipped = body[..body.len() - start.len()].matches('\n').count();
    let text = without_blanks_around_quotes(start, delimiter, skipped + 1)?;
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .has_headers(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| format!("invalid CSV: {error}"))?.clone();
    let mut fields_of_last = header.len();
    let mut content = |row: csv::Result<StringRecord>| {
        let row = row.map_err(|error| format!("invalid CSV: {error}"))?;
        fields_of_last = row.len();
        if row.len() > header.len() {
            let line = row.position().map_or(0, csv::Position::line) + skipped as u64;
            return Err(format!("line {line} has {} fields, the header {}", row.len(), header.len()));
        }
        let members = header.iter().zip(&row);
        let member = |(name, value): (&str, &str)| (name.trim().to_owned(), Json::String(value.to_owned()));
        Ok(Json::Object(members.map(member).collect()))
    };
    let items = reader.records().map(|row| UpstreamItem { name: None, content: content(row) }).collect();
    if fields_of_last < header.len() && !text.ends_with(['\n', '\r']) {
        // Without a line break, the rest of the body may be missing.
        return Err(format!("truncated CSV: the last row has {fields_of_last} of {} fields", header.len()));
    }
    Ok(items)
}

/// Reads the first line `sep=;` that Excel writes, and returns the delimiter and the rest.
fn stated_delimiter(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    let (name, delimiter) = line.split_once('=')?;
    match *delimiter.as_bytes() {
        [delimiter] if name.trim().eq_ignore_ascii_case("sep") => Some((delimiter, rest)),
        _ => None,
    }
}

/// The part of a field in which a byte stands.
enum FieldPart {
    /// Before the first byte, behind blanks that begin here.
    Start(Option<usize>),
    Unquoted,
    /// Behind the opening quote of a line; several lines if it has a line break.
    Quoted {
        line: usize,
        is_multiline: bool,
    },
    /// Behind the closing quote, which ends here.
    Closed {
        end: usize,
        line: usize,
        is_multiline: bool,
    },
}

/// Removes the blanks between delimiters and quotes, and refuses a body in which a quote is missing.
///
/// Such a quote would swallow the rows behind it.
///
/// `line` is the number of its first line.
fn without_blanks_around_quotes(text: &str, delimiter: u8, mut line: usize) -> Result<Cow<'_, str>, String> {
    if !text.contains('"') {
        return Ok(Cow::Borrowed(text));
    }
    let (mut kept, mut copied) = (String::with_capacity(text.len()), 0);
    let mut part = FieldPart::Start(None);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        line += usize::from(byte == b'\n');
        let is_blank = matches!(byte, b' ' | b'\t') && byte != delimiter;
        let is_end = byte == delimiter || matches!(byte, b'\n' | b'\r');
        part = match part {
            FieldPart::Start(blanks) if is_blank => FieldPart::Start(blanks.or(Some(at))),
            FieldPart::Start(blanks) if byte == b'"' => {
                kept.push_str(&text[copied..blanks.unwrap_or(at)]);
                copied = at;
                FieldPart::Quoted { line, is_multiline: false }
            }
            FieldPart::Quoted { line, is_multiline } if byte == b'"' => {
                if bytes.get(at + 1) == Some(&b'"') {
                    at += 1;
                    FieldPart::Quoted { line, is_multiline }
                } else {
                    FieldPart::Closed { end: at + 1, line, is_multiline }
                }
            }
            FieldPart::Quoted { line, is_multiline } => {
                FieldPart::Quoted { line, is_multiline: is_multiline || byte == b'\n' }
            }
            FieldPart::Closed { .. } if is_blank => part,
            FieldPart::Closed { end, .. } if is_end => {
                kept.push_str(&text[copied..end]);
                copied = at;
                FieldPart::Start(None)
            }
            FieldPart::Closed { line, is_multiline: true, .. } => {
                return Err(format!("broken CSV: a quote is missing behind the one in line {line}"));
            }
            _ if is_end => FieldPart::Start(None),
            _ => FieldPart::Unquoted,
        };
        at += 1;
    }
    if let FieldPart::Quoted { line, .. } = part {
        return Err(format!("truncated CSV: the quote in line {line} is not closed"));
    }
    kept.push_str(&text[copied..]);
    Ok(Cow::Owned(kept))
}

/// Returns the most frequent delimiter of the header row, outside of quotes.
fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let outside: Vec<u8> = header.split('"').step_by(2).flat_map(str::bytes).collect();
    let count = |delimiter: &u8| outside.iter().filter(|byte| *byte == delimiter).count();
    // Among equals, `max_by_key` returns the last.
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}
