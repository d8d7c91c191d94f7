//! The items, the total and the next cursor in the body of a page. Pure.
//!
//! Ignores the type in `Content-Type`, but not its charset: the shape of the body decides.

mod error_member;
mod error_names;
mod frame;
mod items;
mod last_item;
mod lines;
mod rows;
mod statements;

use std::time::Duration;

use self::error_member::{ErrorMembers, StatedError};
pub(super) use self::error_member::{refusal_text, shown_message};
use self::frame::frame_of;
use self::items::ItemsShape;
use self::last_item::next_of_last;
pub(super) use self::lines::read as read_lines;
pub(super) use self::rows::read as read_rows;
use self::statements::Statements;
use super::charset::decode;
use super::inspect::{leaves, states_more};
use super::json::{Json, describe_bytes};
use super::pause::stated_pause;
use super::upstream::{NextPage, Stated, UpstreamItem};
use chrono::{DateTime, Utc};
use quarry_config::{KeyPart, Locator, PageFormat, Pagination, SourceConfig};

/// The cause of a page without any text.
pub(super) const EMPTY_BODY: &str = "empty body";

/// The parts of a page's body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PageBody {
    pub(super) items: Vec<UpstreamItem>,
    pub(super) total: Stated<i64>,
    pub(super) pages: Stated<i64>,
    /// The next cursor or link in the body, not in a `Link` header.
    pub(super) next: Stated<NextPage>,
    /// The body states that other pages follow, or that none does.
    pub(super) has_more: Option<bool>,
    /// The error that the body states beside its items.
    pub(super) error: Option<String>,
    /// A digest of the members beside the items, without most of their values.
    pub(super) frame: Option<u32>,
    /// The pause that an error requests.
    pub(super) pause: Option<Duration>,
}

/// The format of a page's body, and the pointers to its parts.
#[derive(Clone, Debug)]
pub(super) struct BodyShape {
    format: PageFormat,
    items: ItemsShape,
    statements: Statements,
    errors: ErrorMembers,
    /// The member of the last item that is the next cursor.
    last_item: Option<KeyPart>,
}

impl BodyShape {
    pub(super) fn of(config: &SourceConfig) -> Self {
        let items = ItemsShape {
            path: config.items.clone(),
            single_object: matches!(config.pagination, Pagination::SinglePage {}),
        };
        let errors = ErrorMembers { pointers: config.errors.clone() };
        let last_item = match &config.pagination {
            Pagination::Cursor { next, .. } => Locator::last_item(next).cloned(),
            _ => None,
        };
        Self { format: config.format, items, statements: Statements::of(config), errors, last_item }
    }

    /// Parses a body. The error quotes at most a few characters of it.
    ///
    /// `now` is the time from which the pause of an error counts.
    pub(super) fn read(
        &self,
        body: &[u8],
        content_type: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<PageBody, String> {
        let page = self.read_format(body, content_type, now)?;
        match &self.last_item {
            Some(member) => {
                Ok(PageBody { next: next_of_last(member, &page.items, self.statements.takes_json)?, ..page })
            }
            None => Ok(page),
        }
    }

    fn read_format(
        &self,
        body: &[u8],
        content_type: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<PageBody, String> {
        if let Some(format) = describe_bytes(body) {
            return Err(format!("unreadable body: it is {format}"));
        }
        let text = decode(body, content_type);
        if text.trim_matches(['\u{feff}', ' ', '\t', '\n', '\r']).is_empty() {
            return match self.format {
                PageFormat::JsonLines => Ok(PageBody::default()),
                PageFormat::Json | PageFormat::Csv => Err(EMPTY_BODY.to_owned()),
            };
        }
        match self.format {
            PageFormat::Json => self.read_json(&text, now),
            PageFormat::JsonLines => {
                let items = lines::read(&text)?;
                let error =
                    items.iter().find_map(|item| self.errors.find_in_line(item.content.as_ref().ok()?));
                Ok(PageBody { items, error: error.map(StatedError::beside_items), ..PageBody::default() })
            }
            PageFormat::Csv => {
                let items = rows::read(&text).map_err(|problem| self.with_error_of(&text, problem))?;
                Ok(PageBody { items, ..PageBody::default() })
            }
        }
    }

    fn read_json(&self, text: &str, now: DateTime<Utc>) -> Result<PageBody, String> {
        let page = Json::parse(text).map_err(|error| error.to_string())?;
        let error = self.errors.find(&page, &self.items.objects_around(), !self.items.is_page());
        let frame = frame_of(&page, &self.items);
        let pause = error.as_ref().and_then(|_| stated_pause(&page, now));
        match self.take_parts(page) {
            Ok(body) => {
                let error = error.filter(|error| error.is_certain() || body.items.is_empty());
                Ok(PageBody { error: error.map(StatedError::beside_items), frame, pause, ..body })
            }
            Err(problem) => Err(StatedError::append(error, problem)),
        }
    }

    fn take_parts(&self, page: Json) -> Result<PageBody, String> {
        let total = self.statements.total(&page);
        let pages = self.statements.pages(&page);
        let next = self.statements.next(&page);
        let has_more = self.statements.has_more(&page, self.items.static_parent().as_deref());
        let has_more = has_more.or_else(|| self.promises_more(&page));
        let items = match self.items.take(page) {
            // Some upstreams answer behind the last page without a list.
            Err(_) if has_more == Some(false) && self.statements.stop.is_some() => Vec::new(),
            items => items?,
        };
        Ok(PageBody {
            items,
            total: total?,
            pages: pages?,
            next: next?,
            has_more,
            error: None,
            frame: None,
            pause: None,
        })
    }

    /// Returns true for a page that states others, although the settings say that it is the only one.
    ///
    /// Without that, a crawl would take the first page for the whole list, and remove the documents of the others.
    fn promises_more(&self, page: &Json) -> Option<bool> {
        if !self.items.single_object || self.statements.stop.is_some() {
            return None;
        }
        let list = self.items.static_list()?;
        states_more(&leaves(page, &list), &list).then_some(true)
    }

    /// Returns true if a body certainly states an error.
    pub(super) fn states_error(&self, page: &Json) -> bool {
        let error = self.errors.find(page, &self.items.objects_around(), !self.items.is_page());
        error.is_some_and(|error| error.is_certain())
    }

    /// Appends the error that a JSON body states in place of other text.
    fn with_error_of(&self, text: &str, problem: String) -> String {
        let error = Json::parse(text).ok().and_then(|page| self.errors.find(&page, &[], true));
        StatedError::append(error, problem)
    }
}

/// Describes a part that is not as configured.
fn unexpected_shape(what: &str, pointer: &str) -> String {
    if pointer.is_empty() {
        return format!("not the expected shape: {what} at the top");
    }
    format!("not the expected shape: {what} at {pointer}")
}

#[cfg(test)]
mod tests;
