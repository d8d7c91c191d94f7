use super::RequestId;
use quarry_access::{Denied, Visitor};
use quarry_domain::Caller;

/// Who asks, in which request.
#[derive(Clone)]
pub struct Asker {
    /// Names the request in the log and in errors.
    pub request: RequestId,
    /// Who sends it, and what they may do.
    pub caller: Caller,
    /// Where they come from, and whether they are still let in.
    pub visitor: Visitor,
}

impl Asker {
    /// A visitor as of now, if it is let in.
    pub fn new(request: RequestId, visitor: Visitor) -> Result<Self, Denied> {
        Ok(Self { request, caller: visitor.caller()?, visitor })
    }
}
