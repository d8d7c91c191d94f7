//! Subscriptions over WebSocket: the `graphql-transport-ws` protocol of the `graphql-ws` library.
//!
//! async-graphql's implementation has no limits and no time-out for `connection_init`, and closes with
//! codes that clients do not know.

mod frames;
mod message;
mod socket;
mod upgrade;

use std::pin::Pin;
use std::time::Duration;

use async_graphql::http::WebSocketProtocols;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use http::header::UPGRADE;
use http::{HeaderValue, StatusCode};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_stream::StreamMap;

use self::message::{ClientMessage, CloseReason, ConnectionParams, ServerMessage};
use self::socket::{MessageLimits, ReceivedMessage, Socket};
use self::upgrade::Upgrade;
use super::admission::{ClientClass, Work};
use super::authentication::{credentials, user_agent};
use super::encode::ResponseBody;
use super::http_error::HttpError;
use super::json;
use super::request::{LARGE_BYTES, OperationRequest};
use super::service::Transport;
use super::{HttpServices, HttpState};
use crate::access::AccessError;
use crate::graphql::{Answer, ErrorCode, RequestContext, RequestId};
use crate::memory::MemoryPermit;

/// The longest time that a client may take to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves `/graphql/ws`.
pub(super) async fn serve(
    State(state): State<HttpState>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let credentials = credentials(&state, &request);
    let user_agent = user_agent(request.headers());
    let protocol = WebSocketProtocols::GraphQLWS.sec_websocket_protocol();
    let Some((upgrade, response)) = Upgrade::of(request, protocol) else {
        let error = HttpError::new(
            StatusCode::UPGRADE_REQUIRED,
            ErrorCode::BadUserInput,
            "This is the WebSocket of graphql-transport-ws. Send queries and mutations to /graphql.",
        );
        let mut response = error.into_response();
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let permit = match state.admission.acquire(Work::WebSocket) {
        Ok(permit) => permit,
        Err(error) => return error.into_response(),
    };
    let task = state.admission.tasks().token();
    let context = match RequestContext::authenticate(id, credentials) {
        Ok(context) => context.with_user_agent(user_agent),
        Err(error) => return HttpError::from(error).into_response(),
    };
    tokio::spawn(async move {
        let has_protocol = upgrade.has_protocol();
        if let Some(connection) = upgrade.connection().await {
            let limits = MessageLimits {
                bytes: state.limits.message_bytes,
                time: state.limits.message_time,
                class: ClientClass::of(&context),
            };
            let socket = Socket::new(connection, limits, state.admission.clone()).await;
            Connection::new(state, context).run(socket, has_protocol).await;
        }
        drop((permit, task));
    });
    response
}

/// An event of an operation in flight.
enum StreamEvent {
    Answer(Answer),
    /// The end; early if shutdown ended a subscription.
    End {
        is_early: bool,
    },
}

fn forbidden(error: AccessError) -> CloseReason {
    CloseReason::new(4403, format!("Forbidden: {error}"))
}

fn refused(error: HttpError) -> BoxStream<'static, StreamEvent> {
    stream::once(async { StreamEvent::Answer(Answer::Refused(vec![error.into_graphql()])) }).boxed()
}

struct Connection {
    state: HttpState,
    context: RequestContext,
    /// Ends when the credentials are revoked.
    revoked: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_initialized: bool,
    /// The number of operations so far: each has an id of its own in the log.
    operations: u64,
    running: StreamMap<String, BoxStream<'static, StreamEvent>>,
}

impl Connection {
    fn new(state: HttpState, context: RequestContext) -> Self {
        let revoked = revocation(&context);
        Self { state, context, revoked, is_initialized: false, operations: 0, running: StreamMap::new() }
    }

    async fn run(mut self, mut socket: Socket, has_protocol: bool) {
        let ended = if has_protocol {
            self.serve(&mut socket).await
        } else {
            Err(CloseReason::new(4406, "Subprotocol not acceptable"))
        };
        if let Err(reason) = ended {
            // The close may fail: the client may be gone.
            let _ = timeout(CLOSE_TIMEOUT, socket.close(reason)).await;
        }
    }

    /// Serves the client until it disconnects or must be closed.
    async fn serve(&mut self, socket: &mut Socket) -> Result<(), CloseReason> {
        let limits = self.state.limits;
        let shutdown = self.state.admission.shutdown().clone();
        let init_deadline = Instant::now() + limits.connection_init;
        let mut idle_since = Instant::now();
        let mut pings = interval_at(Instant::now() + limits.keep_alive, limits.keep_alive);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut received_since_ping, mut is_shutting_down) = (true, false);
        loop {
            let is_busy = !self.running.is_empty();
            if is_shutting_down && !is_busy {
                return Err(CloseReason::new(1001, "The server is stopping"));
            }
            let is_connected = tokio::select! {
                received = socket.receive() => {
                    received_since_ping = true;
                    match received? {
                        Some(ReceivedMessage::Text(text, permit)) => self.handle(socket, text, permit).await?,
                        Some(ReceivedMessage::Heartbeat) => true,
                        // The next read sends the answer to a close.
                        Some(ReceivedMessage::Close) => {
                            let _ = timeout(CLOSE_TIMEOUT, socket.receive()).await;
                            false
                        }
                        None => false,
                    }
                }
                Some((id, event)) = self.running.next(), if is_busy => {
                    self.send_event(socket, &id, event).await
                }
                () = sleep_until(init_deadline), if !self.is_initialized => {
                    return Err(CloseReason::new(4408, "Connection initialisation timeout"));
                }
                () = sleep_until(idle_since + limits.idle_time), if self.is_initialized && !is_busy => {
                    return Err(CloseReason::new(1000, "The connection was idle for too long"));
                }
                // Subscriptions end by themselves at shutdown.
                () = shutdown.cancelled(), if !is_shutting_down => {
                    is_shutting_down = true;
                    true
                }
                _ = pings.tick() => {
                    // A client that leaves a ping unanswered is gone, or does not read.
                    std::mem::take(&mut received_since_ping) && socket.ping().await
                }
                () = &mut self.revoked => return Err(CloseReason::new(4403, "Forbidden")),
            };
            if !is_connected {
                return Ok(());
            }
            if is_busy || !self.running.is_empty() {
                idle_since = Instant::now();
            }
        }
    }

    /// Handles a message. Returns false once the client is gone.
    async fn handle(
        &mut self,
        socket: &mut Socket,
        text: Bytes,
        permit: MemoryPermit,
    ) -> Result<bool, CloseReason> {
        let message = if text.len() < LARGE_BYTES {
            ClientMessage::parse(&text)
        } else {
            let text = text.clone();
            self.state.admission.run_blocking(move || ClientMessage::parse(&text)).await
        };
        match message? {
            ClientMessage::ConnectionInit { .. } if self.is_initialized => {
                Err(CloseReason::new(4429, "Too many initialisation requests"))
            }
            ClientMessage::ConnectionInit { payload } => {
                self.authenticate(payload).map_err(forbidden)?;
                self.is_initialized = true;
                socket.set_class(ClientClass::of(&self.context));
                Ok(send(socket, &ServerMessage::ConnectionAck).await)
            }
            ClientMessage::Ping { payload } => {
                Ok(send(socket, &ServerMessage::Pong { payload: payload.as_deref() }).await)
            }
            ClientMessage::Pong => Ok(true),
            ClientMessage::Subscribe { .. } if !self.is_initialized => {
                Err(CloseReason::new(4401, "Unauthorized"))
            }
            ClientMessage::Subscribe { id, .. } if self.running.contains_key(&id) => {
                Err(CloseReason::new(4409, format!("Subscriber for {id} already exists")))
            }
            ClientMessage::Subscribe { id, payload } => {
                // The scopes of the key may have changed since the last operation.
                self.context.principal = self.context.credentials.authenticate().map_err(forbidden)?;
                let events = self.start(payload, &text, permit).unwrap_or_else(refused);
                self.running.insert(id, events);
                Ok(true)
            }
            ClientMessage::Complete { id } => {
                self.running.remove(&id);
                Ok(true)
            }
        }
    }

    /// Authenticates the key of `connection_init`: browsers cannot send it as a header.
    fn authenticate(&mut self, params: ConnectionParams) -> Result<(), AccessError> {
        if let Some(authorization) = params.authorization {
            let mut credentials = self.context.credentials.clone();
            credentials.set_authorization(&authorization);
            let context = RequestContext::authenticate(self.context.id.clone(), credentials)?;
            self.context = context.with_user_agent(self.context.user_agent.take());
        }
        self.revoked = revocation(&self.context);
        Ok(())
    }

    /// Starts an operation.
    fn start(
        &mut self,
        operation: OperationRequest,
        text: &[u8],
        mut permit: MemoryPermit,
    ) -> Result<BoxStream<'static, StreamEvent>, HttpError> {
        self.operations += 1;
        let HttpServices { limits, admission, .. } = &*self.state;
        let limit = limits.subscriptions_per_connection;
        if self.running.len() >= limit {
            return Err(HttpError::busy(format!("A connection may run {limit} operations at a time.")));
        }
        let class = ClientClass::of(&self.context);
        json::reserve_values(text, limits, admission, &mut permit, class)?;
        let operation = operation.with_permit(permit.into());
        let (service, shutdown) = (self.state.graphql(), admission.shutdown().clone());
        let id = self.context.id.part(self.operations);
        let context = RequestContext { id, ..self.context.clone() };
        let events = async move {
            match service.run(operation, Transport::WebSocket, &context).await {
                Ok(execution) => {
                    let is_subscription = execution.is_subscription;
                    let end = async move {
                        StreamEvent::End { is_early: is_subscription && shutdown.is_cancelled() }
                    };
                    execution.answers.map(StreamEvent::Answer).chain(stream::once(end)).boxed()
                }
                Err(error) => refused(error),
            }
        };
        Ok(events.flatten_stream().boxed())
    }

    /// Sends an event. Returns false once the client is gone.
    async fn send_event(&mut self, socket: &mut Socket, id: &str, event: StreamEvent) -> bool {
        match event {
            StreamEvent::Answer(answer @ Answer::Ran(..)) => {
                let next = ResponseBody::starting_with(ServerMessage::next(id).as_bytes())
                    .answer(answer, &self.state)
                    .raw(b"}");
                socket.send_bytes(next.into_bytes()).await
            }
            // An error ends the operation.
            StreamEvent::Answer(Answer::Refused(errors)) => {
                self.running.remove(id);
                send(socket, &ServerMessage::Error { id, payload: &errors }).await
            }
            StreamEvent::End { is_early } => {
                self.running.remove(id);
                // After an early end the client is to subscribe elsewhere: a close says so, `complete` does not.
                is_early || send(socket, &ServerMessage::Complete { id }).await
            }
        }
    }
}

fn revocation(context: &RequestContext) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(context.credentials.clone().until_revoked(context.principal.clone()))
}

async fn send(socket: &mut Socket, message: &ServerMessage<'_>) -> bool {
    socket.send(serde_json::to_string(message).expect("a message is JSON")).await
}
