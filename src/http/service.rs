//! The execution of operations for every transport.
//!
//! POST, GET, batches, event streams and WebSockets all call [`GraphqlService::run`], so a rule that holds
//! for one of them holds for all.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use tokio::task::yield_now;
use tracing::Instrument;

use super::admission::{ClientClass, Permit, Work};
use super::http_error::{HttpError, OperationRejection};
use super::instrument::{InstrumentedOperation, panicked};
use super::request::{LARGE_BYTES, OperationRequest, SharedPermit};
use super::{HttpServices, HttpState};
use crate::domain::Principal;
use crate::graphql::{
    Answer, ErrorCode, Operation, OperationKind, Prepared, RequestContext, SUBSCRIPTION_TRANSPORTS,
};
use crate::memory::MemoryPermit;

/// The transport of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// GET: any page can trigger it, and anything on the way can repeat it.
    Get(CsrfCheck),
    /// GET of an event stream.
    GetStream(CsrfCheck),
    /// POST, alone or in a batch.
    Post,
    /// POST of an event stream.
    PostStream,
    /// A WebSocket.
    WebSocket,
}

/// The evidence that a GET request is not forged by another site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CsrfCheck {
    /// A header that no page of another site can send without a preflight request.
    Preflighted,
    /// No such header: a link, an image or a prefetch may have caused the request.
    Simple,
}

impl Transport {
    /// Returns true for transports that carry several answers.
    fn is_streaming(self) -> bool {
        matches!(self, Self::GetStream(_) | Self::PostStream | Self::WebSocket)
    }

    /// Rejects an operation that the transport must not carry.
    fn check(self, operation: &Prepared) -> Result<(), HttpError> {
        let (Self::Get(csrf) | Self::GetStream(csrf)) = self else { return Ok(()) };
        let message = match operation.kind() {
            OperationKind::Query if operation.logs() && csrf == CsrfCheck::Simple => {
                "A search that is logged (track) is run by POST, or by GET with the header apollo-require-preflight."
            }
            OperationKind::Query => return Ok(()),
            OperationKind::Subscription if self.is_streaming() => return Ok(()),
            OperationKind::Subscription => SUBSCRIPTION_TRANSPORTS,
            OperationKind::Mutation => "GET runs queries only: send this operation by POST.",
        };
        let error = HttpError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
        Err(error.with_header(ALLOW, HeaderValue::from_static("POST")))
    }
}

/// An operation that executes as its answers are polled.
pub(super) struct Execution {
    pub(super) is_subscription: bool,
    /// The operation stores or logs nothing, so a cached answer is as good.
    pub(super) is_cacheable: bool,
    /// One answer, except for subscriptions.
    pub(super) answers: BoxStream<'static, Answer>,
}

impl Execution {
    fn single(is_cacheable: bool, answer: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self { is_subscription: false, is_cacheable, answers: stream::once(answer).boxed() }
    }

    /// Executes a query or a mutation, or refuses a subscription, to its end.
    pub(super) async fn answer(mut self) -> Answer {
        self.answers.next().await.expect("there is one answer")
    }
}

/// The service that executes operations. Clones share it.
#[derive(Clone)]
pub(super) struct GraphqlService(pub(super) HttpState);

impl GraphqlService {
    /// Starts the operation of a request. An invalid operation is answered with its errors.
    pub(super) async fn run(
        &self,
        request: OperationRequest,
        transport: Transport,
        context: &RequestContext,
    ) -> Result<Execution, HttpError> {
        let held = (self.acquire().await?, request.permit());
        let operation = match self.prepare(request, transport, context).await {
            Ok(operation) => operation,
            Err(OperationRejection::Request(error)) => return Err(error),
            Err(OperationRejection::Operation(errors)) => {
                return Ok(Execution::single(false, async { Answer::Refused(errors) }));
            }
        };
        if operation.kind() == OperationKind::Subscription && transport.is_streaming() {
            drop(held);
            return self.subscribe(operation, context);
        }
        let is_cacheable = operation.kind() == OperationKind::Query && !operation.logs();
        let answer = self.clone().execute(operation, context.clone(), held);
        Ok(Execution::single(is_cacheable, answer))
    }

    /// Counts a malformed request against the rate limit too, or guessing would cost nothing.
    pub(super) fn rate_limited(&self, error: HttpError, context: &RequestContext) -> HttpError {
        self.check_rate(context).err().unwrap_or(error)
    }

    fn check_rate(&self, context: &RequestContext) -> Result<(), HttpError> {
        Ok(self.0.access.check_rate(&context.principal, context.credentials.address())?)
    }

    /// Acquires a permit for a query or a mutation.
    ///
    /// Most of them run without a pause. The yield admits or rejects requests that arrived in the meantime
    /// first: otherwise they would wait unread, however many they are, and no limit would ever be reached.
    async fn acquire(&self) -> Result<Permit, HttpError> {
        let permit = self.recorded(self.0.admission.acquire(Work::Operation))?;
        yield_now().await;
        Ok(permit)
    }

    /// Records a rejection by admission control in the metrics.
    fn recorded<T>(&self, admitted: Result<T, HttpError>) -> Result<T, HttpError> {
        if let Err(error) = &admitted {
            self.0.metrics.operations().refused(Instant::now(), std::slice::from_ref(error.graphql()));
        }
        admitted
    }

    /// Resolves the document, parses it and checks that the operation may run.
    async fn prepare(
        &self,
        request: OperationRequest,
        transport: Transport,
        context: &RequestContext,
    ) -> Result<Prepared, OperationRejection> {
        let started = Instant::now();
        let prepared = self.try_prepare(request, transport, context).await;
        if let Err(rejection) = &prepared {
            self.0.metrics.operations().refused(started, rejection.errors());
        }
        prepared
    }

    async fn try_prepare(
        &self,
        request: OperationRequest,
        transport: Transport,
        context: &RequestContext,
    ) -> Result<Prepared, OperationRejection> {
        let HttpServices { api, persisted_queries, .. } = &*self.0;
        self.check_rate(context)?;
        let (document, operation) = request.into_parts();
        let (query, unsaved) = document.resolve(persisted_queries).await?.into_parts();
        let prepared = self.parse(Operation { query, ..operation }, &context.principal).await;
        let prepared = prepared.map_err(OperationRejection::Operation)?;
        transport.check(&prepared)?;
        if let Some((hash, text)) = unsaved
            && api.authorize(&prepared, context).is_ok()
        {
            persisted_queries.save(hash, &text, api).await;
        }
        Ok(prepared)
    }

    /// Parses a document and reads its variables, large ones on a blocking thread.
    async fn parse(
        &self,
        operation: Operation,
        principal: &Principal,
    ) -> Result<Prepared, Vec<async_graphql::ServerError>> {
        if operation.query.len() + operation.variables.len() < LARGE_BYTES {
            return self.0.api.prepare(operation, principal);
        }
        let (api, principal) = (self.0.api.clone(), principal.clone());
        self.0.admission.run_blocking(move || api.prepare(operation, &principal)).await
    }

    /// Starts a subscription; it ends at shutdown.
    fn subscribe(&self, operation: Prepared, context: &RequestContext) -> Result<Execution, HttpError> {
        let HttpServices { api, admission, metrics, .. } = &*self.0;
        let permit = self.recorded(admission.acquire(Work::Subscription))?;
        // Of the request, a subscription keeps its document and its variables.
        let mut memory = MemoryPermit::default();
        let bytes = operation.memory_bytes();
        self.recorded(admission.reserve_body(&mut memory, bytes, ClientClass::of(context)))?;
        let instrumented = InstrumentedOperation::start(metrics, &operation, context);
        let answers = instrumented.instrument_stream(api.subscribe(operation, context.clone()));
        let answers = answers.take_until(admission.shutdown().clone().cancelled_owned());
        let answers = answers.inspect(move |_| {
            let _held_until_the_end = (&permit, &memory);
        });
        Ok(Execution { is_subscription: true, is_cacheable: false, answers: answers.boxed() })
    }

    /// Executes a query or a mutation while it holds its permit and the memory of its request.
    async fn execute(
        self,
        operation: Prepared,
        context: RequestContext,
        held: (Permit, SharedPermit),
    ) -> Answer {
        if operation.kind() != OperationKind::Mutation {
            return self.execute_here(operation, &context, held).await;
        }
        // A mutation that has begun to write completes even if its client disconnects.
        let (tasks, id) = (self.0.admission.tasks().clone(), context.id.clone());
        let run = async move { self.execute_here(operation, &context, held).await };
        tasks.spawn(run.in_current_span()).await.unwrap_or_else(|_| panicked(&id))
    }

    async fn execute_here(
        &self,
        operation: Prepared,
        context: &RequestContext,
        held: (Permit, SharedPermit),
    ) -> Answer {
        let instrumented = InstrumentedOperation::start(&self.0.metrics, &operation, context);
        let answer = instrumented.instrument(self.0.api.execute(operation, context)).await;
        drop(held);
        answer
    }
}
