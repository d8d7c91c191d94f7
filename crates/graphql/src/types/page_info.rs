use async_graphql::SimpleObject;

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// There is more after this page: continue with `after: endCursor`. With `last`: a `before` was given.
    pub(super) has_next_page: bool,
    /// There is more before this page: with `last`, continue with `before: startCursor`. With `first`: an `after`
    /// was given.
    pub(super) has_previous_page: bool,
    /// The cursor of the first item, if the page has any.
    pub(super) start_cursor: Option<String>,
    /// The cursor of the last item, if the page has any.
    pub(super) end_cursor: Option<String>,
}
