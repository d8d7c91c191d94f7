use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::watch;

use super::address::{client_address, network};
use super::rate::{Limiter, Rate};
use super::ring::{KeyRing, Opened, Unfit};
use super::visitor::Visitor;
use quarry_config::{KeyConfig, RateSettings};
use quarry_domain::{Caller, KeyHash, Timestamp};

/// Why somebody is not let in. Its `Display` is what they read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// What was presented is no key, or no key of this server, or it is over.
    Unauthenticated(&'static str),
    /// The key is not for who presents it.
    Forbidden(&'static str),
    /// Too often.
    RateLimited {
        /// After how long to ask again.
        after: Duration,
        /// Who asks too often: "this key".
        who: &'static str,
    },
}

/// The keys and rates in force. Clones share them.
#[derive(Clone)]
pub struct Gate {
    policy: watch::Sender<Arc<Policy>>,
    trusted_proxies: usize,
}

struct Policy {
    keys: KeyRing,
    per_key: Option<Arc<Limiter<Arc<str>>>>,
    per_address: Option<Arc<Limiter<IpAddr>>>,
    failures: Option<Arc<Limiter<IpAddr>>>,
}

impl Gate {
    /// A gate with these keys, of which there may be none: then everybody may do all.
    pub fn new(keys: &[KeyConfig], rates: &RateSettings, trusted_proxies: usize) -> Self {
        let policy = Policy::new(keys, rates, None);
        Self { policy: watch::Sender::new(Arc::new(policy)), trusted_proxies }
    }

    /// A gate that lets everybody do all, as often as they like.
    pub fn open() -> Self {
        Self::new(&[], &RateSettings::none(), 0)
    }

    /// From now on these keys and rates hold, also for who came before. Where a rate stays as it
    /// was, so does what everybody has used up of it.
    pub fn replace(&self, keys: &[KeyConfig], rates: &RateSettings) {
        let policy = Policy::new(keys, rates, Some(&self.policy.borrow()));
        self.policy.send_replace(Arc::new(policy));
    }

    /// Whether callers are asked for keys.
    pub fn asks_for_keys(&self) -> bool {
        !self.policy.borrow().keys.is_empty()
    }

    /// The names of the keys in force.
    pub fn key_names(&self) -> Vec<Arc<str>> {
        self.policy.borrow().keys.names().cloned().collect()
    }

    /// Who comes from `peer` with these headers; not yet let in.
    pub fn visitor(&self, peer: IpAddr, headers: &HeaderMap) -> Visitor {
        Visitor::new(self.clone(), client_address(peer, headers, self.trusted_proxies), headers)
    }

    /// Counts an operation of somebody who was let in.
    pub fn count(&self, caller: &Caller, address: IpAddr) -> Result<(), Denied> {
        let policy = self.policy.borrow();
        if let Some(limiter) = &policy.per_address {
            let limited = |after| Denied::RateLimited { after, who: "this address" };
            limiter.count(&network(address)).map_err(limited)?;
        }
        if let (Some(limiter), Some(key)) = (&policy.per_key, caller.shared_key()) {
            let limited = |after| Denied::RateLimited { after, who: "this key" };
            limiter.count(key).map_err(limited)?;
        }
        Ok(())
    }

    /// Counts a key that did not fit; an error once there were too many.
    pub(super) fn count_failure(&self, address: IpAddr) -> Result<(), Denied> {
        let policy = self.policy.borrow();
        let Some(limiter) = &policy.failures else { return Ok(()) };
        let limited = |after| Denied::RateLimited { after, who: "this address, with keys that do not fit" };
        limiter.count(&network(address)).map_err(limited)
    }

    /// What a key opens now; `None` for one that is none or was not presented.
    pub(super) fn open_with(
        &self,
        key: Option<&KeyHash>,
        origin: Option<&str>,
        now: Timestamp,
    ) -> Result<Opened, Denied> {
        let policy = self.policy.borrow();
        if policy.keys.is_empty() {
            return Ok(Opened { caller: Caller::unchecked(), expires: None });
        }
        let Some(key) = key else { return Ok(Opened { caller: Caller::anonymous(), expires: None }) };
        policy.keys.open(key, origin, now).map_err(|unfit| match unfit {
            Unfit::Unknown => Denied::Unauthenticated("This is not a key of this server."),
            Unfit::Expired => Denied::Unauthenticated("This key has expired. Ask for a new one."),
            Unfit::OtherOrigin => Denied::Forbidden("This key is not for pages of this origin."),
        })
    }

    /// Tells when keys or rates change.
    pub(super) fn changes(&self) -> Changes {
        Changes(self.policy.subscribe())
    }
}

/// Tells when keys or rates change.
pub(super) struct Changes(watch::Receiver<Arc<Policy>>);

impl Changes {
    /// Waits for the next change.
    pub(super) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The gate is gone, so nothing changes any more.
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
            keys: KeyRing::new(keys),
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

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated(why) | Self::Forbidden(why) => f.write_str(why),
            Self::RateLimited { who, .. } => {
                write!(f, "Too many operations from {who}. Try again in {} s.", self.seconds())
            }
        }
    }
}

impl Denied {
    /// After how many whole seconds to ask again.
    pub fn seconds(&self) -> u64 {
        match self {
            Self::RateLimited { after, .. } => after.as_secs_f64().ceil().max(1.0) as u64,
            _ => 0,
        }
    }
}
