use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::watch;

use super::address::{client_address, network};
use super::key_store::{Grant, KeyError, KeyStore};
use super::rate_limit::{Limiter, Rate};
use quarry_config::{KeyConfig, RateSettings};
use quarry_domain::{KeyHash, Principal, Timestamp};

/// An access denial, with the message for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessError {
    /// A malformed, unknown or expired key.
    Unauthenticated(&'static str),
    /// A valid key that does not permit the request.
    Forbidden(&'static str),
    /// An exceeded rate limit.
    RateLimited {
        /// The time until the limit permits another operation.
        retry_after: Duration,
        /// The limited party, for the message: "this key".
        subject: &'static str,
    },
}

/// The keys and rates in force, shared by all clones.
#[derive(Clone)]
pub struct AccessControl {
    policy: watch::Sender<Arc<Policy>>,
    trusted_proxies: usize,
}

struct Policy {
    keys: KeyStore,
    per_key: Option<Arc<Limiter<Arc<str>>>>,
    per_address: Option<Arc<Limiter<IpAddr>>>,
    failures: Option<Arc<Limiter<IpAddr>>>,
}

impl AccessControl {
    /// Enforces these keys and rates; without keys, every client is unrestricted.
    pub fn new(keys: &[KeyConfig], rates: &RateSettings, trusted_proxies: usize) -> Self {
        let policy = Policy::new(keys, rates, None);
        Self { policy: watch::Sender::new(Arc::new(policy)), trusted_proxies }
    }

    /// Permits every operation without keys and without rate limits.
    pub fn unrestricted() -> Self {
        Self::new(&[], &RateSettings::none(), 0)
    }

    /// Replaces keys and rates, also for open connections.
    ///
    /// An unchanged rate keeps its counts, so that a reload refills no quota.
    pub fn replace(&self, keys: &[KeyConfig], rates: &RateSettings) {
        let policy = Policy::new(keys, rates, Some(&self.policy.borrow()));
        self.policy.send_replace(Arc::new(policy));
    }

    /// Returns true if clients need a key.
    pub fn requires_keys(&self) -> bool {
        !self.policy.borrow().keys.is_empty()
    }

    /// The names of the keys in force.
    pub fn key_names(&self) -> Vec<Arc<str>> {
        self.policy.borrow().keys.names().cloned().collect()
    }

    /// The client address as forwarded by trusted proxies.
    pub(super) fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        client_address(peer, headers, self.trusted_proxies)
    }

    /// Counts an operation of a principal against the limits of its key and address.
    pub fn check_rate(&self, principal: &Principal, address: IpAddr) -> Result<(), AccessError> {
        let policy = self.policy.borrow();
        if let Some(limiter) = &policy.per_address {
            let limited = |retry_after| AccessError::RateLimited { retry_after, subject: "this address" };
            limiter.check(&network(address)).map_err(limited)?;
        }
        if let (Some(limiter), Some(key)) = (&policy.per_key, principal.shared_key()) {
            let limited = |retry_after| AccessError::RateLimited { retry_after, subject: "this key" };
            limiter.check(key).map_err(limited)?;
        }
        Ok(())
    }

    /// Counts a failed authentication; returns an error above the limit.
    pub(super) fn record_failure(&self, address: IpAddr) -> Result<(), AccessError> {
        let policy = self.policy.borrow();
        let Some(limiter) = &policy.failures else { return Ok(()) };
        let subject = "this address with invalid keys";
        let limited = |retry_after| AccessError::RateLimited { retry_after, subject };
        limiter.check(&network(address)).map_err(limited)
    }

    /// Verifies a key; without one, the client is anonymous or unrestricted.
    pub(super) fn verify(
        &self,
        key: Option<&KeyHash>,
        origin: Option<&str>,
        now: Timestamp,
    ) -> Result<Grant, AccessError> {
        let policy = self.policy.borrow();
        if policy.keys.is_empty() {
            return Ok(Grant { principal: Principal::unrestricted(), expires: None });
        }
        let Some(key) = key else { return Ok(Grant { principal: Principal::anonymous(), expires: None }) };
        policy.keys.verify(key, origin, now).map_err(|error| match error {
            KeyError::Unknown => AccessError::Unauthenticated(
                "The key is unknown to this server. Check that it is complete and configured here.",
            ),
            KeyError::Expired => {
                AccessError::Unauthenticated("The key has expired. Request a new one from the operator.")
            }
            KeyError::OtherOrigin => AccessError::Forbidden(
                "The key does not permit pages of this origin. Use a key whose `origins` contain it.",
            ),
        })
    }

    /// Subscribes to changes of keys and rates.
    pub(super) fn changes(&self) -> PolicyChanges {
        PolicyChanges(self.policy.subscribe())
    }
}

/// A subscription to changes of keys and rates.
pub(super) struct PolicyChanges(watch::Receiver<Arc<Policy>>);

impl PolicyChanges {
    /// Waits for the next change.
    pub(super) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The sender was dropped with the server, so no further change can come.
            std::future::pending().await
        }
    }
}

impl Policy {
    fn new(keys: &[KeyConfig], rates: &RateSettings, before: Option<&Policy>) -> Self {
        let failed = Rate { per_minute: rates.failed_keys, burst: rates.failed_keys };
        let per_key = Rate { per_minute: rates.per_key, burst: rates.per_key_burst };
        let per_address = Rate { per_minute: rates.per_address, burst: rates.per_address_burst };
        Self {
            keys: KeyStore::new(keys),
            per_key: limiter(per_key, before.and_then(|before| before.per_key.as_ref())),
            per_address: limiter(per_address, before.and_then(|before| before.per_address.as_ref())),
            failures: limiter(failed, before.and_then(|before| before.failures.as_ref())),
        }
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone>(
    rate: Rate,
    before: Option<&Arc<Limiter<K>>>,
) -> Option<Arc<Limiter<K>>> {
    match before.filter(|before| before.rate() == rate) {
        Some(same) => Some(same.clone()),
        None => Limiter::new(rate).map(Arc::new),
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated(message) | Self::Forbidden(message) => f.write_str(message),
            Self::RateLimited { subject, .. } => {
                write!(f, "Too many operations from {subject}. Try again in {} s.", self.seconds())
            }
        }
    }
}

impl AccessError {
    /// The whole seconds after which a retry is permitted; 0 without a limit.
    pub fn seconds(&self) -> u64 {
        match self {
            Self::RateLimited { retry_after, .. } => retry_after.as_secs_f64().ceil().max(1.0) as u64,
            _ => 0,
        }
    }
}
