//! One file per GraphQL type; a connection stands with its edge.

mod author;
mod crawl;
mod crawl_page;
mod crawl_state;
mod delete_documents;
mod document;
mod document_connection;
mod document_filter;
mod document_input;
mod facet;
mod highlight;
mod index_documents;
mod match_policy;
mod node;
mod page_info;
mod search_connection;
mod search_sort;
mod source;

pub use author::Author;
pub use crawl::Crawl;
pub use crawl_page::CrawlPageConnection;
pub use crawl_state::CrawlState;
pub use delete_documents::{DeleteDocumentsInput, DeleteDocumentsPayload};
pub use document::Document;
pub use document_connection::DocumentConnection;
pub use document_filter::DocumentFilter;
pub use document_input::DocumentInput;
pub use facet::Facet;
pub use highlight::Highlight;
pub use index_documents::{IndexDocumentsInput, IndexDocumentsPayload};
pub use match_policy::MatchPolicy;
pub use node::Node;
pub use page_info::PageInfo;
pub use search_connection::SearchConnection;
pub use search_sort::SearchSort;
pub use source::Source;

/// A count as GraphQL's `Int` can say it.
pub(super) fn int(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
