//! The cache adapters, and cache-aside on each of them.

mod cache_aside;
mod cache_aside_outages;
mod caches;
mod redis_cache;
mod server;
mod suite;
mod timeouts;
mod versions;
