//! What is let in at once, and what was refused because too much was.

use super::page::{Page, label, number};
use crate::http::admission::{Admission, Places};
use crate::memory::MemoryBudget;

pub(super) fn tell(page: &mut Page, admission: &Admission, responses: &MemoryBudget) {
    let kinds = admission.places();
    // As people write it, it is no value of a label.
    let kind = |places: &Places| label("kind", places.of.to_lowercase().replace(' ', "_"));
    page.gauges(
        "admitted",
        "What is under way, by kind",
        kinds.iter().map(|places| (kind(places), number(places.taken))).collect(),
    );
    page.gauges(
        "admitted_limit",
        "How much of a kind is let in at once",
        kinds.iter().map(|places| (kind(places), number(places.limit))).collect(),
    );
    page.counts(
        "admission_refused_total",
        "What was refused since so much of its kind was under way",
        kinds.iter().map(|places| (kind(places), places.refused)).collect(),
    );
    let bodies = admission.bodies();
    page.gauge(
        "request_body_bytes",
        "Memory that bodies of requests take, with the values of their variables",
        number(bodies.taken()),
    );
    page.gauge("request_body_bytes_limit", "Memory that they may take at once", number(bodies.limit()));
    page.count(
        "request_bodies_refused_total",
        "Bodies that were refused for want of memory",
        bodies.refused(),
    );
    page.gauge("response_bytes", "Memory that responses take until they are sent", number(responses.taken()));
    page.gauge("response_bytes_limit", "Memory that they may take at once", number(responses.limit()));
    page.count(
        "responses_refused_total",
        "Responses that were refused for want of memory",
        responses.refused(),
    );
}
