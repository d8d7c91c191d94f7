use async_graphql::SimpleObject;

/// An item of an upstream that could not become a document.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct RejectedItem {
    /// The key of the item; null if the item has no valid key.
    key: Option<String>,
    /// The reason: what is missing, or the limit that it exceeds. It quotes no value of the item.
    reason: String,
}

impl From<&quarry_domain::Rejection> for RejectedItem {
    fn from(rejection: &quarry_domain::Rejection) -> Self {
        Self { key: rejection.key.clone(), reason: rejection.reason.clone() }
    }
}
