use async_graphql::Enum;

/// The kind of an interaction with a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::InteractionKind")]
pub(crate) enum InteractionKind {
    /// The user opened the document.
    Click,
    /// The user bought the document, or reached another goal of the site.
    #[default]
    Conversion,
}
