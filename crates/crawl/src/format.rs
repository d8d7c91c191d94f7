//! The format of a response, by its content.

use quarry_config::PageFormat;

use super::json::Json;
use super::page_body::{read_lines, read_rows};
use super::upstream::UpstreamItem;

/// A response in its format.
pub(super) struct ParsedBody {
    pub(super) format: PageFormat,
    /// The JSON; of lines and rows, the array of their items.
    pub(super) json: Json,
    /// The errors of the lines and rows that are no items.
    pub(super) rejected: Vec<String>,
}

/// Returns the format of a response and its JSON, or else what it is in place of JSON, behind a comma, if that shows.
pub(super) fn parse_body(text: &str, content_type: &str) -> Result<ParsedBody, &'static str> {
    // A single line is JSON as well.
    let is_stated =
        ["ndjson", "jsonl", "json-seq", "json-lines"].iter().any(|name| content_type.contains(name));
    if !is_stated && let Ok(body) = Json::parse(text) {
        return Ok(ParsedBody { format: PageFormat::Json, json: body, rejected: Vec::new() });
    }
    let first = text.trim_start_matches(['\u{feff}', '\u{1e}', ' ', '\t', '\r', '\n']).chars().next();
    let guess = match first {
        Some('{') => objects(read_lines(text))
            .filter(|(items, _)| is_stated || items.len() > 1)
            .map(|lines| (PageFormat::JsonLines, lines)),
        Some('<' | '[') | None => None,
        Some(_) => {
            objects(read_rows(text)).filter(|(rows, _)| is_table(rows)).map(|rows| (PageFormat::Csv, rows))
        }
    };
    let body =
        guess.map(|(format, (items, rejected))| ParsedBody { format, json: Json::Array(items), rejected });
    body.ok_or(match first {
        None => ", but empty",
        Some('<') => ", but HTML or XML",
        Some(_) => "",
    })
}

/// Returns the items of a body and the errors of the others, if most are objects.
fn objects(items: Result<Vec<UpstreamItem>, String>) -> Option<(Vec<Json>, Vec<String>)> {
    let (mut objects, mut rejected) = (Vec::new(), Vec::new());
    for item in items.ok()? {
        match item.content {
            Ok(item) if item.as_object().is_some() => objects.push(item),
            Ok(_) => return None,
            Err(error) => rejected.push(error),
        }
    }
    (objects.len() > rejected.len()).then_some((objects, rejected))
}

/// Returns true if most rows have several named columns, and all of them: prose with commas has not.
fn is_table(rows: &[Json]) -> bool {
    let columns = |row: &Json| row.as_object().map_or(0, |row| row.len());
    let width = rows.iter().map(columns).max().unwrap_or(0);
    let is_named = |row: &Json| row.as_object().is_some_and(|row| row.keys().all(|name| !name.is_empty()));
    let full = rows.iter().filter(|row| columns(row) == width).count();
    width > 1 && full * 2 > rows.len() && rows.iter().all(is_named)
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
            ("{\"id\":1}\n{\"id\"\n{\"id\":2}\n", "", Some((PageFormat::JsonLines, 2))),
            ("id,text\n1,one\n2,two\n", "", Some((PageFormat::Csv, 2))),
            ("\u{feff}id;text\r\n1;\"one; more\"\r\n", "", Some((PageFormat::Csv, 1))),
            ("id,text\n1,one\n2,two,2\n3,three\n4\n", "", Some((PageFormat::Csv, 3))),
            ("Sorry, not found\n", "", None),
            ("Sorry, this is down\nTry later\n", "", None),
            ("id,,text\n1,,b\n", "", None),
            ("<html>a,b\n1,2</html>", "", None),
            ("", "text/csv", None),
        ] {
            let found = parse_body(text, content_type).ok().map(|body| {
                let Json::Array(items) = body.json else { panic!("no list: {text}") };
                (body.format, items.len())
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
