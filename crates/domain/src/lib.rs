//! Newtypes and plain records shared by every floor above. No I/O, no clock.

mod caller;
mod comparison;
mod crawl;
mod document;
mod interaction;
mod key;
mod keystroke;
mod logged_search;
mod period;
mod report;
mod revision;

pub use caller::{Caller, Scope};
pub use comparison::comparison_key;
pub use crawl::{Crawl, CrawlId, CrawlPage, CrawlState, PagePosition, Tally};
pub use document::{
    Author, AuthorDraft, AuthorId, AuthorRef, Document, DocumentChange, DocumentDraft, DocumentId,
    DocumentKey, InvalidDocument, SourceName, Tombstone,
};
pub use interaction::{Interaction, InteractionId, InteractionKind, QueryDigest, SearchId};
pub use key::{InvalidKeyPart, KeyHash, KeyName, Origin};
pub use keystroke::{
    BufferedKeystroke, InputId, InvalidKeystroke, Keystroke, MAX_ID_CHARS, MAX_KEYSTROKE_BYTES, SessionId,
    UserId,
};
pub use logged_search::{FinalReason, LoggedSearch, LoggedSearchId, Searcher};
pub use period::Period;
pub use report::{CategoryReport, CategoryTotal, TopSearch, VolumeBucket, ZeroResultSearch};
pub use revision::Revision;

/// A point in time, in UTC, as every record keeps it (microseconds are kept).
pub type Timestamp = chrono::DateTime<chrono::Utc>;
