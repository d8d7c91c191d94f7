//! The pagination of a source, and the positions of its statements in responses.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{JsonPointer, KeyPart};
use crate::setting::Scalar;
use crate::table::settings_enum;
use crate::values::{MAX_U32, any_text, choice, count, text};

settings_enum! {
    /// The pagination of a source.
    ///
    /// The name of a parameter that begins with `/` is a JSON pointer into the body of the request, one that begins
    /// with `header:` the name of a header.
    #[derive(Eq)]
    pub enum Pagination {
        /// `?offset=0&limit=100`; the offset grows by the number of items received.
        Offset = "offset" {
            /// The parameter for the number of the first item.
            offset: String = text().default("skip"),
            /// The parameter for the page size; empty: none.
            limit: String = any_text().default("limit"),
            /// The items of one request.
            size: u32 = page_size(),
            /// The number of the first item.
            first: u32 = count(0, MAX_U32).default(0),
        }
        /// `?page=1&size=100`; the page number grows by one.
        Page = "page" {
            /// The parameter for the page number.
            page: String = text().default("page"),
            /// The parameter for the page size; empty: none.
            limit: String = any_text().default("size"),
            /// The items of one request.
            size: u32 = page_size(),
            /// The number of the first page.
            first: u32 = count(0, MAX_U32).default(1),
        }
        /// `?limit=100`, then `&cursor=…` from the response until it has none.
        Cursor = "cursor" {
            /// The parameter for the cursor.
            cursor: String = text().default("cursor"),
            /// The parameter for the page size; empty: none.
            limit: String = any_text().default("limit"),
            /// The items of one request.
            size: u32 = page_size(),
            /// The text that the parameter becomes: `{}` stands for the cursor, as in `"{}"` or `{"id":{"$gt":"{}"}}`.
            cursor_format: String = cursor_format().default("{}"),
            /// The pointer to the next cursor or link in the response; `header:` and the name of its header; or `last:`
            /// and the pointer to the cursor in the last item of the page, as in `last:/id`.
            next: Locator = next_locator().default("/next_cursor"),
            /// The kind of text at `next`: `cursor`, `link`, or `auto`, which recognizes links.
            next_is: NextKind = choice([NextKind::Auto, NextKind::Cursor, NextKind::Link]).default("auto"),
        }
        /// The `Link` header's `rel="next"` until there is none.
        Link = "link" {
            /// The parameter for the page size; empty: none.
            limit: String = any_text().default("per_page"),
            /// The items of one request.
            size: u32 = page_size(),
        }
        /// One request without parameters.
        SinglePage = "none" {}
    }
}

impl Pagination {
    /// Returns true if the crawler computes the position of each page.
    pub fn is_by_position(&self) -> bool {
        matches!(self, Self::Offset { .. } | Self::Page { .. })
    }

    /// The items of one request; `None` if it returns all of them.
    pub fn size(&self) -> Option<u32> {
        match self {
            Self::Offset { size, .. }
            | Self::Page { size, .. }
            | Self::Cursor { size, .. }
            | Self::Link { size, .. } => Some(*size),
            Self::SinglePage {} => None,
        }
    }

    /// The names of the parameters for the position and the size of a page, without empty ones.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        let (position, limit) = match self {
            Self::Offset { offset, limit, .. } => (Some(offset), Some(limit)),
            Self::Page { page, limit, .. } => (Some(page), Some(limit)),
            Self::Cursor { cursor, limit, .. } => (Some(cursor), Some(limit)),
            Self::Link { limit, .. } => (None, Some(limit)),
            Self::SinglePage {} => (None, None),
        };
        position.into_iter().chain(limit).map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// The kind of text that a response states as its next page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NextKind {
    /// A link if it looks like one, and a cursor otherwise.
    #[default]
    Auto,
    /// A cursor.
    Cursor,
    /// The address of the page.
    Link,
}

/// The position of a statement in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locator {
    /// A member of the body.
    Pointer(JsonPointer),
    /// A header.
    Header(String),
    /// A member of the last item, or its name: of the next page only.
    LastItem(KeyPart),
}

impl Locator {
    /// Parses a JSON pointer; `header:` and a name; or `last:` and a pointer into an item, or `#` for its name.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(member) = text.strip_prefix("last:") {
            let member = KeyPart::parse(member.trim())?;
            return matches!(member, KeyPart::MemberName | KeyPart::Pointer(_))
                .then_some(Self::LastItem(member));
        }
        let Some(name) = text.strip_prefix("header:") else {
            return JsonPointer::parse(text).map(Self::Pointer);
        };
        let name = name.trim();
        http::HeaderName::from_bytes(name.as_bytes()).ok().map(|_| Self::Header(name.to_owned()))
    }

    /// The pointer, if the statement is in the body.
    pub fn pointer(&self) -> Option<&JsonPointer> {
        match self {
            Self::Pointer(pointer) => Some(pointer),
            Self::Header(_) | Self::LastItem(_) => None,
        }
    }

    /// The name of the header, if the statement is in one.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Pointer(_) | Self::LastItem(_) => None,
            Self::Header(name) => Some(name),
        }
    }

    /// The member of the last item, if the statement is there.
    pub fn last_item(&self) -> Option<&KeyPart> {
        match self {
            Self::Pointer(_) | Self::Header(_) => None,
            Self::LastItem(member) => Some(member),
        }
    }
}

impl From<JsonPointer> for Locator {
    fn from(pointer: JsonPointer) -> Self {
        Self::Pointer(pointer)
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(pointer) => f.write_str(pointer.as_str()),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::LastItem(member) => write!(f, "last:{}", member.as_str()),
        }
    }
}

impl Serialize for Locator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(crate) fn locator() -> Scalar<Locator> {
    let expected = "a JSON pointer: empty, or beginning with `/`; or `header:` and the name of a header";
    Scalar::from_text(expected, |text| Locator::parse(text).filter(|locator| locator.last_item().is_none()))
}

fn next_locator() -> Scalar<Locator> {
    let expected = "a JSON pointer: empty, or beginning with `/`; `header:` and the name of a header; or `last:` and \
                    a pointer into the last item";
    Scalar::from_text(expected, Locator::parse)
}

fn cursor_format() -> Scalar<String> {
    Scalar::from_text("text that contains `{}` for the cursor", |text| {
        text.contains("{}").then(|| text.to_owned())
    })
}

fn page_size() -> Scalar<u32> {
    count(1, MAX_U32).default(100)
}
