//! From keystrokes to logged searches.

use super::page::{Page, flag, label, number};
use crate::domain::Timestamp;
use crate::keystroke::{BufferHealth, FlushProgress};

/// The keystroke buffer, as far as it answers. Where servers share one, each tells the same.
pub(super) fn tell(page: &mut Page, health: Option<&BufferHealth>, now: Timestamp) {
    page.gauge(
        "keystroke_buffer_up",
        "Whether the keystroke buffer answers; without it, its figures are left out",
        flag(health.is_some()),
    );
    let Some(health) = health else { return };
    page.count("keystrokes_accepted_total", "Keystrokes that the buffer took", health.accepted);
    page.counts(
        "keystrokes_dropped_total",
        "Keystrokes that were not taken: behind a search that was final (late), over a session's limit (flood), \
         or over what the buffer holds (full)",
        vec![
            (label("cause", "late"), health.late),
            (label("cause", "flood"), health.flooded),
            (label("cause", "full"), health.full),
        ],
    );
    page.gauge("keystrokes_buffered", "Keystrokes that wait in the buffer", number(health.keystrokes));
    page.gauge(
        "keystroke_runs_buffered",
        "Runs of keystrokes that are being typed or wait to be logged",
        number(health.runs),
    );
    let age = health.oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
    page.gauge(
        "keystrokes_oldest_age_seconds",
        "Since the first keystroke of the run that waits longest; 0 if none waits",
        age,
    );
    page.count("keystroke_runs_claimed_total", "Runs that were claimed to be logged", health.claimed);
    page.count(
        "keystroke_runs_reclaimed_total",
        "Runs that were claimed again, since whoever had claimed them did not finish in time",
        health.reclaimed,
    );
    page.count("searches_flushed_total", "Searches that were logged", health.searches);
    page.count(
        "searches_duplicates_suppressed_total",
        "Searches that came a second time after something broke off, and were not logged again",
        health.duplicates,
    );
    if let Some(flushed) = health.last_flush {
        page.gauge(
            "last_flush_timestamp_seconds",
            "When searches were last logged, in Unix time",
            number(flushed.timestamp_millis()) / 1_000.0,
        );
    }
}

/// How this server's flushing goes.
pub(super) fn tell_flushing(page: &mut Page, progress: &FlushProgress) {
    page.add(
        "flush_duration_seconds",
        "How long this server took to log what it had claimed, from folding to acknowledging",
        progress.seconds(),
    );
}
