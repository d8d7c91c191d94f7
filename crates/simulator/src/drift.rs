//! How a collection moves while it is crawled: a pure function of the profile, the seed and the request's number.
//!
//! Nothing is lost for good and nothing is added: what drifts is the order, what is shown for a while, and the
//! stated total. The total is steady from request [`UNSTEADY_REQUESTS`] on, so a crawl that keeps at it sees every
//! item. Deliberately not here: changes of the data itself, which a test makes through the simulator's handle.

use super::faults::{FaultPlan, FaultProfile};
use super::split_mix::{SplitMix64, derive_seed};

/// The requests of a collection during which its total may move.
pub const UNSTEADY_REQUESTS: u64 = 200;

/// A tail item moves to the head every so many requests while the total is unsteady,
const SHIFT_EVERY: u64 = 15;
/// and every so many afterwards.
const SHIFT_EVERY_STEADY: u64 = 150;
/// No request before this one is drifted, so that every crawl begins with the true total.
const STEADY_START: u64 = 10;
/// Windows in which the last items are withheld, spread evenly over the unsteady requests.
const WITHHOLDING_WINDOWS: u64 = 2;
/// Requests that a window lasts, at most; too few for a sweep over more than a handful of pages.
const MAX_WINDOW_REQUESTS: usize = 8;
/// Items that a window withholds, at most.
const MAX_WITHHELD: usize = 5;
/// Single answers with a wrong total, spread evenly over the unsteady requests.
const MISSTATEMENTS: u64 = 4;
/// How far a misstated total is off, at most.
const MAX_TOTAL_ERROR: usize = 9;

/// How a collection looks to one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Items that have moved from the tail to the head so far.
    pub shifted: u64,
    /// Items at the end that are left out, of the list and of the total.
    pub withheld: usize,
    /// What is added to the stated total of this one answer.
    pub misstated: i64,
}

impl FaultPlan {
    /// How the collection looks to its `request`-th page request, counted from 1.
    pub fn drift(&self, request: u64) -> Drift {
        if self.profile != FaultProfile::Harsh {
            return Drift::default();
        }
        Drift {
            shifted: self.shifted(request),
            withheld: self.withheld(request),
            misstated: self.misstated(request),
        }
    }

    fn shifted(&self, request: u64) -> u64 {
        let phase = derive_seed(self.seed, "shift") % (SHIFT_EVERY - STEADY_START);
        let early = request.min(UNSTEADY_REQUESTS);
        (early + phase) / SHIFT_EVERY + (request - early + phase) / SHIFT_EVERY_STEADY
    }

    fn withheld(&self, request: u64) -> usize {
        let Some((window, place, mut rng)) = self.window("window", request, WITHHOLDING_WINDOWS) else {
            return 0;
        };
        let length = MAX_WINDOW_REQUESTS / 2 + rng.below(MAX_WINDOW_REQUESTS / 2 + 1);
        let start = rng.below(window - length);
        let withheld = 1 + rng.below(MAX_WITHHELD);
        if (start..start + length).contains(&place) { withheld } else { 0 }
    }

    fn misstated(&self, request: u64) -> i64 {
        let Some((window, place, mut rng)) = self.window("total", request, MISSTATEMENTS) else {
            return 0;
        };
        if rng.below(window) != place {
            return 0;
        }
        let error = 1 + rng.below(MAX_TOTAL_ERROR) as i64;
        if rng.below(2) == 0 { error } else { -error }
    }

    /// The unsteady requests cut into `count` stretches: how long the request's stretch is, the request's
    /// place in it, and the chance that belongs to the stretch.
    fn window(&self, part: &str, request: u64, count: u64) -> Option<(usize, usize, SplitMix64)> {
        if !(STEADY_START..UNSTEADY_REQUESTS).contains(&request) {
            return None;
        }
        let length = (UNSTEADY_REQUESTS - STEADY_START) / count;
        let number = (request - STEADY_START) / length;
        let place = (request - STEADY_START) % length;
        if number >= count {
            return None;
        }
        Some((length as usize, place as usize, SplitMix64::at(derive_seed(self.seed, part), number)))
    }
}
