//! What goes wrong with which request: a pure function of the profile, the seed and the request's number.
//!
//! The simulator only carries out what is decided here, so a failure that a crawl met can be met again by
//! starting the simulator with the same seed. How the data itself moves is in `drift`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::StatusCode;
use clap::ValueEnum;

use super::split_mix::{SplitMix64, derive_seed};

/// How badly the upstream behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum FaultProfile {
    /// Well-behaved: only the redirect to the address with the slash.
    #[default]
    None,
    /// As the upstream that quarry was built for: refusals, throttling, stalls.
    Real,
    /// All that, and broken, wrong and shifting answers.
    Harsh,
}

impl FaultProfile {
    /// The word that a person types.
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

/// A word that names no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault profile is called {0:?}: use none, real or harsh")]
pub struct UnknownFaultProfile(String);

/// What a 429 says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Absent,
    /// A number of seconds, which may be zero.
    Seconds(u64),
    /// A date this many seconds ahead.
    Date(u64),
}

/// A 200 whose body is something else than a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongBody {
    /// `{"detail": …}`, as an error would have.
    Detail,
    /// The HTML page of something that stands in front.
    Html,
    /// `null`.
    Null,
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// An error status with a short body.
    Status(StatusCode),
    /// A 429.
    Throttled(RetryAfter),
    /// A right answer, this much too late.
    Stalled(Duration),
    /// The connection is closed when this many of a thousand bytes were sent.
    Reset(usize),
    /// A complete answer whose JSON ends when this many of a thousand bytes were sent.
    Truncated(usize),
    /// A 200 with no body at all.
    EmptyBody,
    /// A 200 with a body that is no page.
    WrongBody(WrongBody),
    /// A page with the right total and no items.
    EmptyItems,
    /// The answer of an earlier page; the number chooses which one.
    RepeatedPage(usize),
}

impl Fault {
    /// What it is counted under; nothing for no fault.
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
            Fault::RepeatedPage(_) => "page served twice",
        })
    }
}

/// A share of all requests, in ten-thousandths, and the fault that they meet.
type FaultShare = (usize, fn(&mut SplitMix64) -> Fault);

const SHARE_UNIT: usize = 10_000;

/// 23 % of the requests fail, near to what was measured on the upstream that quarry was built for.
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

/// Another 15 %, on top of the real ones.
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
    (150, |rng| Fault::RepeatedPage(rng.below(usize::MAX))),
];

/// The shortest stall; clients that wait half a minute are not spared.
const MIN_STALL: Duration = Duration::from_secs(32);
/// The longest stall is this much longer.
const STALL_SPREAD_MS: usize = 8_000;
/// The longest pause that a 429 asks for.
const MAX_RETRY_AFTER_SECS: usize = 2;

/// The plan of one collection's faults.
#[derive(Clone, Copy, Debug)]
pub struct FaultPlan {
    pub(super) profile: FaultProfile,
    pub(super) seed: u64,
}

impl FaultPlan {
    /// The plan that a simulator of this profile and seed follows for a collection.
    pub fn new(profile: FaultProfile, seed: u64, collection: &str) -> Self {
        Self { profile, seed: derive_seed(seed, collection) }
    }

    /// What goes wrong with the collection's `request`-th page request, counted from 1.
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

/// Where a body is cut: never before its first tenth, never in its last.
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
