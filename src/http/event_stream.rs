//! Event streams: the `graphql-sse` protocol with a connection for each operation.
//!
//! A client that accepts `text/event-stream` is told each answer as a `next` event, and `complete` after
//! the last. An operation that is not valid is told so in the stream, as the protocol asks, for
//! browsers show nothing of an answer with another status; what is no request, or comes while the
//! server is busy, is answered with a status.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use tokio::time::interval;

use super::HttpState;
use super::encode::Encoded;
use super::negotiation::MediaType;
use super::operation::{Refused, Transport};
use super::problem::Problem;
use super::request::RawOperation;
use crate::graphql::{Answer, Asker, OperationKind};

/// Tells proxies to pass on each event as it comes.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The last event. Browsers pass over one without a line of data.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment, which clients pass over.
const SIGN_OF_LIFE: &[u8] = b":\n\n";

/// Answers an operation with a stream of events.
pub(super) async fn respond(
    state: &HttpState,
    operation: RawOperation,
    transport: Transport,
    asker: &Asker,
) -> Result<Response, Problem> {
    let place = state.admission.event_stream()?;
    let (follows, answers) = match state.begin(operation, transport, asker.clone()).await {
        Ok((kind, answers)) => (kind == OperationKind::Subscription, answers),
        Err(Refused::Operation(errors)) => (false, stream::once(async { Answer::Refused(errors) }).boxed()),
        Err(Refused::Request(problem)) => return Err(problem),
    };
    let stopping = state.admission.stopping().clone();
    // Who follows something is to go on elsewhere when the server stops: a stream that just ends is
    // opened again.
    let complete = stream::once(async move {
        let is_complete = !(follows && stopping.is_cancelled());
        is_complete.then_some(Bytes::from_static(COMPLETE))
    });
    let own = state.clone();
    let events =
        answers.map(move |answer| next(answer, &own)).chain(complete.filter_map(async |event| event));
    let pace = interval(state.limits.keep_alive);
    let events = tokio_stream::StreamExt::timeout_repeating(events, pace);
    let events = events.map(move |event| {
        let _held_until_the_end = &place;
        Ok::<_, Infallible>(event.unwrap_or(Bytes::from_static(SIGN_OF_LIFE)))
    });
    let headers = [
        (CONTENT_TYPE, MediaType::EventStream.content_type()),
        (CACHE_CONTROL, "no-store"),
        (ACCEL_BUFFERING, "no"),
        (VARY, "accept"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// JSON has no line feed of its own, so it is one line of data.
fn next(answer: Answer, state: &HttpState) -> Bytes {
    Encoded::begin(b"event: next\ndata: ").answer(answer, state).raw(b"\n\n").into_bytes()
}
