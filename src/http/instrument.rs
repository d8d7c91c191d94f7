//! Metrics, traces and panic handling of operations.

use std::panic::AssertUnwindSafe;

use async_graphql::ServerError;
use futures_util::{FutureExt, Stream, StreamExt};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::metrics::{Metrics, RunningOperation};
use crate::graphql::{Answer, ErrorCode, Prepared, RequestContext, RequestId, internal_error};
use crate::telemetry::TRACED;

/// An operation in progress, as metrics and traces see it. Ends on drop.
pub(super) struct InstrumentedOperation {
    running: RunningOperation,
    span: Span,
    id: RequestId,
}

impl InstrumentedOperation {
    /// Starts the operation's timer and span.
    pub(super) fn start(metrics: &Metrics, operation: &Prepared, context: &RequestContext) -> Self {
        if let Some(key) = context.principal.shared_key() {
            metrics.keys().record(key);
        }
        let (kind, group) = (operation.kind(), operation.group());
        // The span names neither the document nor the operation, and holds no variables: all are private.
        let span = tracing::info_span!(
            target: TRACED,
            "operation",
            graphql.operation.r#type = kind.as_str(),
            quarry.group = group.as_str(),
            quarry.error = Empty,
            otel.status_code = Empty,
        );
        Self { running: metrics.operations().begin(kind, group), span, id: context.id.clone() }
    }

    /// Records a query or a mutation. A panic becomes an error of this operation alone.
    pub(super) async fn instrument(mut self, operation: impl Future<Output = Answer>) -> Answer {
        let caught = AssertUnwindSafe(operation).catch_unwind().instrument(self.span.clone()).await;
        let answer = caught.unwrap_or_else(|_| panicked(&self.id));
        self.record(answer.errors());
        answer
    }

    /// Records a subscription. A panic ends it with an error.
    pub(super) fn instrument_stream<S>(mut self, answers: S) -> impl Stream<Item = Answer> + use<S>
    where
        S: Stream<Item = Answer>,
    {
        AssertUnwindSafe(answers).catch_unwind().map(move |caught| {
            let answer = caught.unwrap_or_else(|_| panicked(&self.id));
            self.record(answer.errors());
            answer
        })
    }

    fn record(&mut self, errors: &[ServerError]) {
        self.running.record_errors(errors);
        if let Some(error) = errors.first()
            && !self.span.is_disabled()
        {
            let code = ErrorCode::of(error).unwrap_or(ErrorCode::InternalServerError);
            self.span.record("quarry.error", code.as_str());
            if code == ErrorCode::InternalServerError {
                self.span.record("otel.status_code", "ERROR");
            }
        }
    }
}

/// The answer to an operation that panicked.
///
/// The panic's own message appears nowhere: it may quote client input.
pub(super) fn panicked(id: &RequestId) -> Answer {
    tracing::error!(request.id = %id, "operation panicked");
    Answer::Refused(vec![internal_error(id)])
}
