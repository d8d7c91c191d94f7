//! Newtypes and plain records shared by every floor above. No I/O, no clock.

mod crawl;
mod document;
mod revision;

pub use crawl::{Crawl, CrawlId, CrawlPage, CrawlState, PagePosition, Tally};
pub use document::{
    Author, AuthorDraft, AuthorId, AuthorRef, Document, DocumentChange, DocumentDraft, DocumentId,
    DocumentKey, InvalidDocument, SourceName, Tombstone,
};
pub use revision::Revision;

/// A point in time, in UTC, as every record keeps it (microseconds are kept).
pub type Timestamp = chrono::DateTime<chrono::Utc>;
