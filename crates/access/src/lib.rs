//! Authentication by API key, client addresses behind proxies, and rate limits.
//!
//! Transports use [`AccessControl`], which holds the configured keys and rates and replaces them
//! while it is in use. [`Credentials`] belong to a request or a connection and are verified again for
//! each operation, so that a revoked key loses its access on open connections too.
//!
//! It deliberately lacks knowledge of GraphQL fields and of HTTP statuses: the floors above map both.

mod access_control;
mod address;
mod credentials;
mod key;
mod key_store;
mod rate_limit;

pub use access_control::{AccessControl, AccessError};
pub use credentials::Credentials;
pub use key::{ApiKey, KEY_PREFIX};
