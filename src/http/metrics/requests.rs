//! HTTP requests, whatever they are for.

use http::StatusCode;

use super::page::{Page, label, number};
use crate::figures::{Count, Entered, UnderWay};

/// The classes of statuses, as they are told.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counts requests.
#[derive(Debug, Default)]
pub(in crate::http) struct Requests {
    answered: [Count; CLASSES.len()],
    under_way: UnderWay,
}

impl Requests {
    /// One more is under way, until what is returned is dropped.
    pub(in crate::http) fn enter(&self) -> Entered<'_> {
        self.under_way.enter()
    }

    /// One was answered.
    pub(in crate::http) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.answered.get(class) {
            count.one();
        }
    }

    pub(super) fn tell(&self, page: &mut Page) {
        let counts = CLASSES.iter().zip(&self.answered);
        page.counts(
            "http_requests_total",
            "HTTP requests that were answered, by class of status; a WebSocket is 1xx",
            counts.map(|(class, count)| (label("status", *class), count.get())).collect(),
        );
        page.gauge(
            "http_requests_under_way",
            "HTTP requests that are being answered",
            number(self.under_way.get()),
        );
    }
}
