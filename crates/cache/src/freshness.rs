//! The conditions under which a cached value is returned without a computation.

use std::sync::Arc;

use quarry_domain::Timestamp;

/// The conditions under which a cached value is returned without a computation.
pub struct Freshness<T> {
    pub(super) now: Timestamp,
    /// The version of the data that a value must reflect.
    pub(super) version: String,
    is_current: Option<Arc<VersionCheck<T>>>,
}

type VersionCheck<T> = dyn Fn(&T) -> bool + Send + Sync;

impl<T> Freshness<T> {
    /// Permits values until their TTL ends.
    pub fn until_expiry(now: Timestamp) -> Self {
        Self { now, version: String::new(), is_current: None }
    }

    /// Permits values that reflect a version of the data, until their TTL ends.
    ///
    /// Calls with different versions do not share a computation.
    pub fn of_version(
        now: Timestamp,
        version: String,
        is_current: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { now, version, is_current: Some(Arc::new(is_current)) }
    }

    pub(super) fn permits(&self, value: &T) -> bool {
        self.is_current.as_ref().is_none_or(|is_current| is_current(value))
    }
}

impl<T> Clone for Freshness<T> {
    fn clone(&self) -> Self {
        Self { now: self.now, version: self.version.clone(), is_current: self.is_current.clone() }
    }
}
