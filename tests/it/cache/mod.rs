//! The cache: its two kinds, and cache-aside on each.

mod cache_aside;
mod cache_aside_outages;
mod caches;
mod redis_cache;
mod server;
mod suite;
mod timeouts;
