//! Synthetic messages, products and sales, determined by a seed, in any number.
//!
//! They replace real data in the demo and the benchmarks, so their word frequencies are realistic: function words
//! everywhere, a few frequent subjects, many rare names, one text in ten with letters beyond ASCII. Item `i`
//! depends on the seed and `i` alone, so a smaller number yields a prefix. Ids are unique; texts can repeat.

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

/// A message in the format of a real upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The unique id, a UUID.
    pub id: String,
    /// The author's id, the same in all messages of an author.
    pub user_id: String,
    /// The author's name.
    pub user_name: &'static str,
    /// A random time in 2025, to the microsecond.
    pub timestamp: String,
    /// The text: one or two sentences.
    pub message: String,
}

/// Generates the first `count` messages of a seed.
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

/// Generates a UUID, unique because 64 of its bits are a bijective hash.
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
