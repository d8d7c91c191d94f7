use async_graphql::Enum;

/// Why a search was final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::FinalReason")]
pub(crate) enum FinalReason {
    /// Nothing was typed for the window.
    Idle,
    /// Enter was pressed or a suggestion chosen.
    Submitted,
    /// Something unrelated was typed.
    Replaced,
    /// The box was emptied.
    Cleared,
    /// Another user logged in.
    UserChanged,
    /// It went on for longer than what is kept together.
    Limit,
    /// The server stopped, and its buffer with it.
    Shutdown,
}
