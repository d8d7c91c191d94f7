//! Clicks and conversions: one row for each, and what reports add up of them.
//!
//! - `intake`: interactions in, each id once, whoever brings it and how often.
//! - `days`: what was done with each document by the UTC day, kept with every row.
//! - `parts`: takes a period apart into whole days and what is left at its two ends.
//! - `categories`: reports by the category of documents.
//! - `clicks`: which searches were clicked.
//! - `erasure`: what is kept of a person goes.
//!
//! At every commit, the roll-ups by the day are the exact sums of the rows. A report of any period
//! adds up whole days and reads the rows at its two ends.
//!
//! Deliberately not here: retention. Interactions are the books of what was sold; what they tell of
//! a person goes by erasure.

use quarry_domain::InteractionKind;

mod categories;
mod clicks;
mod days;
mod erasure;
mod intake;
mod parts;

/// The name by which a kind is stored.
fn kind_name(kind: InteractionKind) -> &'static str {
    match kind {
        InteractionKind::Click => "click",
        InteractionKind::Conversion => "conversion",
    }
}
