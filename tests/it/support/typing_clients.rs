//! Clients that type searches, each in its own session, so that the expected log is known.
//!
//! Like well-behaved clients, they retry rejected keystrokes with the same sequence, on any server. Each
//! search either ends with Enter, or arrives in one request and becomes idle; so no delay by a server ends
//! a search, unless it exceeds the window.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};

use super::search_log::Logged;
use super::server::{Endpoint, GraphqlResponse};

/// Logs one keystroke.
const LOG_KEYSTROKE: &str =
    "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
/// Logs several keystrokes.
pub(crate) const LOG_KEYSTROKES: &str =
    "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
/// The pause between two attempts to send a keystroke.
const RETRY_DELAY: Duration = Duration::from_millis(20);
/// Words of searches.
const WORDS: [&str; 8] = ["kettle", "green tea", "Lampe", "çay", "winter boots", "мед", "oak table", "gift"];

/// A search that a client types.
#[derive(Clone, Debug)]
pub(crate) struct TypedSearch {
    pub(crate) session: String,
    pub(crate) text: String,
    /// True if it ends with Enter, false if it becomes idle.
    pub(crate) submits: bool,
}

impl TypedSearch {
    /// Creates the search of a client; all searches of a name differ.
    pub(crate) fn new(name: &str, number: usize, submits: bool) -> Self {
        let word = WORDS[number % WORDS.len()];
        Self { session: format!("{name}-{number}"), text: format!("{word} {}", letters(number)), submits }
    }

    /// Creates `count` searches that end with Enter.
    pub(crate) fn submitted(name: &str, count: usize) -> Vec<Self> {
        (0..count).map(|number| Self::new(name, number, true)).collect()
    }

    /// Returns its expected row in the log.
    pub(crate) fn logged(&self) -> Logged {
        (self.session.clone(), self.text.clone())
    }

    /// Returns the input of each keystroke.
    pub(crate) fn keystrokes(&self) -> Vec<Value> {
        let ends = self.text.char_indices().map(|(at, char)| at + char.len_utf8());
        let typed = ends.zip(1..).map(|(end, sequence)| {
            let (text, submitted) = (&self.text[..end], self.submits && end == self.text.len());
            json!({ "sessionId": self.session, "text": text, "sequence": sequence, "submitted": submitted })
        });
        typed.collect()
    }

    /// Sends all its keystrokes in one request.
    pub(crate) async fn type_at(&self, endpoint: &Endpoint) -> GraphqlResponse {
        log_keystrokes(endpoint, &self.keystrokes()).await.expect("the server answers")
    }
}

/// Sends keystrokes in one request; `None` without a response.
pub(crate) async fn log_keystrokes(endpoint: &Endpoint, keystrokes: &[Value]) -> Option<GraphqlResponse> {
    endpoint.try_query(LOG_KEYSTROKES, json!({ "input": keystrokes })).await
}

/// Sends one keystroke; `None` without a response.
pub(crate) async fn log_keystroke(endpoint: &Endpoint, keystroke: &Value) -> Option<GraphqlResponse> {
    endpoint.try_query(LOG_KEYSTROKE, json!({ "input": keystroke })).await
}

/// Clients that retry on other servers.
pub(crate) struct TypingClients {
    endpoints: Mutex<Vec<Endpoint>>,
    next: AtomicUsize,
    accepted: AtomicUsize,
}

impl TypingClients {
    /// Creates clients of these servers.
    pub(crate) fn new(endpoints: Vec<Endpoint>) -> Self {
        Self { endpoints: Mutex::new(endpoints), next: AtomicUsize::new(0), accepted: AtomicUsize::new(0) }
    }

    /// Replaces a server.
    pub(crate) fn replace(&self, index: usize, endpoint: Endpoint) {
        self.endpoints.lock().expect("not poisoned")[index] = endpoint;
    }

    /// Returns the number of accepted requests.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Types all searches, `concurrency` at a time.
    ///
    /// Those that end with Enter arrive letter by letter, each keystroke at another server; the others in
    /// one request.
    pub(crate) async fn type_all(&self, searches: &[TypedSearch], concurrency: usize) {
        let searches = searches.iter().map(|search| async {
            let keystrokes = search.keystrokes();
            if !search.submits {
                return self.send(&keystrokes).await;
            }
            for keystroke in keystrokes {
                self.retry(async |endpoint| log_keystroke(&endpoint, &keystroke).await).await;
            }
        });
        iter(searches).buffer_unordered(concurrency).collect::<Vec<()>>().await;
    }

    /// Types all searches, each in one request, so that a server has the whole search or none of it.
    pub(crate) async fn type_at_once(&self, searches: &[TypedSearch], concurrency: usize) {
        let searches = searches.iter().map(async |search| self.send(&search.keystrokes()).await);
        iter(searches).buffer_unordered(concurrency).collect::<Vec<()>>().await;
    }

    /// Sends keystrokes in one request until a server accepts it.
    pub(crate) async fn send(&self, keystrokes: &[Value]) {
        self.retry(async |endpoint| log_keystrokes(&endpoint, keystrokes).await).await;
    }

    /// Repeats a request until a server accepts it.
    async fn retry(&self, send: impl AsyncFn(Endpoint) -> Option<GraphqlResponse>) {
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let endpoint = {
                let endpoints = self.endpoints.lock().expect("not poisoned");
                endpoints[next % endpoints.len()].clone()
            };
            match send(endpoint).await {
                Some(answer) if answer.errors.is_empty() => break,
                Some(answer) => {
                    let codes = answer.codes();
                    let is_transient =
                        codes.iter().all(|code| ["BUFFER_UNAVAILABLE", "TOO_BUSY"].contains(code));
                    assert!(is_transient, "{answer:?}");
                }
                None => {}
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }
}

/// Spells a number in letters: digits may be masked as a telephone number.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(b'k' + digit - b'0')).collect()
}
