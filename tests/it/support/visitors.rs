//! Visitors who search, each with a session of their own, so that what must be logged is known.
//!
//! They do as a good client does: what was not taken, they send again with the same sequence, to
//! whatever server answers. Each types on and presses Enter, or types all at once and leaves; so
//! no wait for a server ends a search, unless it is longer than the window.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};

use super::search_log::Logged;
use super::server::{Answer, Endpoint};

const LOG_ONE: &str = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
/// Logs several keystrokes.
pub(crate) const LOG_MANY: &str =
    "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
/// Between two tries of one keystroke.
const PAUSE: Duration = Duration::from_millis(20);
/// What people search for.
const WORDS: [&str; 8] = ["kettle", "green tea", "Lampe", "çay", "winter boots", "мед", "oak table", "gift"];

/// One search that a visitor makes.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) session: String,
    pub(crate) text: String,
    /// Ends with Enter, not by leaving the box alone.
    pub(crate) submits: bool,
}

impl Visit {
    /// The search of visitor `number`; those of each name are different.
    pub(crate) fn new(name: &str, number: usize, submits: bool) -> Self {
        let word = WORDS[number % WORDS.len()];
        Self { session: format!("{name}-{number}"), text: format!("{word} {}", letters(number)), submits }
    }

    /// So many searches, each ended by Enter.
    pub(crate) fn submitted(name: &str, count: usize) -> Vec<Self> {
        (0..count).map(|number| Self::new(name, number, true)).collect()
    }

    /// What must be logged of it.
    pub(crate) fn logged(&self) -> Logged {
        (self.session.clone(), self.text.clone())
    }

    /// What the box holds after each keystroke.
    pub(crate) fn keystrokes(&self) -> Vec<Value> {
        let ends = self.text.char_indices().map(|(at, char)| at + char.len_utf8());
        let typed = ends.zip(1..).map(|(end, sequence)| {
            let (text, submitted) = (&self.text[..end], self.submits && end == self.text.len());
            json!({ "sessionId": self.session, "text": text, "sequence": sequence, "submitted": submitted })
        });
        typed.collect()
    }

    /// Types it all at once, if the server takes it.
    pub(crate) async fn type_at(&self, endpoint: &Endpoint) -> Answer {
        log_keystrokes(endpoint, &self.keystrokes()).await.expect("the server answers")
    }
}

/// Sends keystrokes in one call; none if nobody answers.
pub(crate) async fn log_keystrokes(endpoint: &Endpoint, keystrokes: &[Value]) -> Option<Answer> {
    endpoint.try_ask(LOG_MANY, json!({ "input": keystrokes })).await
}

/// Sends one keystroke; none if nobody answers.
pub(crate) async fn log_keystroke(endpoint: &Endpoint, keystroke: &Value) -> Option<Answer> {
    endpoint.try_ask(LOG_ONE, json!({ "input": keystroke })).await
}

/// Visitors at servers that come and go.
pub(crate) struct Visitors {
    endpoints: Mutex<Vec<Endpoint>>,
    turn: AtomicUsize,
    taken: AtomicUsize,
}

impl Visitors {
    /// Visitors of these servers.
    pub(crate) fn of(endpoints: Vec<Endpoint>) -> Self {
        Self { endpoints: Mutex::new(endpoints), turn: AtomicUsize::new(0), taken: AtomicUsize::new(0) }
    }

    /// A server took the place of another one.
    pub(crate) fn replace(&self, place: usize, endpoint: Endpoint) {
        self.endpoints.lock().expect("not poisoned")[place] = endpoint;
    }

    /// How many requests were answered well so far.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Makes all the visits, so many at a time: letter by letter those that end with Enter, each
    /// keystroke at another server; at once those that are left.
    pub(crate) async fn make(&self, visits: &[Visit], at_a_time: usize) {
        let visits = visits.iter().map(|visit| async {
            let keystrokes = visit.keystrokes();
            if !visit.submits {
                return self.send(&keystrokes).await;
            }
            for keystroke in keystrokes {
                self.repeat(async |endpoint| log_keystroke(&endpoint, &keystroke).await).await;
            }
        });
        iter(visits).buffer_unordered(at_a_time).collect::<Vec<()>>().await;
    }

    /// Makes all the visits, each in one call, so that a server has all of it or nothing.
    pub(crate) async fn make_at_once(&self, visits: &[Visit], at_a_time: usize) {
        let visits = visits.iter().map(async |visit| self.send(&visit.keystrokes()).await);
        iter(visits).buffer_unordered(at_a_time).collect::<Vec<()>>().await;
    }

    /// Sends keystrokes in one call, again until a server takes it.
    pub(crate) async fn send(&self, keystrokes: &[Value]) {
        self.repeat(async |endpoint| log_keystrokes(&endpoint, keystrokes).await).await;
    }

    /// Sends again until a server takes it.
    async fn repeat(&self, send: impl AsyncFn(Endpoint) -> Option<Answer>) {
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let endpoint = {
                let endpoints = self.endpoints.lock().expect("not poisoned");
                endpoints[turn % endpoints.len()].clone()
            };
            match send(endpoint).await {
                Some(answer) if answer.errors.is_empty() => break,
                Some(answer) => {
                    let codes = answer.codes();
                    let passes = codes.iter().all(|code| ["BUFFER_UNAVAILABLE", "TOO_BUSY"].contains(code));
                    assert!(passes, "{answer:?}");
                }
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
    }
}

/// A number in letters, for digits could be a telephone's.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(b'k' + digit - b'0')).collect()
}
