//! Lists that preserve the paths of errors.
//!
//! The lists of async-graphql, and the fields of its `SimpleObject`, overwrite the path of an error from below with
//! their own, so that `["sources", 0, "crawls"]` becomes `["sources", 0]`. Hence two rules, which tests enforce: a
//! resolver returns a [`List`], and a `SimpleObject` contains scalars and enums only.

use std::borrow::Cow;
use std::ops::Deref;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use futures_util::future::try_join_all;

/// A GraphQL list of the items of a vector or a slice.
pub(crate) struct List<C>(pub(crate) C);

impl<T> FromIterator<T> for List<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<C, T> OutputType for List<C>
where
    C: Deref<Target = [T]> + Send + Sync,
    T: OutputType,
{
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let items = self.0.iter().enumerate().map(|(index, item)| async move {
            let ctx = ctx.with_index(index);
            item.resolve(&ctx, field).await.map_err(|error| match error.path.is_empty() {
                true => ctx.set_error_path(error),
                false => error,
            })
        });
        try_join_all(items).await.map(Value::List)
    }
}
