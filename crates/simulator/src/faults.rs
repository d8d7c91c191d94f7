//! The fault of each request: a pure function of profile, seed and request number.
//!
//! The HTTP server only injects these faults, so the same seed reproduces the failure of a crawl. Changes of the
//! order and of totals are in `drift`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::StatusCode;
use clap::ValueEnum;

use super::split_mix::{SplitMix64, derive_seed};

/// The severity of the upstream's faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum FaultProfile {
    /// No faults: only the redirect to the path with a final slash.
    #[default]
    None,
    /// The faults of a real upstream: error statuses, throttling, stalls.
    Real,
    /// The real faults, and truncated, wrong and drifting responses.
    Harsh,
}

impl FaultProfile {
    /// The spelling on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultProfile::None => "none",
            FaultProfile::Real => "real",
            FaultProfile::Harsh => "harsh",
        }
    }
}

impl fmt::Display for FaultProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for FaultProfile {
    type Err = UnknownFaultProfile;

    fn from_str(word: &str) -> Result<Self, UnknownFaultProfile> {
        [Self::None, Self::Real, Self::Harsh]
            .into_iter()
            .find(|profile| profile.as_str().eq_ignore_ascii_case(word))
            .ok_or_else(|| UnknownFaultProfile(word.to_owned()))
    }
}

/// An unknown fault profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault profile is called {0:?}: use none, real or harsh")]
pub struct UnknownFaultProfile(String);

/// The `Retry-After` header of a 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// No header.
    Absent,
    /// A number of seconds, which may be zero.
    Seconds(u64),
    /// A date this many seconds ahead.
    Date(u64),
}

/// The body of a 200 that is not a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongBody {
    /// `{"detail": …}`, the body of an error.
    Detail,
    /// The HTML page of a proxy in front.
    Html,
    /// `null`.
    Null,
}

/// The fault of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No fault.
    None,
    /// An error status with a short body.
    Status(StatusCode),
    /// A 429.
    Throttled(RetryAfter),
    /// A correct response after a delay.
    Stalled(Duration),
    /// A connection closed after this many thousandths of the body.
    Reset(usize),
    /// A complete response with JSON truncated to this many thousandths.
    Truncated(usize),
    /// A 200 with an empty body.
    EmptyBody,
    /// A 200 with a body that is not a page.
    WrongBody(WrongBody),
    /// A page with the correct total and no items.
    EmptyItems,
    /// A page without items, with an error beside them.
    ErrorBesideItems,
    /// A page that lacks its next cursor or link.
    LostNext,
    /// The response of an earlier page, selected by the number.
    RepeatedPage(usize),
}

impl Fault {
    /// The name in the statistics; `None` without a fault.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Fault::None => return None,
            Fault::Status(_) => "error status",
            Fault::Throttled(RetryAfter::Absent) => "throttled without Retry-After",
            Fault::Throttled(RetryAfter::Seconds(_)) => "throttled with seconds",
            Fault::Throttled(RetryAfter::Date(_)) => "throttled with a date",
            Fault::Stalled(_) => "stall",
            Fault::Reset(_) => "reset in mid-body",
            Fault::Truncated(_) => "truncated JSON",
            Fault::EmptyBody => "empty body",
            Fault::WrongBody(_) => "wrong body",
            Fault::EmptyItems => "empty items",
            Fault::ErrorBesideItems => "error beside the items",
            Fault::LostNext => "lost next page",
            Fault::RepeatedPage(_) => "page served twice",
        })
    }
}

/// A share of all requests in ten-thousandths, and their fault.
type FaultShare = (usize, fn(&mut SplitMix64) -> Fault);

const SHARE_UNIT: usize = 10_000;

/// The real faults, 23 % of the requests, as measured on a real upstream.
const REAL: &[FaultShare] = &[
    (300, |_| Fault::Status(StatusCode::BAD_REQUEST)),
    (300, |_| Fault::Status(StatusCode::UNAUTHORIZED)),
    (300, |_| Fault::Status(StatusCode::PAYMENT_REQUIRED)),
    (300, |_| Fault::Status(StatusCode::FORBIDDEN)),
    (300, |_| Fault::Status(StatusCode::NOT_FOUND)),
    (300, |_| Fault::Status(StatusCode::METHOD_NOT_ALLOWED)),
    (450, |rng| Fault::Throttled(retry_after(rng))),
    (60, |rng| Fault::Stalled(stall(rng))),
];

/// The additional harsh faults: another 17 %.
const HARSH: &[FaultShare] = &[
    (150, |_| Fault::Status(StatusCode::INTERNAL_SERVER_ERROR)),
    (100, |_| Fault::Status(StatusCode::BAD_GATEWAY)),
    (150, |_| Fault::Status(StatusCode::SERVICE_UNAVAILABLE)),
    (100, |_| Fault::Status(StatusCode::GATEWAY_TIMEOUT)),
    (220, |rng| Fault::Reset(cut(rng))),
    (220, |rng| Fault::Truncated(cut(rng))),
    (120, |_| Fault::EmptyBody),
    (200, |rng| Fault::WrongBody(wrong_body(rng))),
    (120, |_| Fault::EmptyItems),
    (100, |_| Fault::ErrorBesideItems),
    (100, |_| Fault::LostNext),
    (150, |rng| Fault::RepeatedPage(rng.below(usize::MAX))),
];

/// The shortest stall, longer than a client timeout of 30 s.
const MIN_STALL: Duration = Duration::from_secs(32);
/// The difference between the longest and the shortest stall.
const STALL_SPREAD_MS: usize = 8_000;
/// The longest `Retry-After` of a 429.
const MAX_RETRY_AFTER_SECS: usize = 2;

/// The fault plan of a collection.
#[derive(Clone, Copy, Debug)]
pub struct FaultPlan {
    pub(super) profile: FaultProfile,
    pub(super) seed: u64,
}

impl FaultPlan {
    /// Derives the plan of a collection from profile and seed.
    pub fn new(profile: FaultProfile, seed: u64, collection: &str) -> Self {
        Self { profile, seed: derive_seed(seed, collection) }
    }

    /// The fault of a page request, counted from 1.
    pub fn fault(&self, request: u64) -> Fault {
        let tables: &[&[FaultShare]] = match self.profile {
            FaultProfile::None => &[],
            FaultProfile::Real => &[REAL],
            FaultProfile::Harsh => &[REAL, HARSH],
        };
        let mut rng = SplitMix64::at(self.seed, request);
        let mut drawn = rng.below(SHARE_UNIT);
        for (share, fault) in tables.iter().copied().flatten() {
            if drawn < *share {
                return fault(&mut rng);
            }
            drawn -= share;
        }
        Fault::None
    }
}

fn retry_after(rng: &mut SplitMix64) -> RetryAfter {
    match rng.below(4) {
        0 => RetryAfter::Absent,
        1 => RetryAfter::Seconds(0),
        2 => RetryAfter::Seconds(1 + rng.below(MAX_RETRY_AFTER_SECS) as u64),
        _ => RetryAfter::Date(1 + rng.below(MAX_RETRY_AFTER_SECS) as u64),
    }
}

fn stall(rng: &mut SplitMix64) -> Duration {
    MIN_STALL + Duration::from_millis(rng.below(STALL_SPREAD_MS) as u64)
}

/// The position of a cut in thousandths, outside the first and the last tenth.
fn cut(rng: &mut SplitMix64) -> usize {
    100 + rng.below(800)
}

fn wrong_body(rng: &mut SplitMix64) -> WrongBody {
    match rng.below(3) {
        0 => WrongBody::Detail,
        1 => WrongBody::Html,
        _ => WrongBody::Null,
    }
}
