//! The items of comma-separated values.

use csv::{ReaderBuilder, StringRecord};

use crate::json::Json;
use crate::upstream::UpstreamItem;

/// Characters between fields, the usual one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads one item per row, with the names of the header row. A row that does not fit is an item with an error.
pub(crate) fn read(text: &str) -> Result<Vec<UpstreamItem>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        return Err("invalid CSV: the body begins as JSON".to_owned());
    }
    if start.starts_with('<') {
        return Err("invalid CSV: the body is an HTML page, perhaps a login or maintenance page".to_owned());
    }
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter_of(start))
        .has_headers(true)
        .from_reader(start.as_bytes());
    let header = reader.headers().map_err(|error| format!("invalid CSV: {error}"))?.clone();
    let content = |row: csv::Result<StringRecord>| {
        let row = row.map_err(|error| format!("invalid CSV: {error}"))?;
        if row.len() > header.len() {
            let line = row.position().map_or(0, csv::Position::line);
            return Err(format!("line {line} has {} fields, the header {}", row.len(), header.len()));
        }
        let members = header.iter().zip(&row);
        let member = |(name, value): (&str, &str)| (name.trim().to_owned(), Json::String(value.to_owned()));
        Ok(Json::Object(members.map(member).collect()))
    };
    Ok(reader.records().map(|row| UpstreamItem { name: None, content: content(row) }).collect())
}

/// Returns the most frequent delimiter of the header row, outside of quotes.
fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let outside: Vec<u8> = header.split('"').step_by(2).flat_map(str::bytes).collect();
    let count = |delimiter: &u8| outside.iter().filter(|byte| *byte == delimiter).count();
    // Among equals, `max_by_key` returns the last.
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}
