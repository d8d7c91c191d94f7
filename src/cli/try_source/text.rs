//! A preview as text.

use std::fmt::Write as _;

use crate::config::SourceConfig;
use crate::crawl::{FieldFinding, PagePreview, Preview};

/// Describes a preview for a terminal.
pub(super) fn describe(source: &SourceConfig, preview: &Preview) -> String {
    let mut text = String::new();
    if let Some(parent) = &preview.parent {
        let _ = writeln!(text, "the list of the parent {}", printable(parent));
    }
    for (at, page) in preview.pages.iter().enumerate() {
        describe_page(&mut text, source, at + 1, page);
    }
    if !preview.fields.iter().all(|field| field.of == 0) {
        text.push_str("\nfields\n");
        let width = preview.fields.iter().map(|field| field.pointer.len()).max().unwrap_or(0);
        for field in &preview.fields {
            describe_field(&mut text, field, width);
        }
        let attributes: Vec<String> =
            preview.attributes.iter().map(|(name, items)| format!("{name} ({items})")).collect();
        let attributes = if attributes.is_empty() { "none".to_owned() } else { attributes.join(", ") };
        let _ = writeln!(text, "  not mapped, become attributes: {}", printable(&attributes));
    }
    for rejected in &preview.rejected {
        let positions: Vec<String> = rejected.positions.iter().map(usize::to_string).collect();
        let _ = writeln!(
            text,
            "  rejected: {} items, {} (positions {})",
            rejected.items,
            printable(&rejected.reason),
            positions.join(", ")
        );
    }
    if preview.deleted > 0 {
        let _ = writeln!(text, "  deleted by the upstream: {} items", preview.deleted);
    }
    if !preview.duplicate_keys.is_empty() {
        let _ = writeln!(text, "  keys of several items: {}", printable(&preview.duplicate_keys.join(", ")));
    }
    describe_outlook(&mut text, preview);
    if preview.problems.is_empty() {
        text.push_str("\nno problems found\n");
    } else {
        text.push_str("\nproblems\n");
        for problem in &preview.problems {
            let mark = if problem.is_fatal { "error" } else { "warning" };
            let _ = writeln!(text, "  {mark}: {}", printable(&problem.text));
        }
    }
    text
}

fn describe_page(text: &mut String, source: &SourceConfig, number: usize, page: &PagePreview) {
    let _ = writeln!(text, "page {number}: {} {}", page.method, page.request);
    for failure in &page.failures {
        let _ = writeln!(text, "  failed: {}", printable(failure));
    }
    let Some(items) = page.items else { return };
    let status = page.status.map(|status| status.to_string()).unwrap_or_default();
    let _ = writeln!(text, "  status {status}, {} ms", page.took_ms);
    let pointer = source.items.as_str();
    let place = if pointer.is_empty() { "at the top".to_owned() } else { format!("at {pointer}") };
    let _ = writeln!(text, "  items: {items} {place}");
    let total_place = source.total.as_ref().map(|locator| format!(" at {locator}")).unwrap_or_default();
    let total = match (page.total, &source.total) {
        (Some(total), _) => format!("{total}{total_place}"),
        (None, Some(_)) => format!("none{total_place}"),
        (None, None) => "not configured".to_owned(),
    };
    let _ = writeln!(text, "  total: {total}");
    let _ = writeln!(text, "  next: {}", page.next.as_deref().map_or("not stated".into(), printable));
    if let Some(has_more) = page.has_more {
        let _ = writeln!(text, "  has more: {has_more}");
    }
    if let Some(error) = &page.error {
        let _ = writeln!(text, "  error: {}", printable(error));
    }
}

fn describe_field(text: &mut String, field: &FieldFinding, width: usize) {
    let _ = write!(text, "  {:<12} {:<width$} {} of {}", field.field, field.pointer, field.found, field.of);
    if let Some(example) = &field.example {
        let _ = write!(text, ", such as {:?}", example);
    }
    if field.unreadable > 0 {
        let example = field.unreadable_example.as_deref().unwrap_or_default();
        let _ = write!(text, "; {} not readable, such as {example:?}", field.unreadable);
    }
    text.push('\n');
}

fn describe_outlook(text: &mut String, preview: &Preview) {
    let outlook = &preview.outlook;
    text.push_str("\na crawl\n");
    let pages =
        outlook.pages.map_or("unknown, since no total is stated".to_owned(), |pages| pages.to_string());
    let _ = writeln!(text, "  pages: {pages}");
    let removals = if outlook.proves_removals {
        "proven by the total"
    } else if !preview.rejected.is_empty() {
        "none while items are rejected"
    } else {
        "by the end of the list alone, since no total is stated"
    };
    let _ = writeln!(text, "  removals of vanished documents: {removals}");
    let next = outlook.next_request.as_deref().unwrap_or("none, this is the end of the list");
    let _ = writeln!(text, "  next request: {next}");
}

/// Returns a text on one line without control characters, which a terminal would interpret.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
