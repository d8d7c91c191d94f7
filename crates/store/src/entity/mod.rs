//! The tables as entities of sea-orm, private to the store: other crates use the records of `domain`.

pub(super) mod authors;
pub(super) mod counters;
pub(super) mod crawl_pages;
pub(super) mod crawls;
pub(super) mod documents;
pub(super) mod interactions;
pub(super) mod leases;
pub(super) mod search_attributions;
pub(super) mod search_days;
pub(super) mod search_erasures;
pub(super) mod search_gate;
pub(super) mod search_logs;
pub(super) mod search_query_days;
pub(super) mod search_query_hours;
pub(super) mod search_rules;
pub(super) mod search_volume_quarters;
pub(super) mod sources;
pub(super) mod store_identity;
