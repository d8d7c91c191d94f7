//! Reports, from the database through the cache.

mod categories;
mod concurrency;
mod erasures;
mod fixture;
mod outages;
mod searches;
mod validation;
