//! The buffer's clock.

use std::time::Instant;

use chrono::Utc;

use super::run::{Millis, millis};

/// UTC, but never going backwards: when the system's clock is set back, it goes on from where it
/// was, so that what waits for a time does not wait longer.
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
            // The time of the last reading stays: parts of a millisecond would add up to nothing.
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
    fn a_clock_that_is_set_back_goes_on_and_one_that_is_set_forward_is_followed() {
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
