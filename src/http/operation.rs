//! What every transport does with an operation: POST, GET, batch and WebSocket come through here,
//! so that a rule that holds for one holds for all.

use std::time::Instant;

use async_graphql::ServerError;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use super::HttpState;
use super::body::RawOperation;
use super::observe::Watched;
use super::problem::Problem;
use crate::graphql::{Answer, Asker, ErrorCode, Operation, OperationKind, Prepared};

/// How an operation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// In a URL, which may be fetched by any page, and again by anything on the way.
    Get,
    /// In a body.
    Post,
    /// Over a WebSocket, which may stay open for what follows.
    WebSocket,
}

/// Why an operation is not run.
pub(super) enum Refused {
    /// It is no request that this server takes.
    Request(Problem),
    /// It is not valid.
    Operation(Vec<ServerError>),
}

impl Refused {
    /// The errors where there is no status to give.
    pub(super) fn into_errors(self) -> Vec<ServerError> {
        match self {
            Self::Request(problem) => vec![problem.into_error()],
            Self::Operation(errors) => errors,
        }
    }

    fn errors(&self) -> &[ServerError] {
        match self {
            Self::Request(problem) => std::slice::from_ref(problem.error()),
            Self::Operation(errors) => errors,
        }
    }
}

impl HttpState {
    /// Makes an operation of what was sent, if it may be run.
    pub(super) async fn prepare(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<Prepared, Refused> {
        let began = Instant::now();
        let prepared = self.check(raw, transport, asker).await;
        if let Err(refused) = &prepared {
            self.metrics.operations().refused(began, refused.errors());
        }
        prepared
    }

    async fn check(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<Prepared, Refused> {
        let counted = self.gate.count(&asker.caller, asker.visitor.address());
        counted.map_err(|denied| Refused::Request(denied.into()))?;
        let (asked, operation) = raw.checked().map_err(Refused::Request)?;
        let found = self.documents.find(asked).await.map_err(|error| Refused::Operation(vec![error]))?;
        let (query, new) = found.into_parts();
        let prepared = self.api.prepare(Operation { query, ..operation }).map_err(Refused::Operation)?;
        if transport == Transport::Get && prepared.kind() != OperationKind::Query {
            let message = "Only queries are run by GET; send this operation by POST.";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
            return Err(Refused::Request(problem.with_header(ALLOW, HeaderValue::from_static("POST"))));
        }
        if let Some((name, text)) = new {
            self.documents.keep(name, &text, &self.api).await;
        }
        Ok(prepared)
    }

    /// Answers what was sent: what is not valid is answered, too, and what is no request is a problem.
    pub(super) async fn answer(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<Answer, Problem> {
        match self.prepare(raw, transport, asker).await {
            Ok(operation) => Ok(self.execute(operation, asker).await),
            Err(Refused::Operation(errors)) => Ok(Answer::Refused(errors)),
            Err(Refused::Request(problem)) => Err(problem),
        }
    }

    /// What an operation of any kind says until its end, over a transport that stays open meanwhile.
    pub(super) fn follow(
        self,
        raw: RawOperation,
        transport: Transport,
        asker: Asker,
    ) -> impl Stream<Item = Answer> + Send + 'static {
        let begun = async move {
            let answers: BoxStream<'static, Answer> = match self.prepare(raw, transport, &asker).await {
                Err(refused) => stream::iter([Answer::Refused(refused.into_errors())]).boxed(),
                Ok(operation) if operation.kind() == OperationKind::Subscription => {
                    self.subscribe(operation, asker).boxed()
                }
                Ok(operation) => stream::once(async move { self.execute(operation, &asker).await }).boxed(),
            };
            answers
        };
        stream::once(begun).flatten()
    }

    /// Runs a query or a mutation.
    pub(super) async fn execute(&self, operation: Prepared, asker: &Asker) -> Answer {
        let watched = Watched::begin(&self.metrics, &operation, asker);
        watched.run(self.api.execute(operation, asker)).await
    }

    /// Runs a subscription.
    pub(super) fn subscribe(&self, operation: Prepared, asker: Asker) -> impl Stream<Item = Answer> + use<> {
        let watched = Watched::begin(&self.metrics, &operation, &asker);
        watched.follow(self.api.subscribe(operation, asker))
    }
}
