//! The crawl: from an unreliable upstream's pages to documents in the store.

mod client;
mod link_header;
mod mapping;
mod page_body;
mod pagination;
mod published;
mod upstream;

pub use client::{HttpUpstream, HttpUpstreamError};
pub use upstream::{FetchError, FetchedPage, Next, PageRequest, Upstream};
