use async_graphql::{Context, ID, Object};

use super::search_context::{named_values, sort_of, sources_of};
use super::{FinalReason, MatchTier, NamedValue, SearchSort, int};
use crate::failure::Failure;
use crate::ids::NodeId;
use crate::list::List;
use crate::response_budget::ResponseBudget;
use crate::scalars::DateTime;
use quarry_domain::FactKind;

/// The GraphQL type of a logged search.
#[derive(Clone)]
pub(crate) struct Search(pub(crate) quarry_domain::LoggedSearch);

/// A logged search: the most complete text of several keystrokes.
#[Object]
impl Search {
    /// The id of the search: opaque and stable.
    pub(super) async fn id(&self) -> ID {
        NodeId::Search(self.0.id).into()
    }

    /// The number of times that the search was stored: above 1, its text supersedes an earlier one, because the
    /// user typed on.
    async fn revision(&self) -> i32 {
        int(self.0.revision)
    }

    /// The user's session as named by the client.
    async fn session_id(&self) -> ID {
        ID(self.0.session.as_str().to_owned())
    }

    /// The logged-in user; null for anonymous users.
    async fn user_id(&self) -> Option<ID> {
        self.0.user.as_ref().map(|user| ID(user.as_str().to_owned()))
    }

    /// The text: trimmed, with collapsed white space, and with masked personal data and secrets, such as
    /// `[email]` (unless the server disables masking).
    async fn query(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, &self.0.query)
    }

    /// True if the text was truncated to 256 grapheme clusters.
    async fn truncated(&self) -> bool {
        self.0.truncated
    }

    /// The number of keystrokes.
    async fn keystrokes(&self) -> i32 {
        int(self.0.keystrokes)
    }

    /// The number of documents found; null if unknown.
    async fn result_count(&self) -> Option<i32> {
        self.0.result_count.map(int)
    }

    /// The least strict way in which a document matched; null without results, and if only the client knows their
    /// number.
    async fn tier(&self) -> Option<MatchTier> {
        self.0.tier_of_results().map(|tier| tier.last.into())
    }

    /// True if few documents contained all words, so others with any of them followed; null if unknown.
    async fn relaxed(&self) -> Option<bool> {
        self.0.tier.map(|tier| tier.relaxed)
    }

    /// The requested order of the documents; null if the search was not logged by `search(track:)`.
    async fn sort(&self) -> Option<SearchSort> {
        sort_of(&self.0.context)
    }

    /// The sources to which the filter of the search restricted it.
    async fn sources(&self) -> List<Vec<String>> {
        List(sources_of(&self.0.context))
    }

    /// The conditions of the search's filter, one for each value: the first 32, and those of at most 128 characters.
    async fn filters(&self) -> List<Vec<NamedValue>> {
        List(named_values(&self.0.context, FactKind::Filter))
    }

    /// The tags of the search.
    async fn tags(&self) -> List<Vec<NamedValue>> {
        List(named_values(&self.0.context, FactKind::Tag))
    }

    /// The reason why the search became final.
    async fn final_reason(&self) -> FinalReason {
        self.0.reason.into()
    }

    /// The time at which the first keystroke arrived.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// The time at which the last keystroke arrived.
    async fn last_keystroke_at(&self) -> DateTime {
        DateTime(self.0.last_keystroke_at)
    }

    /// The time at which the search was logged.
    async fn logged_at(&self) -> DateTime {
        DateTime(self.0.logged_at)
    }
}
