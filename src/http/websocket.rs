//! Subscriptions: the `graphql-transport-ws` protocol, as the `graphql-ws` library defines it.
//!
//! Written out here because async-graphql's own has no limits, no time-out for
//! `connection_init`, and closes with codes that clients do not know.

mod frames;
mod message;
mod socket;
mod upgrade;

use std::pin::Pin;
use std::time::Duration;

use async_graphql::ServerError;
use axum::extract::rejection::ExtensionRejection;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use http::header::UPGRADE;
use http::{HeaderValue, StatusCode};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_stream::StreamMap;

use self::message::{Close, FromClient, Greeting, ToClient};
use self::socket::{MessageBounds, Received, Socket};
use self::upgrade::Upgrade;
use super::admission::CallerClass;
use super::encode::Encoded;
use super::json_values;
use super::operation::Transport;
use super::problem::Problem;
use super::request::{LARGE_BYTES, RawOperation};
use super::visitor::Guest;
use super::{HttpServices, HttpState};
use crate::access::AccessError;
use crate::graphql::{Answer, Asker, ErrorCode, OperationKind, RequestId};
use crate::memory::MemoryPermit;

/// The one subprotocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client has to hear that it is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// Answers `/graphql/ws`.
pub(super) async fn serve(
    State(state): State<HttpState>,
    id: Result<Extension<RequestId>, ExtensionRejection>,
    Guest(visitor): Guest,
    request: Request,
) -> Response {
    let Some((upgrade, response)) = Upgrade::of(request, PROTOCOL) else {
        let problem = Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            ErrorCode::BadUserInput,
            "This is the WebSocket of graphql-transport-ws. Send queries and mutations to /graphql.",
        );
        let mut response = problem.into_response();
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let place = match state.admission.websocket() {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let under_way = state.admission.tasks().token();
    let id = id.map_or_else(|_| RequestId::fresh(), |Extension(id)| id);
    let asker = match Asker::new(id, visitor) {
        Ok(asker) => asker,
        Err(denied) => return Problem::from(denied).into_response(),
    };
    tokio::spawn(async move {
        if let Some((socket, acceptable)) = open(upgrade, &state, &asker).await {
            Connection::new(state, asker).run(socket, acceptable).await;
        }
        drop((place, under_way));
    });
    response
}

/// The WebSocket, and whether its subprotocol is the one that is spoken.
async fn open(upgrade: Upgrade, state: &HttpState, asker: &Asker) -> Option<(Socket, bool)> {
    let has_protocol = upgrade.has_protocol();
    let bounds = MessageBounds {
        bytes: state.limits.message_bytes,
        time: state.limits.message_time,
        class: CallerClass::of(asker),
    };
    let socket = Socket::new(upgrade.connection().await?, bounds, state.admission.clone()).await;
    Some((socket, has_protocol))
}

/// What an operation under way says.
enum Told {
    Answer(Answer),
    /// Nothing more; early where the server's stop ended what has no end of its own.
    End {
        early: bool,
    },
}

fn forbidden() -> Close {
    Close::new(4403, "Forbidden")
}

/// The same with a reason: all are short enough for a close.
fn denied(denied: AccessError) -> Close {
    Close::new(4403, format!("Forbidden: {denied}"))
}

fn refused(errors: Vec<ServerError>) -> BoxStream<'static, Told> {
    stream::once(async { Told::Answer(Answer::Refused(errors)) }).boxed()
}

struct Connection {
    state: HttpState,
    asker: Asker,
    /// Ends when the asker is no longer let in.
    cut_off: Pin<Box<dyn Future<Output = ()> + Send>>,
    greeted: bool,
    /// How many operations began: each has an id of its own in the log.
    operations: u64,
    running: StreamMap<String, BoxStream<'static, Told>>,
}

impl Connection {
    fn new(state: HttpState, asker: Asker) -> Self {
        let cut_off = Box::pin(asker.visitor.clone().until_revoked(asker.caller.clone()));
        Self { state, asker, cut_off, greeted: false, operations: 0, running: StreamMap::new() }
    }

    async fn run(mut self, mut socket: Socket, acceptable: bool) {
        if !acceptable {
            close(&mut socket, Close::new(4406, "Subprotocol not acceptable")).await;
            return;
        }
        if let Err(reason) = self.talk(&mut socket).await {
            close(&mut socket, reason).await;
        }
    }

    /// Talks until the client goes, or must.
    async fn talk(&mut self, socket: &mut Socket) -> Result<(), Close> {
        let limits = self.state.limits;
        let stopping = self.state.admission.stopping().clone();
        let greeting_due = Instant::now() + limits.connection_init;
        let mut idle_since = Instant::now();
        let mut pings = interval_at(Instant::now() + limits.keep_alive, limits.keep_alive);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whether anything came since the last ping, and whether the server stops.
        let (mut heard, mut leaving) = (true, false);
        loop {
            let busy = !self.running.is_empty();
            if leaving && !busy {
                return Err(Close::new(1001, "The server is stopping"));
            }
            let sent = tokio::select! {
                received = socket.receive() => {
                    heard = true;
                    match received? {
                        Some(Received::Text(text, room)) => self.take(socket, text, room).await?,
                        Some(Received::Heartbeat) => true,
                        // The answer to a close goes out with the next read.
                        Some(Received::Close) => {
                            let _ = timeout(FAREWELL, socket.receive()).await;
                            false
                        }
                        None => false,
                    }
                }
                Some((id, told)) = self.running.next(), if busy => self.tell(socket, &id, told).await,
                () = sleep_until(greeting_due), if !self.greeted => {
                    return Err(Close::new(4408, "Connection initialisation timeout"));
                }
                () = sleep_until(idle_since + limits.idle_time), if self.greeted && !busy => {
                    return Err(Close::new(1000, "Nothing was running for too long"));
                }
                // Subscriptions end by themselves then.
                () = stopping.cancelled(), if !leaving => {
                    leaving = true;
                    true
                }
                _ = pings.tick() => {
                    // Who does not answer pings is gone, or does not read.
                    std::mem::take(&mut heard) && socket.ping().await
                }
                () = &mut self.cut_off => return Err(forbidden()),
            };
            if !sent {
                return Ok(());
            }
            if busy || !self.running.is_empty() {
                idle_since = Instant::now();
            }
        }
    }

    /// Does what the client says. False once the client is gone.
    async fn take(&mut self, socket: &mut Socket, text: Bytes, room: MemoryPermit) -> Result<bool, Close> {
        let parsed = if text.len() < LARGE_BYTES {
            FromClient::parse(&text)
        } else {
            let text = text.clone();
            self.state.admission.apart(move || FromClient::parse(&text)).await
        };
        match parsed? {
            FromClient::ConnectionInit { .. } if self.greeted => {
                Err(Close::new(4429, "Too many initialisation requests"))
            }
            FromClient::ConnectionInit { payload } => {
                self.let_in(payload)?;
                self.greeted = true;
                socket.set_class(CallerClass::of(&self.asker));
                Ok(send(socket, &ToClient::ConnectionAck).await)
            }
            FromClient::Ping { payload } => {
                Ok(send(socket, &ToClient::Pong { payload: payload.as_deref() }).await)
            }
            FromClient::Pong => Ok(true),
            FromClient::Subscribe { .. } if !self.greeted => Err(Close::new(4401, "Unauthorized")),
            FromClient::Subscribe { id, .. } if self.running.contains_key(&id) => {
                Err(Close::new(4409, format!("Subscriber for {id} already exists")))
            }
            FromClient::Subscribe { id, payload } => {
                // What the key opens may have changed since the last operation.
                self.asker.caller = self.asker.visitor.authenticate().map_err(denied)?;
                self.start(id, payload, &text, room);
                Ok(true)
            }
            FromClient::Complete { id } => {
                self.running.remove(&id);
                Ok(true)
            }
        }
    }

    /// Takes the key that the client greets with: browsers cannot send it as a header.
    fn let_in(&mut self, greeting: Greeting) -> Result<(), Close> {
        if let Some(authorization) = greeting.authorization {
            let mut visitor = self.asker.visitor.clone();
            visitor.set_authorization(&authorization);
            self.asker = Asker::new(self.asker.request.clone(), visitor).map_err(denied)?;
        }
        let Asker { caller, visitor, .. } = self.asker.clone();
        self.cut_off = Box::pin(visitor.until_revoked(caller));
        Ok(())
    }

    fn start(&mut self, id: String, payload: RawOperation, text: &[u8], mut room: MemoryPermit) {
        self.operations += 1;
        let HttpServices { limits, admission, .. } = &*self.state;
        let most = limits.subscriptions_per_connection;
        let class = CallerClass::of(&self.asker);
        let told = if self.running.len() >= most {
            let problem = Problem::busy(format!("A connection may have {most} operations under way."));
            refused(vec![problem.into_error()])
        } else if let Err(problem) = json_values::take_room(text, limits, admission, &mut room, class) {
            refused(vec![problem.into_error()])
        } else {
            let payload = payload.in_room(room.into());
            let state = self.state.clone();
            let asker = Asker { request: self.asker.request.part(self.operations), ..self.asker.clone() };
            let begun = async move {
                let stopping = state.admission.stopping().clone();
                match state.begin(payload, Transport::WebSocket, asker).await {
                    Ok((kind, answers)) => {
                        let follows = kind == OperationKind::Subscription;
                        let end = async move { Told::End { early: follows && stopping.is_cancelled() } };
                        answers.map(Told::Answer).chain(stream::once(end)).boxed()
                    }
                    Err(errors) => refused(errors.into_errors()),
                }
            };
            begun.flatten_stream().boxed()
        };
        self.running.insert(id, told);
    }

    /// Tells the client what an operation says. False once the client is gone.
    async fn tell(&mut self, socket: &mut Socket, id: &str, told: Told) -> bool {
        match told {
            Told::Answer(answer @ Answer::Ran(..)) => {
                let next =
                    Encoded::begin(ToClient::next(id).as_bytes()).answer(answer, &self.state).raw(b"}");
                socket.send_bytes(next.into_bytes()).await
            }
            // An error ends the operation.
            Told::Answer(Answer::Refused(errors)) => {
                self.running.remove(id);
                send(socket, &ToClient::Error { id, payload: &errors }).await
            }
            Told::End { early } => {
                self.running.remove(id);
                // Who follows something is to go on elsewhere, which a close says and this would not.
                early || send(socket, &ToClient::Complete { id }).await
            }
        }
    }
}

async fn send(socket: &mut Socket, message: &ToClient<'_>) -> bool {
    socket.send(serde_json::to_string(message).expect("a message is JSON")).await
}

/// Closes, and gives the client a moment to hear it.
async fn close(socket: &mut Socket, reason: Close) {
    // A client that is gone needs no close.
    let _ = timeout(FAREWELL, socket.close(reason)).await;
}
