//! The cache: its two kinds, and cache-aside on each.

mod aside;
mod aside_outages;
mod asking;
mod caches;
mod redis_cache;
mod suite;
mod waiting;
