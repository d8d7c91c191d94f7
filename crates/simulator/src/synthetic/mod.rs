//! Messages, products and sales that no person wrote or made, the same for the same seed, and as many as asked for.
//!
//! They stand in for real data in the demo and the benchmarks, so they are spread as real texts are: function
//! words everywhere, a few subjects often, most names seldom, one text in ten with letters beyond ASCII. Item
//! `i` depends on the seed and `i` alone, so the first thousand of a million are the thousand. Ids are unique by
//! construction; texts are not, as in life.

mod grammar;
mod products;
mod sales;
#[rustfmt::skip]
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::split_mix::{SplitMix64, bijective_hash, derive_seed};

pub use products::{Product, products};
pub use sales::{Sale, sales};

/// A message as the upstream that quarry was built for serves them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Unique; written as a UUID.
    pub id: String,
    /// The writer's id, the same for all of a writer's messages.
    pub user_id: String,
    /// The writer's name.
    pub user_name: &'static str,
    /// Within 2025, in no order, to the microsecond.
    pub timestamp: String,
    /// One sentence or two.
    pub message: String,
}

/// The first `count` messages of a seed.
pub fn messages(count: usize, seed: u64) -> impl ExactSizeIterator<Item = Message> + Clone {
    let ids = derive_seed(seed, "message");
    let user_ids: Vec<String> =
        (0..words::USERS.len() as u64).map(|user| uuid(derive_seed(0, "user"), user)).collect();
    (0..count).map(move |index| {
        let mut rng = SplitMix64::at(ids, index as u64);
        let user = rng.below(words::USERS.len());
        Message {
            id: uuid(ids, index as u64),
            user_id: user_ids[user].clone(),
            user_name: words::USERS[user],
            timestamp: timestamp(&mut rng),
            message: grammar::sentence(&mut rng, "{message}"),
        }
    })
}

/// A random UUID that no other index of the seed has: 64 of its bits are the index's own.
fn uuid(seed: u64, index: u64) -> String {
    let own = bijective_hash(seed, index);
    let more = SplitMix64::at(!seed, index).bits();
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        own >> 32,
        (own >> 16) & 0xFFFF,
        own & 0x0FFF,
        0x8000 | ((own >> 4) & 0x0F00) | (more >> 56),
        more & 0xFFFF_FFFF_FFFF,
    )
}

/// The first microsecond of 2025.
const YEAR_STARTS: DateTime<Utc> = match DateTime::from_timestamp(1_735_689_600, 0) {
    Some(start) => start,
    None => DateTime::UNIX_EPOCH,
};
const YEAR_MICROSECONDS: usize = 365 * 24 * 60 * 60 * 1_000_000;

fn timestamp(rng: &mut SplitMix64) -> String {
    let moment = YEAR_STARTS + TimeDelta::microseconds(rng.below(YEAR_MICROSECONDS) as i64);
    moment.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
