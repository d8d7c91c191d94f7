use async_graphql::{ID, InputObject};

use super::SearchContextFilter;
use super::keystroke_input::invalid;
use crate::failure::Failure;
use crate::scalars::DateTime;
use quarry_domain::{MAX_KEYSTROKE_BYTES, SessionId, UserId, query_key};
use quarry_keystroke::Mask;

/// A filter of logged searches: all given conditions must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct SearchLogFilter {
    /// The session equals this one.
    session_id: Option<ID>,
    /// The user equals this one.
    user_id: Option<ID>,
    /// The user was logged in (true) or anonymous (false).
    logged_in: Option<bool>,
    /// The text begins with this prefix, ignoring case, accents and white space.
    query_prefix: Option<String>,
    /// The last keystroke arrived at this time or later.
    from: Option<DateTime>,
    /// The last keystroke arrived before this time.
    before: Option<DateTime>,
    /// The search had no results (true), or it had results or an unknown number of them (false).
    zero_results: Option<bool>,
    /// The request of the search meets these conditions.
    context: Option<SearchContextFilter>,
}

impl SearchLogFilter {
    /// Validates the filter and converts it to the store's type.
    pub(crate) fn checked(self, mask: Option<&Mask>) -> Result<quarry_store::SearchLogFilter, Failure> {
        let session = self.session_id.map(|id| SessionId::parse(&id)).transpose();
        let user = self.user_id.map(|id| UserId::parse(&id)).transpose();
        let prefix = self.query_prefix.unwrap_or_default();
        if prefix.len() > MAX_KEYSTROKE_BYTES {
            let problem = format_args!("is longer than {MAX_KEYSTROKE_BYTES} bytes: shorten it");
            return Err(Failure::bad_input("filter.queryPrefix", problem));
        }
        let prefix = query_key(&prefix);
        Ok(quarry_store::SearchLogFilter {
            session: session.map_err(|error| invalid("filter", &error))?,
            user: user.map_err(|error| invalid("filter", &error))?,
            logged_in: self.logged_in,
            query_key_prefix: (!prefix.is_empty()).then_some(prefix),
            from: self.from.map(|at| at.0),
            before: self.before.map(|at| at.0),
            zero_results: self.zero_results,
            facts: self.context.unwrap_or_default().checked("filter.context", mask)?,
        })
    }
}
