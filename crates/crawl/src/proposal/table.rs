//! A proposed `[[sources]]` table as TOML with comments.

use std::fmt::Write as _;

use quarry_config::redact_url;
use quarry_domain::SourceName;
use serde_json::Value;
use url::Url;

use super::ProposalRequest;
use super::paging::PagingGuess;
use super::spelling::{comment, placeholder, toml_text};
use crate::inspect::{FieldGuess, FieldGuesses, ItemList, ParamKind, TotalGuess, member_names, param_kind};

/// The number of members that a comment lists.
const MAX_LISTED: usize = 20;

/// The parts of a proposed table.
pub(super) struct SourceTable {
    name: SourceName,
    url: Url,
    headers: Vec<String>,
    items: Option<(String, String)>,
    fields: Vec<(&'static str, String, String)>,
    notes: Vec<String>,
    pub(super) total: Option<TotalGuess>,
    /// The header that states the total, and its value.
    pub(super) header_total: Option<(String, i64)>,
    pub(super) paging: Option<PagingGuess>,
    /// The outcome of the verification.
    pub(super) verdict: String,
    pub(super) warnings: Vec<String>,
}

impl SourceTable {
    pub(super) fn new(name: SourceName, request: &ProposalRequest) -> Self {
        Self {
            name,
            url: without_paging(&request.url),
            headers: request.headers.iter().map(|(name, _)| name.clone()).collect(),
            items: None,
            fields: Vec::new(),
            notes: Vec::new(),
            total: None,
            header_total: None,
            paging: None,
            verdict: String::new(),
            warnings: Vec::new(),
        }
    }

    /// The variables with the values of the headers, in the order of the headers.
    pub(super) fn variables(&self) -> Vec<String> {
        self.headers.iter().map(|header| placeholder(self.name.as_str(), header)).collect()
    }

    pub(super) fn describe_items(&mut self, list: &ItemList<'_>) {
        let (kind, count) = (if list.is_keyed { "an object" } else { "an array" }, list.items.len());
        self.items = Some((list.pointer.clone(), format!("{kind} of {count} objects")));
        if list.is_keyed {
            self.warnings.push(format!(
                "the items are the members of the object at {}, by their keys: check that this version reads them",
                if list.pointer.is_empty() { "the top" } else { &list.pointer }
            ));
        }
    }

    pub(super) fn describe_fields(&mut self, guesses: &FieldGuesses, items: &[&Value]) {
        let all = [
            ("key", &guesses.key),
            ("text", &guesses.text),
            ("title", &guesses.title),
            ("category", &guesses.category),
            ("author_key", &guesses.author_key),
            ("author_name", &guesses.author_name),
            ("published_at", &guesses.published_at),
        ];
        for (name, guess) in all {
            let Some(guess) = guess else { continue };
            self.fields.push((name, guess.pointer.clone(), remark(guess)));
        }
        let is_mapped = |name: &str| {
            let prefix = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            self.fields
                .iter()
                .any(|(_, pointer, _)| *pointer == prefix || pointer.starts_with(&format!("{prefix}/")))
        };
        let names = member_names(items.iter().copied()).into_iter().map(|(name, _)| name);
        let mut rest: Vec<String> = names.filter(|name| !is_mapped(name)).collect();
        if rest.len() > MAX_LISTED {
            rest.truncate(MAX_LISTED);
            rest.push("…".to_owned());
        }
        if !rest.is_empty() {
            self.notes.push(format!("Not mapped, become attributes: {}", rest.join(", ")));
        }
        for pointer in &guesses.unreadable_dates {
            self.notes.push(format!("{pointer} looks like a date, but is not readable as one"));
        }
    }

    /// Returns the table; without paging and fields, a valid table for a first request.
    pub(super) fn to_toml(&self) -> String {
        let mut toml = String::new();
        let mut line = |text: String| {
            let _ = writeln!(toml, "{text}");
        };
        let quoted = |text: &str| toml_text(text);
        line(format!(
            "# Proposed by `quarry sources init` from the first items: check it with `quarry try {}`.",
            comment(self.name.as_str())
        ));
        for warning in &self.warnings {
            line(format!("# ATTENTION: {}", comment(warning)));
        }
        line("[[sources]]".to_owned());
        line(format!("name = {}", quoted(self.name.as_str())));
        if redact_url(self.url.as_str()) != self.url.as_str() {
            line("# The address contains a secret: keep this file private".to_owned());
        }
        line(format!("url = {}", quoted(self.url.as_str())));
        if let Some((pointer, remark)) = &self.items {
            line(format!("items = {} # {}", quoted(pointer), comment(remark)));
        }
        match (&self.total, &self.header_total) {
            (Some(total), _) => line(format!("total = {} # {}", quoted(&total.pointer), total.value)),
            (None, Some((header, total))) => {
                line(format!("# The header {} states a total of {total}", comment(header)))
            }
            (None, None) if self.items.is_some() => {
                line("# No total was found: a crawl is complete at the end of the list".to_owned());
            }
            (None, None) => {}
        }
        match &self.paging {
            Some(paging) => {
                line(format!("# {}; {}", comment(&paging.reason), comment(&self.verdict)));
                line(format!("pagination = {}", paging.toml));
            }
            None => line("pagination = { kind = \"offset\" }".to_owned()),
        }
        if !self.headers.is_empty() {
            let variables = self.variables();
            let pairs = self.headers.iter().zip(&variables);
            let pairs: Vec<String> =
                pairs.map(|(name, variable)| format!("{} = \"${{{variable}}}\"", quoted(name))).collect();
            line(format!(
                "# Set the environment variable{} {}",
                if pairs.len() == 1 { "" } else { "s" },
                variables.join(", ")
            ));
            line(format!("headers = {{ {} }}", pairs.join(", ")));
        }
        line("refresh = \"1h\" # assumed".to_owned());
        line("[sources.fields]".to_owned());
        if self.fields.is_empty() {
            line("key = \"/id\"\ntext = \"/text\"".to_owned());
        }
        for (name, pointer, remark) in &self.fields {
            line(format!("{name} = {} # {}", quoted(pointer), comment(remark)));
        }
        for note in &self.notes {
            line(format!("# {}", comment(note)));
        }
        toml
    }
}

fn remark(guess: &FieldGuess) -> String {
    let html = if guess.is_html { ", contains HTML" } else { "" };
    format!("in {} of {} items{html}", guess.items, guess.of)
}

/// Removes the parameters of one page, which pagination sets.
fn without_paging(url: &Url) -> Url {
    let is_kept = |pair: &&str| {
        let parsed = url::form_urlencoded::parse(pair.as_bytes()).next();
        parsed.is_none_or(|(name, value)| match param_kind(&name, &value) {
            Some(ParamKind::Offset | ParamKind::Page | ParamKind::Limit) => false,
            // Solr needs `cursorMark=*` on the first page.
            Some(ParamKind::Cursor) => value.len() <= 1,
            None => true,
        })
    };
    let pairs: Vec<&str> = url.query().unwrap_or_default().split('&').filter(is_kept).collect();
    let query = pairs.join("&");
    let mut url = url.clone();
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    url
}
