//! Logging what is searched for, beside the search and never in its way.

use async_graphql::Context;

use super::error::{ErrorCode, Failure};
use super::request_id::RequestId;
use super::warnings::Warnings;
use crate::domain::Keystroke;
use crate::keystroke::{Appended, Keystrokes};

/// Logs the text of a search. The answer carries a warning where that did not work.
pub(super) async fn log(ctx: &Context<'_>, keystrokes: &Keystrokes, keystroke: Keystroke) {
    let failure = match keystrokes.append(std::slice::from_ref(&keystroke)).await {
        Ok(appended) if appended.contains(&Appended::Full) => full(0, 1),
        Ok(_) => return,
        Err(error) => Failure::from(error),
    };
    if let Ok(request) = ctx.data::<RequestId>() {
        failure.log(request);
    }
    Warnings::add(ctx, format!("The search was answered, but not logged. {failure}"), &failure);
}

/// The failure for keystrokes that the buffer has no room for.
pub(super) fn full(accepted: usize, given: usize) -> Failure {
    Failure::new(
        ErrorCode::TooBusy,
        format!("The keystroke buffer is full: it took {accepted} of {given}. Send the others again later."),
    )
}
