//! The buffer's clock.

use std::time::Instant;

use chrono::Utc;

use super::run::{Millis, millis};

/// A monotonic UTC clock: it advances steadily when the system's clock is set back, so that no due
/// time is delayed.
#[derive(Debug)]
pub(super) struct Clock {
    read: Instant,
    last: Millis,
}

impl Clock {
    pub fn new() -> Self {
        Self { read: Instant::now(), last: Utc::now().timestamp_millis() }
    }

    pub fn now(&mut self) -> Millis {
        self.at(Utc::now().timestamp_millis(), Instant::now())
    }

    fn at(&mut self, wall: Millis, read: Instant) -> Millis {
        let elapsed = millis(read.saturating_duration_since(self.read));
        if wall < self.last.saturating_add(elapsed) {
            // Keeps the last reading: rounding would otherwise lose a fraction of a millisecond each time.
            return self.last.saturating_add(elapsed);
        }
        *self = Self { read, last: wall };
        wall
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_clock_never_goes_back_and_follows_forward_steps() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut clock = Clock { read: start, last: 1_000 };
        assert_eq!(clock.at(1_010, after(10)), 1_010);
        assert_eq!(clock.at(400, after(20)), 1_020, "set back");
        assert_eq!(clock.at(410, after(30)), 1_030);
        assert_eq!(clock.at(9_000, after(40)), 9_000, "set forward");
        assert_eq!(clock.at(9_000, after(40)), 9_000);
    }
}
