//! A proposed `[[sources]]` table as TOML with comments.

use std::fmt::Write as _;

use quarry_config::{PageFormat, Secret};
use quarry_domain::SourceName;

use super::address::{UrlTemplate, template_of, without_paging};
use super::list_query::ListQuery;
use super::scheme::PagingGuess;
use super::spelling::{comment, placeholder, toml_text};
use super::{Proposal, ProposalRequest};
use crate::inspect::{FieldGuess, FieldGuesses, ItemList, TotalGuess, member_names};
use crate::json::Json;

/// The number of members that a comment lists.
const MAX_LISTED: usize = 20;

/// A query of every schema, until the table has its own: a body that is a table is sent as JSON.
const ANY_QUERY: &str = "{ __typename }";

/// The parts of a proposed table.
pub(super) struct SourceTable {
    name: SourceName,
    /// The address without the parameters of one page.
    url: UrlTemplate,
    /// The address as it was passed.
    whole_url: UrlTemplate,
    /// The names of headers, with the variables of their values.
    headers: Vec<(String, String, Secret)>,
    format: PageFormat,
    items: Option<(String, String)>,
    fields: Vec<(&'static str, String, String)>,
    /// The required fields that no member certainly is, with the members that may be.
    unclear: Vec<(&'static str, Vec<String>)>,
    /// The text or the title contains HTML.
    has_html: bool,
    notes: Vec<String>,
    pub(super) total: Option<TotalGuess>,
    /// The header that states the total, and its value.
    pub(super) header_total: Option<(&'static str, i64)>,
    pub(super) paging: Option<PagingGuess>,
    /// The line of the parameter by which a crawl asks for changes, commented out unless it is verified.
    pub(super) since: Option<String>,
    /// The outcome of the verification.
    pub(super) verdict: String,
    pub(super) warnings: Vec<String>,
    is_post: bool,
    /// The query of the body.
    query: Option<ListQuery>,
}

impl SourceTable {
    pub(super) fn new(name: SourceName, request: &ProposalRequest) -> Self {
        let header = |(header, value): &(String, Secret)| {
            (header.clone(), placeholder(name.as_str(), header), value.clone())
        };
        Self {
            url: template_of(&without_paging(&request.url), name.as_str()),
            whole_url: template_of(&request.url, name.as_str()),
            headers: request.headers.iter().map(header).collect(),
            name,
            format: PageFormat::Json,
            items: None,
            fields: Vec::new(),
            unclear: Vec::new(),
            has_html: false,
            notes: Vec::new(),
            total: None,
            header_total: None,
            paging: None,
            since: None,
            verdict: String::new(),
            warnings: Vec::new(),
            is_post: false,
            query: None,
        }
    }

    /// Returns the proposal of the described table, for a first page that works as `is_verified` says.
    pub(super) fn proposal(&self, is_verified: bool) -> Proposal {
        let variables = self.variables().map(|(name, _)| name.to_owned()).collect();
        let is_verified = is_verified && self.warnings.is_empty();
        let unclear = self.unclear.iter().map(|(field, _)| *field).collect();
        Proposal { toml: self.to_toml(true), variables, is_verified, unclear }
    }

    /// Sends requests by `POST`, with the address as it was passed.
    pub(super) fn describe_post(&mut self) {
        self.is_post = true;
    }

    /// Sends a query.
    pub(super) fn describe_query(&mut self, query: &ListQuery) {
        self.query = Some(query.clone());
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The variables of the address and of the headers with their values.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let of_url = self.address().variables.iter().map(|(name, value)| (name.as_str(), value));
        of_url.chain(self.headers.iter().map(|(_, name, value)| (name.as_str(), value)))
    }

    /// The address: all parameters belong to it, except those of pagination.
    fn address(&self) -> &UrlTemplate {
        if self.is_post || self.is_single_page() { &self.whole_url } else { &self.url }
    }

    fn is_single_page(&self) -> bool {
        self.paging.as_ref().is_some_and(|paging| *paging == PagingGuess::single_page())
    }

    /// Sets one request for a list of `count` items, of which no other page was found.
    pub(super) fn describe_single_page(&mut self, count: usize) {
        self.paging = Some(PagingGuess::single_page());
        self.verdict = "not verified".to_owned();
        self.warnings.push(format!(
            "no scheme of pagination was found: check that the API has no more than these {count} items"
        ));
    }

    pub(super) fn describe_items(&mut self, list: &ItemList<'_>, format: PageFormat) {
        self.format = format;
        let kind = match (list.is_keyed, list.is_grouped) {
            (true, _) => "an object",
            (_, true) => "an object of arrays",
            _ => "an array",
        };
        self.items = Some((list.path(), format!("{kind} of {} objects", list.items.len())));
        if list.is_keyed {
            self.fields.push(("key", "#".to_owned(), "the name of the member".to_owned()));
        }
    }

    pub(super) fn describe_fields(&mut self, guesses: &FieldGuesses, items: &[&Json]) {
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
            self.has_html |= guess.is_html && matches!(name, "text" | "title");
            self.fields.push((name, guess.pointer.clone(), remark(guess)));
        }
        let is_missing = |field| self.fields.iter().all(|(name, ..)| *name != field);
        let candidates = [("key", &guesses.key_candidates), ("text", &guesses.text_candidates)];
        self.unclear = candidates
            .into_iter()
            .filter(|(field, _)| is_missing(*field))
            .map(|(field, candidates)| (field, candidates.clone()))
            .collect();
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
        if !guesses.other_keys.is_empty() {
            self.notes
                .push(format!("As unique on the first page as the key: {}", guesses.other_keys.join(", ")));
        }
        for pointer in &guesses.other_dates {
            self.notes
                .push(format!("{pointer} is a date: set published_at if it is that of the publication"));
        }
        for pointer in &guesses.unreadable_dates {
            let note =
                format!("{pointer} looks like a date, but is ambiguous: set published_at and date_format");
            self.notes.push(note);
        }
    }

    /// Returns the table; without paging and fields, a valid table for a first request.
    ///
    /// A field that is unclear is a comment for users, and its likeliest member for requests.
    pub(super) fn to_toml(&self, is_for_users: bool) -> String {
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
        let variables: Vec<&str> = self.variables().map(|(name, _)| name).collect();
        match &variables[..] {
            [] => {}
            [one] => line(format!("# Set the environment variable {one}")),
            several => line(format!("# Set the environment variables {}", several.join(", "))),
        }
        line(format!("url = {}", quoted(&self.address().text)));
        if self.is_post {
            line("method = \"POST\"".to_owned());
        }
        match self.format {
            PageFormat::Json => {}
            PageFormat::JsonLines => line("format = \"json_lines\" # each line is an item".to_owned()),
            PageFormat::Csv => line("format = \"csv\" # each row is an item".to_owned()),
        }
        if let Some((pointer, remark)) = self.items.as_ref().filter(|_| self.format == PageFormat::Json) {
            line(format!("items = {} # {}", quoted(pointer), comment(remark)));
        }
        match (&self.total, &self.header_total) {
            (Some(total), _) => line(format!("total = {} # {}", quoted(&total.pointer), total.value)),
            (None, Some((header, total))) => {
                line(format!("total = {} # {total}", quoted(&format!("header:{header}"))));
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
            None => line("pagination = { kind = \"none\" }".to_owned()),
        }
        if !self.headers.is_empty() {
            let pair = |(name, variable, _): &(String, String, Secret)| {
                format!("{} = \"${{{variable}}}\"", quoted(name))
            };
            let pairs: Vec<String> = self.headers.iter().map(pair).collect();
            line(format!("headers = {{ {} }}", pairs.join(", ")));
        }
        if let Some(since) = &self.since {
            line(since.clone());
        }
        line("refresh = \"1h\" # assumed".to_owned());
        line("[sources.fields]".to_owned());
        if self.fields.is_empty() && self.unclear.is_empty() {
            line("key = \"/id\"\ntext = \"/text\"".to_owned());
        }
        for (field, candidates) in &self.unclear {
            let (mark, remark) =
                if is_for_users { ("# ", unclear_remark(field, candidates)) } else { Default::default() };
            // No certain pointer: users choose one, and requests need any.
            let none = if is_for_users { "…" } else { "/id" };
            let first = candidates.first().map_or(none, String::as_str);
            line(format!("{mark}{field} = {}{}", quoted(first), comment(&remark)));
        }
        for (name, pointer, remark) in &self.fields {
            line(format!("{name} = {} # {}", quoted(pointer), comment(remark)));
        }
        if self.has_html {
            line("html = true # text and title become plain text".to_owned());
        }
        for note in &self.notes {
            line(format!("# {}", comment(note)));
        }
        if self.is_post {
            line("[sources.body]".to_owned());
            let query = self.query.as_ref().map_or(ANY_QUERY, |query| &query.text);
            line(format!("query = {}", quoted(query)));
        }
        if let Some(has_next) = self.query.as_ref().and_then(|query| query.has_next.as_ref()) {
            line("[sources.stop]".to_owned());
            line(format!("when = {}", quoted(has_next)));
            line("equals = false".to_owned());
        }
        toml
    }
}

/// Says what to do about a field that is unclear.
fn unclear_remark(field: &str, candidates: &[String]) -> String {
    let purpose = match field {
        "key" => "the member that identifies an item, or a list of members that together do",
        _ => "the member that is searched, or a list of members",
    };
    match candidates {
        [] => format!(" # unclear: set {purpose}"),
        [_] => format!(" # unclear: uncomment this, or set {purpose}"),
        [_, others @ ..] => {
            let others: Vec<String> = others.iter().map(|pointer| toml_text(pointer)).collect();
            format!(" # or {}; unclear: set {purpose}", others.join(", "))
        }
    }
}

fn remark(guess: &FieldGuess) -> String {
    let html = if guess.is_html { ", contains HTML" } else { "" };
    format!("in {} of {} items{html}", guess.items, guess.of)
}
