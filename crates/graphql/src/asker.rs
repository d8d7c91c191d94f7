use super::RequestId;
use quarry_access::{AccessError, Credentials};
use quarry_domain::Principal;

/// Who asks, in which request.
#[derive(Clone)]
pub struct Asker {
    /// Names the request in the log and in errors.
    pub request: RequestId,
    /// Who sends it, and what they may do.
    pub caller: Principal,
    /// Where they come from, and whether they are still let in.
    pub visitor: Credentials,
}

impl Asker {
    /// A visitor as of now, if it is let in.
    pub fn new(request: RequestId, visitor: Credentials) -> Result<Self, AccessError> {
        Ok(Self { request, caller: visitor.authenticate()?, visitor })
    }
}
