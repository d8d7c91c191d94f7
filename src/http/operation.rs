//! What every transport does with an operation: POST, GET, batch, WebSocket and event stream come
//! through here, so that a rule that holds for one holds for all.

use std::time::Instant;

use async_graphql::ServerError;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use tokio::task::yield_now;
use tracing::Instrument;

use super::HttpState;
use super::admission::{CallerClass, Place};
use super::observe::{Watched, panicked};
use super::problem::Problem;
use super::request::{Held, LARGE_BYTES, RawOperation};
use crate::domain::Principal;
use crate::graphql::{Answer, Asker, ErrorCode, Operation, OperationKind, Prepared, WHERE_SUBSCRIPTIONS_ARE};
use crate::memory::MemoryPermit;

/// How an operation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// In a URL, which may be fetched by any page, and again by anything on the way.
    Get(Meant),
    /// In a URL, by who accepts a stream of events.
    GetStream(Meant),
    /// In a body.
    Post,
    /// In a body, by who accepts a stream of events.
    PostStream,
    /// Over a WebSocket, which may stay open for what follows.
    WebSocket,
}

/// Whether a URL was surely fetched on purpose: not by a link, an image or a prefetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// A header says so that no page can send without asking first.
    Surely,
    /// Nothing says so.
    Perhaps,
}

impl Transport {
    /// Whether an operation may come this way.
    fn takes(self, operation: &Prepared) -> Result<(), Problem> {
        let (meant, follows) = match self {
            Self::Get(meant) => (meant, false),
            Self::GetStream(meant) => (meant, true),
            Self::Post | Self::PostStream | Self::WebSocket => return Ok(()),
        };
        let message = match operation.kind() {
            OperationKind::Query if operation.logs() && meant == Meant::Perhaps => {
                "A search that is logged (track) is run by POST, or by GET with the header apollo-require-preflight."
            }
            OperationKind::Query => return Ok(()),
            OperationKind::Subscription if follows => return Ok(()),
            OperationKind::Subscription => WHERE_SUBSCRIPTIONS_ARE,
            OperationKind::Mutation => "Only queries are run by GET; send this operation by POST.",
        };
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
        Err(problem.with_header(ALLOW, HeaderValue::from_static("POST")))
    }
}

/// The effect of an operation beside its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// An answer that is held will do for the next request.
    None,
    /// Something is stored or logged.
    Some,
}

/// The answers to an operation, as they come.
pub(super) type Answers = BoxStream<'static, Answer>;

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

    /// What is no request counts like one, or guessing would cost nothing.
    pub(super) fn rated(&self, problem: Problem, asker: &Asker) -> Problem {
        match self.gate.check_rate(&asker.caller, asker.visitor.address()) {
            Ok(()) => problem,
            Err(denied) => denied.into(),
        }
    }

    async fn check(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<Prepared, Refused> {
        let counted = self.gate.check_rate(&asker.caller, asker.visitor.address());
        counted.map_err(|denied| Refused::Request(denied.into()))?;
        let (asked, operation) = raw.checked().map_err(Refused::Request)?;
        let found = self.documents.find(asked).await.map_err(|error| Refused::Operation(vec![error]))?;
        let (query, new) = found.into_parts();
        let prepared = self.prepared(Operation { query, ..operation }, &asker.caller).await;
        let prepared = prepared.map_err(Refused::Operation)?;
        transport.takes(&prepared).map_err(Refused::Request)?;
        if let Some((name, text)) = new
            && self.api.authorize(&prepared, asker).is_ok()
        {
            self.documents.keep(name, &text, &self.api).await;
        }
        Ok(prepared)
    }

    /// Parses a document and reads its variables, large ones apart from the threads that serve requests.
    async fn prepared(&self, operation: Operation, caller: &Principal) -> Result<Prepared, Vec<ServerError>> {
        if operation.query.len() + operation.variables.len() < LARGE_BYTES {
            return self.api.prepare(operation, caller);
        }
        let (api, caller) = (self.api.clone(), caller.clone());
        self.admission.apart(move || api.prepare(operation, &caller)).await
    }

    /// A place for a query or a mutation.
    ///
    /// Most of them run without a pause, so others that came meanwhile are let in, or refused, first: else
    /// they would wait unread, however many they are, and nothing would ever be too much.
    async fn enter(&self) -> Result<Place, Problem> {
        let place = self.counted(self.admission.operation())?;
        yield_now().await;
        Ok(place)
    }

    /// Counts what finds no place.
    fn counted<T>(&self, place: Result<T, Problem>) -> Result<T, Problem> {
        if let Err(problem) = &place {
            self.metrics.operations().refused(Instant::now(), std::slice::from_ref(problem.error()));
        }
        place
    }

    /// Answers what was sent: what is not valid is answered, too, and what is no request is a problem.
    pub(super) async fn answer(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<Answer, Problem> {
        let (answer, _) = self.answer_and_effect(raw, transport, asker).await?;
        Ok(answer)
    }

    /// As [`Self::answer`], with the effect that the operation has beside its answer.
    pub(super) async fn answer_and_effect(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: &Asker,
    ) -> Result<(Answer, Effect), Problem> {
        let held = (self.enter().await?, raw.room());
        match self.prepare(raw, transport, asker).await {
            Ok(operation) => {
                let is_plain = operation.kind() == OperationKind::Query && !operation.logs();
                let effect = if is_plain { Effect::None } else { Effect::Some };
                Ok((self.execute(operation, asker, held).await, effect))
            }
            Err(Refused::Operation(errors)) => Ok((Answer::Refused(errors), Effect::None)),
            Err(Refused::Request(problem)) => Err(problem),
        }
    }

    /// Begins what was sent where answers follow one another; a query and a mutation have one.
    pub(super) async fn begin(
        &self,
        raw: RawOperation,
        transport: Transport,
        asker: Asker,
    ) -> Result<(OperationKind, Answers), Refused> {
        let held = (self.enter().await.map_err(Refused::Request)?, raw.room());
        let operation = self.prepare(raw, transport, &asker).await?;
        let kind = operation.kind();
        if kind == OperationKind::Subscription {
            drop(held);
            let place = self.counted(self.admission.subscription()).map_err(Refused::Request)?;
            // Of the request, a subscription keeps its document and its variables.
            let mut room = MemoryPermit::default();
            let kept = self.admission.body_room(&mut room, operation.memory_bytes(), CallerClass::of(&asker));
            self.counted(kept).map_err(Refused::Request)?;
            let stopping = self.admission.stopping().clone().cancelled_owned();
            let answers = self.subscribe(operation, asker).take_until(stopping);
            let answers = answers.inspect(move |_| {
                let _held_until_the_end = (&place, &room);
            });
            return Ok((kind, answers.boxed()));
        }
        let state = self.clone();
        let answer = async move { state.execute(operation, &asker, held).await };
        Ok((kind, stream::once(answer).boxed()))
    }

    /// Runs a query or a mutation in its place, and in the memory of its request.
    async fn execute(&self, operation: Prepared, asker: &Asker, held: (Place, Held)) -> Answer {
        if operation.kind() != OperationKind::Mutation {
            let answer = self.run(operation, asker).await;
            drop(held);
            return answer;
        }
        // What is being written is written to its end, even if who sent it hangs up.
        let (state, their) = (self.clone(), asker.clone());
        let run = async move {
            let answer = state.run(operation, &their).await;
            drop(held);
            answer
        };
        let running = self.admission.tasks().spawn(run.in_current_span());
        running.await.unwrap_or_else(|_| panicked(asker))
    }

    /// Runs a query or a mutation.
    async fn run(&self, operation: Prepared, asker: &Asker) -> Answer {
        let watched = Watched::begin(&self.metrics, &operation, asker);
        watched.run(self.api.execute(operation, asker)).await
    }

    /// Runs a subscription.
    fn subscribe(&self, operation: Prepared, asker: Asker) -> impl Stream<Item = Answer> + use<> {
        let watched = Watched::begin(&self.metrics, &operation, &asker);
        watched.follow(self.api.subscribe(operation, asker))
    }
}
