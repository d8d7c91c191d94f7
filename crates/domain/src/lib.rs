//! Newtypes and records shared by every floor above. Deliberately without I/O and clock.

mod comparison;
mod crawl;
mod document;
mod interaction;
mod key;
mod keystroke;
mod logged_search;
mod period;
mod principal;
mod report;
mod revision;
mod text;

pub use comparison::comparison_key;
pub use crawl::{Crawl, CrawlId, CrawlPage, CrawlState, PagePosition, Rejection, Tally};
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
pub use principal::{Principal, Scope};
pub use report::{CategoryReport, CategoryTotal, TopSearch, VolumeBucket, ZeroResultSearch};
pub use revision::Revision;
pub use text::check_text;

/// A point in time in UTC, stored to the microsecond.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
