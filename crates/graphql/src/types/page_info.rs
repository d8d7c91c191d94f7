use async_graphql::SimpleObject;

/// The position of a page within its connection.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// True if items follow this page: continue with `after: endCursor`. With `last`: true if `before` was given.
    pub(crate) has_next_page: bool,
    /// True if items precede this page: with `last`, continue with `before: startCursor`. With `first`: true if
    /// `after` was given.
    pub(crate) has_previous_page: bool,
    /// The cursor of the first item; null if the page is empty.
    pub(crate) start_cursor: Option<String>,
    /// The cursor of the last item; null if the page is empty.
    pub(crate) end_cursor: Option<String>,
}
