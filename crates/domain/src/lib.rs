//! Newtypes and records shared by every floor above. Deliberately without I/O and clock.

mod comparison;
mod crawl;
mod dates;
mod document;
mod interaction;
mod key;
mod keystroke;
mod letters;
mod logged_search;
mod mask_labels;
mod match_tier;
mod period;
mod principal;
mod report;
mod revision;
mod search_context;
mod text;

pub use comparison::{comparison_key, query_key};
pub use crawl::{Crawl, CrawlId, CrawlPage, CrawlState, PagePosition, Rejection, Tally};
pub use dates::{EpochUnit, parse_date, parse_epoch, storable_date};
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
pub use letters::{is_accent, plain_letter};
pub use logged_search::{FinalReason, LoggedSearch, LoggedSearchId, Searcher};
pub use mask_labels::{
    CARD_LABEL, CUSTOM_LABEL, EMAIL_LABEL, IBAN_LABEL, ID_LABEL, PHONE_LABEL, SECRET_LABEL, is_masked,
};
pub use match_tier::{FoundCount, FoundTier, MatchTier};
pub use period::Period;
pub use principal::{Principal, Scope};
pub use report::{
    CategoryReport, CategoryTotal, ClickedDocument, QueryInteractions, TopSearch, VolumeBucket,
    ZeroResultSearch,
};
pub use revision::Revision;
pub use search_context::{FactKind, MAX_TAGS, SearchContext, SearchFact};
pub use text::check_text;

/// A point in time in UTC, stored to the microsecond.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
