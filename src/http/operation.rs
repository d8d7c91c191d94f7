//! What every transport does with an operation: POST, GET, batch and WebSocket come through here,
//! so that a rule that holds for one holds for all.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use super::HttpState;
use super::body::RawOperation;
use super::problem::Problem;
use crate::graphql::{Answer, Asker, ErrorCode, OperationKind, Prepared};
use async_graphql::ServerError;

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
}

impl HttpState {
    /// Makes an operation of what was sent, if it may be run.
    pub(super) fn prepare(&self, raw: RawOperation, transport: Transport) -> Result<Prepared, Refused> {
        let operation = raw.checked().map_err(Refused::Request)?;
        let operation = self.api.prepare(operation).map_err(Refused::Operation)?;
        if transport == Transport::Get && operation.kind() != OperationKind::Query {
            let message = "Only queries are run by GET; send this operation by POST.";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
            return Err(Refused::Request(problem.with_header(ALLOW, HeaderValue::from_static("POST"))));
        }
        Ok(operation)
    }

    /// Answers what was sent: what is not valid is answered, too, and what is no request is a problem.
    pub(super) async fn answer(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<Answer, Problem> {
        match self.prepare(raw, transport) {
            Ok(operation) => Ok(self.execute(operation, asker).await),
            Err(Refused::Operation(errors)) => Ok(Answer::Refused(errors)),
            Err(Refused::Request(problem)) => Err(problem),
        }
    }

    /// Runs a query or a mutation.
    pub(super) async fn execute(&self, operation: Prepared, asker: &Asker) -> Answer {
        self.api.execute(operation, asker).await
    }
}
