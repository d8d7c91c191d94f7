//! Event streams: the `graphql-sse` protocol with one connection for each operation.
//!
//! Each answer is a `next` event, and `complete` follows the last. An invalid operation is reported in the
//! stream, as the protocol requires: browsers hide the body of any other status. Malformed requests and
//! overload have a status of their own.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use tokio::time::interval;

use super::HttpState;
use super::admission::Work;
use super::encode::ResponseBody;
use super::http_error::HttpError;
use super::negotiation::MediaType;
use super::request::OperationRequest;
use super::service::Transport;
use crate::graphql::{Answer, RequestContext};

/// Disables buffering in proxies, which would delay events.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The last event. Browsers ignore events without a line of data.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment, which clients ignore.
const KEEP_ALIVE: &[u8] = b":\n\n";

/// Responds to an operation with a stream of events.
pub(super) async fn respond(
    state: &HttpState,
    operation: OperationRequest,
    transport: Transport,
    context: &RequestContext,
) -> Result<Response, HttpError> {
    let permit = state.admission.acquire(Work::EventStream)?;
    let execution = state.graphql().run(operation, transport, context).await?;
    let shutdown = state.admission.shutdown().clone();
    // A subscription that ends at shutdown without `complete` is reopened by its client on another server.
    let complete = stream::once(async move {
        let is_complete = !(execution.is_subscription && shutdown.is_cancelled());
        is_complete.then_some(Bytes::from_static(COMPLETE))
    });
    let own = state.clone();
    let events = execution
        .answers
        .map(move |answer| next(answer, &own))
        .chain(complete.filter_map(async |event| event));
    let events = tokio_stream::StreamExt::timeout_repeating(events, interval(state.limits.keep_alive));
    let events = events.map(move |event| {
        let _held_until_the_end = &permit;
        Ok::<_, Infallible>(event.unwrap_or(Bytes::from_static(KEEP_ALIVE)))
    });
    let headers = [
        (CONTENT_TYPE, MediaType::EventStream.content_type()),
        (CACHE_CONTROL, "no-store"),
        (ACCEL_BUFFERING, "no"),
        (VARY, "accept"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// A `next` event. JSON has no raw line feed, so it fits one line of data.
fn next(answer: Answer, state: &HttpState) -> Bytes {
    ResponseBody::starting_with(b"event: next\ndata: ").answer(answer, state).raw(b"\n\n").into_bytes()
}
