//! The drift of a collection: a pure function of profile, seed and request number.
//!
//! Drift changes the order, withholds items for a while, and misstates totals, but adds and removes nothing. The
//! total is steady from request [`UNSTEADY_REQUESTS`] on, so a persistent crawl sees every item. Deliberately not
//! here: changes of the data, which a test makes through the simulator's handle.

use super::faults::{FaultPlan, FaultProfile};
use super::split_mix::{SplitMix64, derive_seed};

/// The number of requests during which the total of a collection may change.
pub const UNSTEADY_REQUESTS: u64 = 200;

/// The period in requests of moves from tail to head, while the total is unsteady.
const SHIFT_EVERY: u64 = 15;
/// The same period after the total is steady.
const SHIFT_EVERY_STEADY: u64 = 150;
/// The first request with drift; earlier ones let every crawl begin with the true total.
const STEADY_START: u64 = 10;
/// The number of windows with withheld items, evenly spread over the unsteady requests.
const WITHHOLDING_WINDOWS: u64 = 2;
/// The longest window in requests, shorter than a sweep over more than a few pages.
const MAX_WINDOW_REQUESTS: usize = 8;
/// The most withheld items in a window.
const MAX_WITHHELD: usize = 5;
/// The number of responses with a misstated total, evenly spread over the unsteady requests.
const MISSTATEMENTS: u64 = 4;
/// The largest error of a misstated total.
const MAX_TOTAL_ERROR: usize = 9;

/// The drift of a collection at one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Items moved from the tail to the head so far.
    pub shifted: u64,
    /// Items omitted at the end, from the list and from the total.
    pub withheld: usize,
    /// The error of the total in this response.
    pub misstated: i64,
}

impl FaultPlan {
    /// The drift at a page request, counted from 1.
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
        let Some((window, position, mut rng)) = self.window("window", request, WITHHOLDING_WINDOWS) else {
            return 0;
        };
        let length = MAX_WINDOW_REQUESTS / 2 + rng.below(MAX_WINDOW_REQUESTS / 2 + 1);
        let start = rng.below(window - length);
        let withheld = 1 + rng.below(MAX_WITHHELD);
        if (start..start + length).contains(&position) { withheld } else { 0 }
    }

    fn misstated(&self, request: u64) -> i64 {
        let Some((window, position, mut rng)) = self.window("total", request, MISSTATEMENTS) else {
            return 0;
        };
        if rng.below(window) != position {
            return 0;
        }
        let error = 1 + rng.below(MAX_TOTAL_ERROR) as i64;
        if rng.below(2) == 0 { error } else { -error }
    }

    /// Divides the unsteady requests into `count` windows.
    ///
    /// Returns the length of the request's window, the position in it, and the window's generator.
    fn window(&self, part: &str, request: u64, count: u64) -> Option<(usize, usize, SplitMix64)> {
        if !(STEADY_START..UNSTEADY_REQUESTS).contains(&request) {
            return None;
        }
        let length = (UNSTEADY_REQUESTS - STEADY_START) / count;
        let number = (request - STEADY_START) / length;
        let position = (request - STEADY_START) % length;
        if number >= count {
            return None;
        }
        Some((length as usize, position as usize, SplitMix64::at(derive_seed(self.seed, part), number)))
    }
}
