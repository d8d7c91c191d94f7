use async_graphql::{ID, InputObject};

use super::keystroke_input::invalid;
use crate::error::Failure;
use crate::scalars::DateTime;
use quarry_domain::{MAX_KEYSTROKE_BYTES, SessionId, UserId, comparison_key};

/// Which logged searches: those that meet all that is given.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct SearchLogFilter {
    /// Of this session.
    session_id: Option<ID>,
    /// Of this user.
    user_id: Option<ID>,
    /// Of visitors that were logged in, or of those that were not.
    logged_in: Option<bool>,
    /// Whose text begins so; case and white space do not matter.
    query_prefix: Option<String>,
    /// Whose last keystroke came at this time or later.
    from: Option<DateTime>,
    /// Whose last keystroke came before this time.
    before: Option<DateTime>,
    /// That found nothing; or, if false, all others, those whose number of results is unknown among them.
    zero_results: Option<bool>,
}

impl SearchLogFilter {
    /// The filter as the store takes it.
    pub(crate) fn checked(self) -> Result<quarry_store::SearchLogFilter, Failure> {
        let session = self.session_id.map(|id| SessionId::parse(&id)).transpose();
        let user = self.user_id.map(|id| UserId::parse(&id)).transpose();
        let prefix = self.query_prefix.unwrap_or_default();
        if prefix.len() > MAX_KEYSTROKE_BYTES {
            let problem = format_args!("is longer than {MAX_KEYSTROKE_BYTES} bytes");
            return Err(Failure::bad_input("filter.queryPrefix", problem));
        }
        let prefix = comparison_key(&prefix);
        Ok(quarry_store::SearchLogFilter {
            session: session.map_err(|error| invalid("filter", &error))?,
            user: user.map_err(|error| invalid("filter", &error))?,
            logged_in: self.logged_in,
            query_key_prefix: (!prefix.is_empty()).then_some(prefix),
            from: self.from.map(|at| at.0),
            before: self.before.map(|at| at.0),
            zero_results: self.zero_results,
        })
    }
}
