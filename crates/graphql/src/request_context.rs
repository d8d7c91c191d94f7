use std::sync::Arc;

use super::RequestId;
use quarry_access::{AccessError, Credentials};
use quarry_domain::Principal;

/// A request's id, the credentials that it presents, and the principal that they prove.
#[derive(Clone)]
pub struct RequestContext {
    /// The id in the log and in errors.
    pub id: RequestId,
    /// The credentials as they were presented; they may be revoked later.
    pub credentials: Credentials,
    /// The verified sender.
    pub principal: Principal,
    /// The user agent that the request states.
    pub user_agent: Option<UserAgent>,
}

/// The user agent of a request.
#[derive(Clone, Debug)]
pub struct UserAgent(pub Arc<str>);

impl RequestContext {
    /// Verifies the credentials.
    pub fn authenticate(id: RequestId, credentials: Credentials) -> Result<Self, AccessError> {
        Ok(Self { id, principal: credentials.authenticate()?, credentials, user_agent: None })
    }

    /// Adds the user agent.
    #[must_use]
    pub fn with_user_agent(self, user_agent: Option<UserAgent>) -> Self {
        Self { user_agent, ..self }
    }
}
