//! Metrics of the keystroke buffer.

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use quarry_domain::Timestamp;
use quarry_runtime::metrics::{Series, flag};

use super::buffer::BufferHealth;

impl BufferHealth {
    /// Registers the counters of the buffer, and the age of its oldest run at `now`.
    ///
    /// Servers that share a buffer all report the same.
    pub fn register(&self, registry: &mut Registry, now: Timestamp) {
        let mut counter = |name, help, count| registry.register(name, help, ConstCounter::new(count));
        counter("keystrokes_accepted", "Keystrokes that the buffer accepted", self.accepted);
        counter("keystroke_runs_claimed", "Runs that were claimed for logging", self.claimed);
        counter(
            "keystroke_runs_reclaimed",
            "Runs that were claimed again because their first claim expired",
            self.reclaimed,
        );
        counter("searches_flushed", "Searches that were logged", self.searches);
        counter(
            "searches_duplicates_suppressed",
            "Searches that were flushed again after an interruption, and logged once",
            self.duplicates,
        );
        registry.register(
            "keystroke_buffer_writable",
            "1 if the buffer accepts keystrokes: 0 while its disk or its memory is full, or it refuses them for \
             another reason",
            flag(self.last_error.is_none()),
        );
        let dropped = [("late", self.late), ("flood", self.flooded), ("full", self.full)];
        registry.register(
            "keystrokes_dropped",
            "Keystrokes that the buffer dropped: behind a final search (late), over a session's limit (flood), \
             or over the buffer's capacity (full)",
            Series::from_iter(dropped.map(|(cause, count)| ([("cause", cause)], ConstCounter::new(count)))),
        );
        registry.register(
            "keystrokes_buffered",
            "Keystrokes in the buffer",
            ConstGauge::new(self.keystrokes),
        );
        registry.register(
            "keystroke_runs_buffered",
            "Runs of keystrokes in the buffer, open or not logged yet",
            ConstGauge::new(self.runs),
        );
        let age = self.oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
        registry.register(
            "keystrokes_oldest_age_seconds",
            "Age of the first keystroke of the oldest run; 0 for an empty buffer",
            ConstGauge::new(age),
        );
        if let Some(flushed) = self.last_flush {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
            let seconds = flushed.timestamp_millis() as f64 / 1_000.0;
            registry.register(
                "last_flush_timestamp_seconds",
                "Unix time at which searches were last logged",
                ConstGauge::new(seconds),
            );
        }
    }
}
