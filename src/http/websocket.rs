//! Subscriptions: the `graphql-transport-ws` protocol, as the `graphql-ws` library defines it.
//!
//! Written out here because async-graphql's own has no limits, no time-out for
//! `connection_init`, and closes with codes that clients do not know.

use std::pin::Pin;
use std::time::Duration;

use async_graphql::ServerError;
use axum::extract::rejection::ExtensionRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use http::header::UPGRADE;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_stream::StreamMap;

use super::HttpState;
use super::body::RawOperation;
use super::operation::Transport;
use super::problem::Problem;
use super::visitor::Guest;
use crate::graphql::{Answer, Asker, ErrorCode, RequestId, refusal};

/// The one subprotocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// Answers `/graphql/ws`.
pub(super) async fn serve(
    State(state): State<HttpState>,
    id: Result<Extension<RequestId>, ExtensionRejection>,
    Guest(visitor): Guest,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let problem = Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            ErrorCode::BadUserInput,
            "This is the WebSocket of graphql-transport-ws. Send queries and mutations to /graphql.",
        );
        let mut response = problem.into_response();
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let id = id.map_or_else(|_| RequestId::fresh(), |Extension(id)| id);
    let asker = match Asker::new(id, visitor) {
        Ok(asker) => asker,
        Err(denied) => return Problem::from(denied).into_response(),
    };
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(state.limits.body_bytes)
        .max_frame_size(state.limits.body_bytes)
        .on_upgrade(move |socket| async move {
            let cut_off = Box::pin(asker.visitor.clone().until_cut_off(asker.caller.clone()));
            let connection = Connection {
                state,
                asker,
                cut_off,
                greeted: false,
                operations: 0,
                running: StreamMap::new(),
            };
            connection.run(socket).await;
        })
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    ConnectionInit {
        #[serde(default)]
        payload: Option<serde_json::Map<String, Value>>,
    },
    Ping,
    Pong,
    Subscribe {
        id: String,
        payload: RawOperation,
    },
    Complete {
        id: String,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    ConnectionAck,
    Pong,
    Next { id: &'a str, payload: &'a RawValue },
    Error { id: &'a str, payload: &'a [ServerError] },
    Complete { id: &'a str },
}

/// A close that the protocol names.
struct Close(u16, String);

fn forbidden() -> Close {
    Close(4403, "Forbidden".into())
}

/// What an operation under way says; `None` at its end.
type Answers = Pin<Box<dyn Stream<Item = Option<Answer>> + Send>>;

struct Connection {
    state: HttpState,
    asker: Asker,
    /// Ends when the asker is no longer let in.
    cut_off: Pin<Box<dyn Future<Output = ()> + Send>>,
    greeted: bool,
    /// How many operations began: each has an id of its own in the log.
    operations: u64,
    running: StreamMap<String, Answers>,
}

impl Connection {
    async fn run(mut self, mut socket: WebSocket) {
        if socket.protocol().is_none_or(|protocol| protocol != PROTOCOL) {
            close(&mut socket, Close(4406, "Subprotocol not acceptable".into())).await;
            return;
        }
        if let Err(reason) = self.talk(&mut socket).await {
            close(&mut socket, reason).await;
        }
    }

    /// Talks until the client goes, or must.
    async fn talk(&mut self, socket: &mut WebSocket) -> Result<(), Close> {
        let greeting_due = Instant::now() + self.state.limits.connection_init;
        let keep_alive: Duration = self.state.limits.keep_alive;
        let mut pings = interval_at(Instant::now() + keep_alive, keep_alive);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let sent = tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.take(socket, text.as_str()).await?,
                    Some(Ok(Message::Binary(_))) => return Err(Close(4400, "Send text messages".into())),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                },
                Some((id, answer)) = self.running.next(), if !self.running.is_empty() => {
                    self.tell(socket, &id, answer).await
                }
                () = sleep_until(greeting_due), if !self.greeted => {
                    return Err(Close(4408, "Connection initialisation timeout".into()));
                }
                () = &mut self.cut_off => return Err(forbidden()),
                _ = pings.tick() => socket.send(Message::Ping(Vec::new().into())).await.is_ok(),
            };
            if !sent {
                return Ok(());
            }
        }
    }

    /// Does what the client says. False once the client is gone.
    async fn take(&mut self, socket: &mut WebSocket, text: &str) -> Result<bool, Close> {
        let message = serde_json::from_str(text).map_err(|_| Close(4400, "Invalid message".into()))?;
        match message {
            FromClient::ConnectionInit { .. } if self.greeted => {
                Err(Close(4429, "Too many initialisation requests".into()))
            }
            FromClient::ConnectionInit { payload } => {
                self.let_in(payload.unwrap_or_default())?;
                self.greeted = true;
                Ok(send(socket, &ToClient::ConnectionAck).await)
            }
            FromClient::Ping => Ok(send(socket, &ToClient::Pong).await),
            FromClient::Pong => Ok(true),
            FromClient::Subscribe { .. } if !self.greeted => Err(Close(4401, "Unauthorized".into())),
            FromClient::Subscribe { id, .. } if self.running.contains_key(&id) => {
                Err(Close(4409, format!("Subscriber for {id} already exists").chars().take(100).collect()))
            }
            FromClient::Subscribe { id, payload } => {
                // What the key opens may have changed since the last operation.
                self.asker.caller = self.asker.visitor.caller().map_err(|_| forbidden())?;
                self.start(id, payload);
                Ok(true)
            }
            FromClient::Complete { id } => {
                self.running.remove(&id);
                Ok(true)
            }
        }
    }

    /// Takes the key that the client greets with: browsers cannot send it as a header.
    fn let_in(&mut self, greeting: serde_json::Map<String, Value>) -> Result<(), Close> {
        let said = greeting.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let Some((_, authorization)) = said.filter(|(_, value)| !value.is_null()) {
            let mut visitor = self.asker.visitor.clone();
            visitor.present(authorization.as_str().unwrap_or_default());
            self.asker = Asker::new(self.asker.request.clone(), visitor).map_err(|_| forbidden())?;
        }
        let Asker { caller, visitor, .. } = self.asker.clone();
        self.cut_off = Box::pin(visitor.until_cut_off(caller));
        Ok(())
    }

    fn start(&mut self, id: String, payload: RawOperation) {
        self.operations += 1;
        let asker = Asker { request: self.asker.request.part(self.operations), ..self.asker.clone() };
        let answers: Answers = if self.running.len() >= self.state.limits.subscriptions {
            let message =
                format!("A connection may have {} operations under way.", self.state.limits.subscriptions);
            let errors = vec![refusal(ErrorCode::TooBusy, message)];
            Box::pin(stream::once(async { Some(Answer::Refused(errors)) }))
        } else {
            let answers = self.state.clone().follow(payload, Transport::WebSocket, asker);
            Box::pin(answers.map(Some).chain(stream::once(async { None })))
        };
        self.running.insert(id, answers);
    }

    /// Tells the client what an operation says. False once the client is gone.
    async fn tell(&mut self, socket: &mut WebSocket, id: &str, answer: Option<Answer>) -> bool {
        match answer {
            Some(Answer::Ran(response)) => {
                let payload = serde_json::value::to_raw_value(&response).expect("an answer is JSON");
                send(socket, &ToClient::Next { id, payload: &payload }).await
            }
            // An error ends the operation.
            Some(Answer::Refused(errors)) => {
                self.running.remove(id);
                send(socket, &ToClient::Error { id, payload: &errors }).await
            }
            None => {
                self.running.remove(id);
                send(socket, &ToClient::Complete { id }).await
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: &ToClient<'_>) -> bool {
    let text = serde_json::to_string(message).expect("a message is JSON");
    socket.send(Message::Text(text.into())).await.is_ok()
}

async fn close(socket: &mut WebSocket, Close(code, reason): Close) {
    // A client that is gone needs no close.
    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}
