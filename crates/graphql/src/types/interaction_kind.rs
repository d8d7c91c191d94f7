use async_graphql::Enum;

/// What a visitor did with a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::InteractionKind")]
pub(crate) enum InteractionKind {
    /// Opened it.
    Click,
    /// Bought it, or whatever else the site is there for.
    #[default]
    Conversion,
}
