//! Logging what is searched for, beside the search and never in its way.

use async_graphql::Context;

use super::error::Failure;
use super::warnings::Warnings;
use quarry_domain::Keystroke;
use quarry_keystroke::{Appended, Keystrokes};

/// Logs the text of a search. The answer carries a warning where that did not work.
pub(super) async fn log(ctx: &Context<'_>, keystrokes: &Keystrokes, keystroke: Keystroke) {
    let failure = match keystrokes.append(std::slice::from_ref(&keystroke)).await {
        Ok(appended) if appended.contains(&Appended::Full) => Failure::buffer_full(0, 1),
        Ok(_) => return,
        Err(error) => Failure::from(error),
    };
    Warnings::add(ctx, "The search was answered, but not logged.", failure);
}
