use async_graphql::Enum;

use crate::domain;

/// What a visitor did with a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::InteractionKind")]
pub(in crate::graphql) enum InteractionKind {
    /// Opened it.
    Click,
    /// Bought it, or whatever else the site is there for.
    #[default]
    Conversion,
}
