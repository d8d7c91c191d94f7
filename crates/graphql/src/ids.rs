//! Opaque ids of nodes: the type, then the id of the record.
//!
//! Hexadecimal digits preserve the order of the bytes, so the order of GraphQL ids is the engine's order of ties.

use async_graphql::ID;
use uuid::Uuid;

use quarry_domain::{AuthorId, CrawlId, DocumentId, LoggedSearchId};

/// The id of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NodeId {
    /// A document.
    Document(DocumentId),
    /// An author.
    Author(AuthorId),
    /// A crawl.
    Crawl(CrawlId),
    /// A logged search.
    Search(LoggedSearchId),
}

impl NodeId {
    /// Parses an id in its canonical form.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (kind, rest) = id.split_once('_')?;
        match kind {
            "doc" => parse_uuid(rest).map(|id| Self::Document(DocumentId(id))),
            "author" => parse_uuid(rest).map(|id| Self::Author(AuthorId(id))),
            "crawl" => parse_number(rest).map(|id| Self::Crawl(CrawlId(id))),
            "search" => parse_uuid(rest).map(|id| Self::Search(LoggedSearchId(id))),
            _ => None,
        }
    }
}

impl From<NodeId> for ID {
    fn from(id: NodeId) -> ID {
        ID(match id {
            NodeId::Document(id) => format!("doc_{}", id.0.simple()),
            NodeId::Author(id) => format!("author_{}", id.0.simple()),
            NodeId::Crawl(id) => format!("crawl_{}", id.0),
            NodeId::Search(id) => format!("search_{}", id.0.simple()),
        })
    }
}

fn parse_uuid(digits: &str) -> Option<Uuid> {
    let canonical =
        digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Uuid::try_parse(digits).ok()).flatten()
}

fn parse_number(digits: &str) -> Option<i64> {
    let canonical =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    canonical.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(id: NodeId) -> String {
        ID::from(id).0
    }

    #[test]
    fn ids_are_read_back() {
        let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        for id in [
            NodeId::Document(DocumentId(uuid)),
            NodeId::Author(AuthorId(uuid)),
            NodeId::Search(LoggedSearchId(uuid)),
            NodeId::Crawl(CrawlId(0)),
            NodeId::Crawl(CrawlId(i64::MAX)),
        ] {
            assert_eq!(NodeId::parse(&formatted(id)), Some(id));
        }
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for id in [
            "",
            "doc",
            "doc_",
            "doc_0123456789ABCDEF0123456789ABCDEF",
            "doc_01234567-89ab-cdef-0123-456789abcdef",
            "author_1",
            "crawl_",
            "crawl_-1",
            "crawl_+1",
            "crawl_01",
            "crawl_9223372036854775808",
            "user_1",
            "crawl_1\n",
        ] {
            assert_eq!(NodeId::parse(id), None, "{id:?}");
        }
    }

    #[test]
    fn documents_sort_by_id_as_by_their_bytes() {
        let uuids = [0u128, 1, 0x00ff << 112, 0x0a << 120, 0xa0 << 120, u128::MAX].map(Uuid::from_u128);
        assert!(uuids.is_sorted());
        assert!(uuids.map(|uuid| formatted(NodeId::Document(DocumentId(uuid)))).is_sorted());
    }
}
