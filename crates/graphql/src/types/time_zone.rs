use async_graphql::NewType;

/// The name of a time zone.
#[derive(Clone, Debug, NewType)]
pub(crate) struct TimeZone(pub(crate) String);

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}
