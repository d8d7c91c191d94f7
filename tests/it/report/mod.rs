//! Reports, from the database through the cache.

mod categories;
mod computing;
mod erasures;
mod fixture;
mod outages;
mod questions;
mod searches;
