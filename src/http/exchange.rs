//! The request and the response that a connection is busy with, and its end when the client has sent
//! all that it will.
//!
//! A client may close its sending side and wait for the response (`nc -N`). One that hangs up sends the
//! same: it is known only by its refusal of what it is sent. hyper takes either for the end, and drops
//! the request. So the end is withheld from it until the response is sent, and a client that waits for
//! long is sent an interim response, which one that is gone refuses. Event streams and WebSockets have
//! no end of their own, so there the client's end is theirs.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode, Version};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::negotiation::MediaType;

/// Shared by a connection's bytes and its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stage: AtomicU8,
    takes_interim: AtomicBool,
}

/// The progress of a connection with its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// There is none, or its response has no end of its own.
    Idle,
    /// The body of the request has not ended.
    Receiving,
    /// The response has not begun.
    Answering,
    /// The response has begun.
    Responding,
    /// All of the response is made, and not all of it sent.
    Flushing,
    /// The response makes a WebSocket of the connection.
    Upgrading,
}

impl Exchange {
    pub(super) fn stage(&self) -> Stage {
        const STAGES: [Stage; 6] = [
            Stage::Idle,
            Stage::Receiving,
            Stage::Answering,
            Stage::Responding,
            Stage::Flushing,
            Stage::Upgrading,
        ];
        STAGES[usize::from(self.0.stage.load(Ordering::Acquire))]
    }

    fn set(&self, stage: Stage) {
        self.0.stage.store(stage as u8, Ordering::Release);
    }

    fn advance(&self, from: Stage, to: Stage) {
        let _ = self.0.stage.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Recognizes a client that knows interim responses, which came with HTTP/1.1.
    pub(super) fn takes_interim(&self) -> bool {
        self.0.takes_interim.load(Ordering::Relaxed)
    }

    /// A request has come.
    pub(super) fn begin(&self, request: Request<Incoming>) -> Request<Body> {
        self.0.takes_interim.store(request.version() == Version::HTTP_11, Ordering::Relaxed);
        if request.body().is_end_stream() {
            self.set(Stage::Answering);
            return request.map(|_| Body::empty());
        }
        self.set(Stage::Receiving);
        let passes = (Stage::Receiving, Stage::Answering);
        request.map(|body| Body::new(ExchangeBody { body, exchange: self.clone(), passes }))
    }

    /// Its response is about to be sent.
    pub(super) fn respond(&self, response: Response<Body>) -> Response<ExchangeBody<Body>> {
        let stage = match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Stage::Upgrading,
            _ if is_event_stream(&response) => Stage::Idle,
            _ => Stage::Responding,
        };
        self.set(stage);
        let passes = (Stage::Responding, Stage::Flushing);
        response.map(|body| ExchangeBody { body, exchange: self.clone(), passes })
    }

    /// All that was made of the response is sent.
    pub(super) fn flushed(&self) {
        if matches!(self.stage(), Stage::Flushing | Stage::Upgrading) {
            self.set(Stage::Idle);
        }
    }
}

fn is_event_stream(response: &Response<Body>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value == MediaType::EventStream.content_type())
}

/// The body of a request or a response; dropped once all of it is read, or made.
pub(super) struct ExchangeBody<B> {
    body: B,
    exchange: Exchange,
    /// The stage that ends with the body, and the next.
    passes: (Stage, Stage),
}

impl<B: HttpBody + Unpin> HttpBody for ExchangeBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for ExchangeBody<B> {
    fn drop(&mut self) {
        self.exchange.advance(self.passes.0, self.passes.1);
    }
}
