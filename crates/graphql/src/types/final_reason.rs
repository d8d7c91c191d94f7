use async_graphql::Enum;

/// The reason why a search became final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::FinalReason")]
pub(crate) enum FinalReason {
    /// The user typed nothing for the idle window.
    Idle,
    /// The user pressed Enter or chose a suggestion.
    Submitted,
    /// The user replaced the text with an unrelated one.
    Replaced,
    /// The user cleared the search box.
    Cleared,
    /// Another user logged in within the session.
    UserChanged,
    /// The search exceeded the maximum duration of one search.
    Limit,
    /// The server shut down, and its buffer with it.
    Shutdown,
}
