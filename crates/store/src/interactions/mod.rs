//! Clicks and conversions: one row each, summed by reports.
//!
//! - `intake`: idempotent inserts.
//! - `categories`: reports by the category of documents.
//! - `attribution`: from a quoted search response to the logged search.
//! - `clicks`: interactions that quote searches of a query.
//! - `visitors`: the numbers of visitors of documents.
//! - `reading`: reads of all interactions, for exports.
//! - `erasure`: the deletion of a person's interactions.
//!
//! Reports sum the rows of the period by covering indexes; `docs/decisions/interaction-roll-up.md` compares
//! this with roll-ups.
//!
//! Deliberately not here: retention. Interactions are accounting records of sales; a person's are erased.

use quarry_domain::InteractionKind;

mod attribution;
mod categories;
mod clicks;
mod erasure;
mod intake;
mod reading;
mod visitors;

pub use self::reading::ExportedInteraction;

/// The stored name of a kind.
fn kind_name(kind: InteractionKind) -> &'static str {
    match kind {
        InteractionKind::Click => "click",
        InteractionKind::Conversion => "conversion",
    }
}
