//! The current request and response of a connection, for clients that close their sending side.
//!
//! A client may close its sending side and wait for the response (`nc -N`). A client that disconnects sends
//! the same signal; only a failing write reveals it. hyper treats both as the end of the connection and
//! drops the request. So the end is withheld from hyper until the response is sent, and a long wait is
//! probed with an interim response. Event streams and WebSockets have no end of their own, so they end with
//! the client's sending side.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode, Version};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::negotiation::MediaType;

/// The state that a connection's stream and its requests share.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange(Arc<ExchangeState>);

#[derive(Debug, Default)]
struct ExchangeState {
    stage: AtomicU8,
    takes_interim: AtomicBool,
}

/// The progress of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ExchangeStage {
    /// There is no request, or its response has no end of its own.
    Idle,
    /// The request's body has not ended.
    Receiving,
    /// The response has not begun.
    Answering,
    /// The response has begun.
    Responding,
    /// The response is complete but not all of it is sent.
    Flushing,
    /// The response upgrades the connection to a WebSocket.
    Upgrading,
}

impl Exchange {
    pub(super) fn stage(&self) -> ExchangeStage {
        const STAGES: [ExchangeStage; 6] = [
            ExchangeStage::Idle,
            ExchangeStage::Receiving,
            ExchangeStage::Answering,
            ExchangeStage::Responding,
            ExchangeStage::Flushing,
            ExchangeStage::Upgrading,
        ];
        STAGES[usize::from(self.0.stage.load(Ordering::Acquire))]
    }

    fn set(&self, stage: ExchangeStage) {
        self.0.stage.store(stage as u8, Ordering::Release);
    }

    fn advance(&self, from: ExchangeStage, to: ExchangeStage) {
        let _ = self.0.stage.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Returns true for a client that supports interim responses, which HTTP/1.1 introduced.
    pub(super) fn takes_interim(&self) -> bool {
        self.0.takes_interim.load(Ordering::Relaxed)
    }

    /// Starts with a request.
    pub(super) fn begin(&self, request: Request<Incoming>) -> Request<Body> {
        self.0.takes_interim.store(request.version() == Version::HTTP_11, Ordering::Relaxed);
        if request.body().is_end_stream() {
            self.set(ExchangeStage::Answering);
            return request.map(|_| Body::empty());
        }
        self.set(ExchangeStage::Receiving);
        let transition = (ExchangeStage::Receiving, ExchangeStage::Answering);
        request.map(|body| Body::new(ExchangeBody { body, exchange: self.clone(), transition }))
    }

    /// Continues with the response.
    pub(super) fn respond(&self, response: Response<Body>) -> Response<ExchangeBody<Body>> {
        let stage = match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => ExchangeStage::Upgrading,
            _ if is_event_stream(&response) => ExchangeStage::Idle,
            _ => ExchangeStage::Responding,
        };
        self.set(stage);
        let transition = (ExchangeStage::Responding, ExchangeStage::Flushing);
        response.map(|body| ExchangeBody { body, exchange: self.clone(), transition })
    }

    /// Ends a response that is complete: all of it is sent.
    pub(super) fn flushed(&self) {
        if matches!(self.stage(), ExchangeStage::Flushing | ExchangeStage::Upgrading) {
            self.set(ExchangeStage::Idle);
        }
    }
}

fn is_event_stream(response: &Response<Body>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value == MediaType::EventStream.content_type())
}

/// The body of a request or a response, dropped once it is read or written.
pub(super) struct ExchangeBody<B> {
    body: B,
    exchange: Exchange,
    /// The stage that ends with the body, and the next.
    transition: (ExchangeStage, ExchangeStage),
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
        self.exchange.advance(self.transition.0, self.transition.1);
    }
}
