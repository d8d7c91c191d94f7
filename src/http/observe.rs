//! Operations under the eyes of metrics and traces, and caught where they panic.

use std::panic::AssertUnwindSafe;

use async_graphql::ServerError;
use futures_util::{FutureExt, Stream, StreamExt};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::metrics::{Metrics, RunningOperation};
use crate::graphql::{Answer, Asker, ErrorCode, Prepared, broken};
use crate::telemetry::TRACED;

/// An operation that is watched. It ends when this is dropped.
pub(super) struct Watched {
    running: RunningOperation,
    span: Span,
    asker: Asker,
}

impl Watched {
    /// Watches an operation from now on.
    pub(super) fn begin(metrics: &Metrics, operation: &Prepared, asker: &Asker) -> Self {
        if let Some(key) = asker.caller.shared_key() {
            metrics.keys().record(key);
        }
        let (kind, group) = (operation.kind(), operation.group());
        // What is asked for is not told: neither the document nor its name, nor its variables.
        let span = tracing::info_span!(
            target: TRACED,
            "operation",
            graphql.operation.r#type = kind.as_str(),
            quarry.group = group.as_str(),
            quarry.error = Empty,
            otel.status_code = Empty,
        );
        Self { running: metrics.operations().begin(kind, group), span, asker: asker.clone() }
    }

    /// Runs a query or a mutation to its end. If it panics, that is an error of this operation alone.
    pub(super) async fn run(mut self, operation: impl Future<Output = Answer>) -> Answer {
        let answered = AssertUnwindSafe(operation).catch_unwind().instrument(self.span.clone()).await;
        let answer = answered.unwrap_or_else(|_| panicked(&self.asker));
        self.note(answer.errors());
        answer
    }

    /// Follows a subscription to its end. If it panics, it ends with an error.
    pub(super) fn follow<S>(mut self, answers: S) -> impl Stream<Item = Answer> + use<S>
    where
        S: Stream<Item = Answer>,
    {
        AssertUnwindSafe(answers).catch_unwind().map(move |answered| {
            let answer = answered.unwrap_or_else(|_| panicked(&self.asker));
            self.note(answer.errors());
            answer
        })
    }

    fn note(&mut self, errors: &[ServerError]) {
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

/// What is left of an operation that panicked. The panic's own message is nowhere: it may quote what
/// a client sent.
pub(super) fn panicked(asker: &Asker) -> Answer {
    tracing::error!(request.id = %asker.request, "an operation panicked");
    Answer::Refused(vec![broken(&asker.request)])
}
