use super::RequestId;
use crate::domain::Caller;

/// Who asks, in which request.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Names the request in the log and in errors.
    pub request: RequestId,
    /// Who sends it, and what they may do.
    pub caller: Caller,
}
