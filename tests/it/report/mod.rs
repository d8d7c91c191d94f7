//! Reports, from the database through the cache.

mod categories;
mod fixture;
mod outages;
mod questions;
mod searches;
