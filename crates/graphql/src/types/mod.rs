//! The GraphQL types, one file each.

mod author;
mod cache_outcome;
mod crawl;
mod crawl_page;
mod crawl_page_connection;
mod crawl_state;
mod delete_documents;
mod document;
mod document_connection;
mod document_filter;
mod document_input;
mod edge_page;
mod erase_searcher;
mod facet;
mod final_reason;
mod highlight;
mod index_documents;
mod interaction_kind;
mod interval;
mod keystroke_input;
mod logged_search;
mod logging_health;
mod match_policy;
mod node;
mod page_info;
mod period;
mod record_interaction;
mod rejected_item;
mod report;
mod search_connection;
mod search_context;
mod search_interpretation;
mod search_log_connection;
mod search_log_filter;
mod search_sort;
mod source;
mod suggestion;
mod time_zone;

pub(super) use author::Author;
pub(super) use cache_outcome::CacheOutcome;
pub(super) use crawl::Crawl;
pub(super) use crawl_page::CrawlPage;
pub(super) use crawl_page_connection::CrawlPageConnection;
pub(super) use crawl_state::CrawlState;
pub(super) use delete_documents::{DeleteDocumentsInput, DeleteDocumentsPayload};
pub(super) use document::Document;
pub(super) use document_connection::DocumentConnection;
pub(super) use document_filter::DocumentFilter;
pub(super) use document_input::DocumentInput;
pub(super) use erase_searcher::{EraseSearcherInput, EraseSearcherPayload};
pub(super) use facet::{Facet, selected_facets};
pub(super) use final_reason::FinalReason;
pub(super) use highlight::Highlight;
pub(super) use index_documents::{IndexDocumentsInput, IndexDocumentsPayload};
pub(super) use interaction_kind::InteractionKind;
pub(super) use interval::Interval;
pub(super) use keystroke_input::{LogKeystrokeInput, LogKeystrokePayload, LogKeystrokesPayload, TrackInput};
pub(super) use logged_search::Search;
pub(super) use logging_health::LoggingHealth;
pub(super) use match_policy::MatchPolicy;
pub(super) use node::Node;
pub(super) use page_info::PageInfo;
pub(super) use period::Period;
pub(super) use record_interaction::{MaxQuantity, RecordInteractionInput, RecordInteractionPayload};
pub(super) use rejected_item::RejectedItem;
pub(super) use report::{Report, Reports};
pub(super) use search_connection::SearchConnection;
pub(super) use search_context::{NamedValue, NamedValueInput, SearchContextFilter, context_of};
pub(super) use search_interpretation::{Correction, MatchTier, SearchInterpretation};
pub(super) use search_log_connection::SearchLogConnection;
pub(super) use search_log_filter::SearchLogFilter;
pub(super) use search_sort::SearchSort;
pub(super) use source::Source;
pub(super) use suggestion::Suggestion;
pub(super) use time_zone::TimeZone;

/// Converts a count to GraphQL's `Int`, whose maximum replaces larger counts.
pub(super) fn int(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
