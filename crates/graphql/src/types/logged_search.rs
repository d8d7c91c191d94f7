use async_graphql::{Context, ID, Object};

use super::{FinalReason, int};
use crate::error::Failure;
use crate::ids::NodeId;
use crate::response_budget::ResponseBudget;
use crate::scalars::DateTime;

/// A logged search, as GraphQL shows it.
#[derive(Clone)]
pub(crate) struct Search(pub(crate) quarry_domain::LoggedSearch);

/// One search of a visitor, in its most complete form.
#[Object]
impl Search {
    /// Identifies the search; opaque and stable.
    pub(super) async fn id(&self) -> ID {
        NodeId::Search(self.0.id).into()
    }

    /// The visitor's session, as the client named it.
    async fn session_id(&self) -> ID {
        ID(self.0.session.as_str().to_owned())
    }

    /// The visitor, where logged in.
    async fn user_id(&self) -> Option<ID> {
        self.0.user.as_ref().map(|user| ID(user.as_str().to_owned()))
    }

    /// What was searched for: trimmed, white space collapsed, and e-mail addresses, phone and card numbers
    /// masked, unless the server is set not to.
    async fn query(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::say(ctx, &self.0.query)
    }

    /// The text was longer than 256 characters as people count them, and is cut there.
    async fn truncated(&self) -> bool {
        self.0.truncated
    }

    /// How many keystrokes went into it.
    async fn keystrokes(&self) -> i32 {
        int(self.0.keystrokes)
    }

    /// How many documents it found, where known.
    async fn result_count(&self) -> Option<i32> {
        self.0.result_count.map(int)
    }

    /// Why it was final.
    async fn final_reason(&self) -> FinalReason {
        self.0.reason.into()
    }

    /// When its first keystroke arrived.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// When its last keystroke arrived.
    async fn last_keystroke_at(&self) -> DateTime {
        DateTime(self.0.last_keystroke_at)
    }

    /// When it was logged.
    async fn logged_at(&self) -> DateTime {
        DateTime(self.0.logged_at)
    }
}
