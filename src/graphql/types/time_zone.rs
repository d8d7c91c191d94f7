use async_graphql::NewType;

/// The name of a time zone.
#[derive(Clone, Debug, NewType)]
pub(in crate::graphql) struct TimeZone(pub(in crate::graphql) String);

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}
