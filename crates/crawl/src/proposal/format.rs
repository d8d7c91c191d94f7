//! The format of a response, by its content.

use quarry_config::PageFormat;

use super::ProposalError;
use crate::json::Json;
use crate::page_body::{read_lines, read_rows};
use crate::upstream::UpstreamItem;

/// Returns the format of a response and its JSON; of lines and rows, the array of their items.
pub(super) fn parse_body(text: &str, content_type: &str) -> Result<(PageFormat, Json), ProposalError> {
    // A single line is JSON as well.
    let is_stated =
        ["ndjson", "jsonl", "json-seq", "json-lines"].iter().any(|name| content_type.contains(name));
    if !is_stated && let Ok(body) = Json::parse(text) {
        return Ok((PageFormat::Json, body));
    }
    let first = text.trim_start_matches(['\u{feff}', '\u{1e}', ' ', '\t', '\r', '\n']).chars().next();
    let guess = match first {
        Some('{') => objects(read_lines(text))
            .filter(|items| is_stated || items.len() > 1)
            .map(|items| (PageFormat::JsonLines, items)),
        Some('<' | '[') | None => None,
        Some(_) => objects(read_rows(text)).filter(|rows| is_table(rows)).map(|rows| (PageFormat::Csv, rows)),
    };
    guess.map(|(format, items)| (format, Json::Array(items))).ok_or(ProposalError::NotJson(match first {
        None => ", but empty",
        Some('<') => ", but HTML or XML",
        Some(_) => "",
    }))
}

/// Returns the items of a body if each is an object.
fn objects(items: Result<Vec<UpstreamItem>, String>) -> Option<Vec<Json>> {
    let objects =
        items.ok()?.into_iter().map(|item| item.content.ok().filter(|item| item.as_object().is_some()));
    objects.collect::<Option<Vec<Json>>>().filter(|items| !items.is_empty())
}

/// Returns true if rows have several named columns, and all of them: prose with commas has not.
fn is_table(rows: &[Json]) -> bool {
    let columns = |row: &Json| row.as_object().map_or(0, |row| row.len());
    let width = rows.first().map_or(0, columns);
    let is_named = |row: &Json| row.as_object().is_some_and(|row| row.keys().all(|name| !name.is_empty()));
    width > 1 && rows.iter().all(|row| columns(row) == width && is_named(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart_by_their_content() {
        for (text, content_type, expected) in [
            ("[{\"id\":1}]", "", Some((PageFormat::Json, 1))),
            ("{\"id\":1}\n{\"id\":2}\n", "text/plain", Some((PageFormat::JsonLines, 2))),
            ("\u{1e}{\"id\":1}\n\u{1e}{\"id\":2}\n", "", Some((PageFormat::JsonLines, 2))),
            ("{\"id\":1}\n", "application/x-ndjson", Some((PageFormat::JsonLines, 1))),
            ("{\"id\":1}\n{\"id\":", "", None),
            ("id,text\n1,one\n2,two\n", "", Some((PageFormat::Csv, 2))),
            ("\u{feff}id;text\r\n1;\"one; more\"\r\n", "", Some((PageFormat::Csv, 1))),
            ("Sorry, not found\n", "", None),
            ("Sorry, this is down\nTry later\n", "", None),
            ("id,,text\n1,,b\n", "", None),
            ("<html>a,b\n1,2</html>", "", None),
            ("", "text/csv", None),
        ] {
            let found = parse_body(text, content_type).ok().map(|(format, body)| {
                let Json::Array(items) = body else { panic!("no list: {text}") };
                (format, items.len())
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
