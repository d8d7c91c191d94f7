//! The parts of a first page that its body has, but the settings do not find.

use super::problems::PreviewProblem;
use super::{PagePreview, Preview};
use crate::format::{ParsedBody, parse_body};
use crate::inspect::{ItemList, NextValue, find_items, find_next, find_total, leaves, states_more};
use crate::page_body::BodyShape;
use quarry_config::{ItemsPath, Locator, PageFormat, Pagination, SourceConfig};

/// The parts of a first page that the settings do not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MissingParts {
    /// The page, or objects on it.
    items: bool,
    next: bool,
    total: bool,
}

impl MissingParts {
    /// Returns the missing parts of a preview, if there are some.
    pub(super) fn of(config: &SourceConfig, preview: &Preview) -> Option<Self> {
        let first = preview.pages.first()?;
        let has_objects = |page: &PagePreview| {
            let values = [&page.first_item, &page.last_item];
            values.into_iter().flatten().any(|item| item.as_object().is_some())
        };
        let rejected: usize = preview.rejected.iter().map(|rejected| rejected.items).sum();
        let received: usize = preview.pages.iter().filter_map(|page| page.items).sum();
        let rejects_all = rejected == received;
        let items = match first.items {
            None => first.status == Some(200),
            Some(0) => false,
            Some(_) => !has_objects(first) || rejects_all,
        };
        let is_read = first.items.is_some_and(|items| items > 0);
        let by_next = matches!(
            &config.pagination,
            Pagination::Cursor { next: Locator::Pointer(_) | Locator::Header(_), .. }
        );
        let next = is_read && by_next && first.next.is_none() && !first.is_last;
        let total = is_read && config.total.is_some() && preview.outlook.total.is_none();
        (items || next || total).then_some(Self { items, next, total })
    }

    /// Finds the missing parts in the body of the page.
    pub(super) fn find(self, config: &SourceConfig, text: &str, content_type: &str) -> Vec<PreviewProblem> {
        let body = match parse_body(text, content_type) {
            Ok(body) if body.format == config.format => body,
            Ok(body) => return other_format(&body).into_iter().collect(),
            Err(kind) if self.items && config.format == PageFormat::Json => {
                return vec![PreviewProblem::fatal(format!(
                    "the response is not JSON{kind}: check that url is the address of the API, not of a page for browsers"
                ))];
            }
            Err(_) => return Vec::new(),
        };
        if config.format != PageFormat::Json || BodyShape::of(config).states_error(&body.json) {
            return Vec::new();
        }
        let Some(list) = find_items(&body.json) else { return Vec::new() };
        if let Some(items) = other_items(config, &list).filter(|_| self.items) {
            return vec![items];
        }
        let statements = leaves(&body.json, &list.pointer);
        let mut found = Vec::new();
        let next = find_next(&statements, &list.pointer).filter(|next| next.value != NextValue::Empty);
        if let Some(next) = next.filter(|_| self.next) {
            let pointer = next.pointer;
            found.push(PreviewProblem::fatal(format!(
                "the first page states the next one at {pointer:?}: set next = {pointer:?} in pagination"
            )));
        }
        let has_next = states_more(&statements, &list.pointer);
        let total = find_total(&statements, &list.pointer, list.items.len(), has_next);
        if let Some(total) = total.filter(|_| self.total) {
            let (pointer, value) = (total.pointer, total.value);
            found.push(PreviewProblem::warning(format!(
                "{pointer:?} is {value}, which may be the total: set total = {pointer:?} if it is"
            )));
        }
        found
    }
}

fn other_format(body: &ParsedBody) -> Option<PreviewProblem> {
    let (kind, setting) = match body.format {
        PageFormat::Json if find_items(&body.json).is_none() => return None,
        PageFormat::Json => ("one value of JSON", "json"),
        PageFormat::JsonLines => ("a list of lines, each of which is JSON", "json_lines"),
        PageFormat::Csv => ("CSV", "csv"),
    };
    Some(PreviewProblem::fatal(format!("the response is {kind}: set format = {setting:?}")))
}

fn other_items(config: &SourceConfig, list: &ItemList<'_>) -> Option<PreviewProblem> {
    let (path, found_path) = (config.items.as_str(), list.path());
    let is_same =
        ItemsPath::parse(&found_path).is_some_and(|path| path.segments() == config.items.segments());
    (!is_same).then(|| {
        let found = if list.is_keyed { "an object of" } else { "a list of" };
        let key = if list.is_keyed { ", and in fields key = \"#\" for the names of the members" } else { "" };
        PreviewProblem::fatal(format!(
            "the items are not at {path:?}, but {found} {} objects is at {:?}: set items = {found_path:?}{key}",
            list.items.len(),
            list.pointer
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{config_with, pointer};

    const ITEMS: MissingParts = MissingParts { items: true, next: false, total: false };

    fn found(config: &SourceConfig, missing: MissingParts, text: &str) -> String {
        let problems = missing.find(config, text, "");
        problems.iter().map(|problem| format!("{}: {}\n", problem.is_fatal, problem.text)).collect()
    }

    #[test]
    fn the_format_of_the_response_is_recognized() {
        let list = r#"[{"id":1,"text":"a"},{"id":2,"text":"b"}]"#;
        for (format, text, expected) in [
            (PageFormat::Json, "{\"id\":1}\n{\"id\":2}\n", "set format = \"json_lines\""),
            (PageFormat::Json, "id,text\n1,one\n2,two\n", "set format = \"csv\""),
            (PageFormat::Json, "<html></html>", "not JSON, but HTML or XML: check that url"),
            (PageFormat::JsonLines, list, "set format = \"json\""),
            (PageFormat::Csv, list, "set format = \"json\""),
        ] {
            let found = found(&SourceConfig { format, ..config_with("") }, ITEMS, text);
            assert!(found.contains(expected), "{text}: {found}");
        }
        let rows = SourceConfig { format: PageFormat::Csv, ..config_with("") };
        assert_eq!(found(&rows, ITEMS, "id,text\n1,one\n"), "");
    }

    #[test]
    fn a_stated_error_is_no_list_of_items() {
        let config = config_with("");
        assert_eq!(found(&config, ITEMS, r#"{"data":null,"errors":[{"message":"no field x"}]}"#), "");
        let list = r#"{"errors":[],"data":[{"id":1}]}"#;
        assert!(found(&config, ITEMS, list).contains("set items = \"/data\""));
        let keyed = r#"{"items":{"a":{"id":1,"text":"t"},"b":{"id":2,"text":"u"}}}"#;
        let expected = "set items = \"/items/*\", and in fields key = \"#\"";
        assert!(found(&config, ITEMS, keyed).contains(expected));
    }

    #[test]
    fn the_pointers_to_the_next_page_and_the_total_are_named() {
        let mut config = config_with("");
        config.total = Some(Locator::Pointer(pointer("/count")));
        let missing = MissingParts { items: false, next: true, total: true };
        let body = r#"{"meta":{"next_cursor":"c2","total":90},"items":[{"id":1,"text":"t"}]}"#;
        let shown = found(&config, missing, body);
        assert!(
            shown.contains("true: the first page states the next one at \"/meta/next_cursor\": set next"),
            "{shown}"
        );
        assert!(shown.contains("false: \"/meta/total\" is 90, which may be the total: set total"), "{shown}");
        assert_eq!(found(&config, missing, r#"{"items":[{"id":1,"text":"t"}]}"#), "");
    }
}
