//! One person at the keys: sends what was planned, as a good client does.
//!
//! A keystroke that is refused is sent again with the same `sequence` until the server takes it or patience
//! ends. What the person did not plan is noted: a wait for the server that may have looked like a pause, and a
//! request that may have taken effect twice.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::client::{Fleet, Refusal, RefusalKind};
use super::comparison::{ExpectedSearch, Leeway};
use super::plan::{Delivery, Person, PlannedCount, SearchBox, Wait};
use super::tally::{Answered, Tally};
use super::words::{essence, stored_form};
use quarry_runtime::retry::Backoff;

/// Between two tries of one request.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

const ONE: &str = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
const MANY: &str = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
const TRACKED: &str = "query($text: String!, $track: TrackInput!) { search(query: $text, first: 0, track: $track) { totalCount } }";

/// How fast people type, and how they wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two keystrokes, on average.
    pub(super) keystroke: Duration,
    /// A pause that ends a search for certain.
    pub(super) idle: Duration,
    /// Keystrokes that are so far apart may have become two searches.
    pub(super) suspicious: Duration,
    /// How long a refused keystroke is sent again.
    pub(super) patience: Duration,
    /// Keystrokes in one request.
    pub(super) batch: usize,
}

/// What all persons share.
pub(super) struct Room {
    pub(super) fleet: Fleet,
    pub(super) pace: Pace,
    pub(super) tally: Tally,
    /// Everybody stops when one keystroke cannot be brought in.
    pub(super) stop: CancellationToken,
    /// Why.
    pub(super) stopped: OnceLock<String>,
}

/// What happened to a search on the way.
#[derive(Clone, Debug, Default)]
struct Fate {
    /// A wait within it may have looked like a pause.
    is_split: bool,
    /// Something of it may have arrived twice without saying so.
    is_repeated: bool,
    /// The counts that the server gave for its text.
    served: HashSet<i64>,
}

/// A request that the server answered.
struct Sent {
    /// The earliest that it can have arrived.
    first: Instant,
    /// It may have arrived more than once.
    is_repeated: bool,
    data: Value,
}

/// No server took it, and everybody stops.
struct GivenUp;

impl Room {
    /// Types everything that a person has in mind; what must be stored then.
    pub(super) async fn seat(&self, person: Person) -> (String, Vec<ExpectedSearch>) {
        let boxes = person.boxes.into_iter().map(|planned| self.type_box(&person.session, planned));
        let expected = join_all(boxes).await.into_iter().flatten().collect();
        (person.session, expected)
    }

    async fn type_box(&self, session: &str, planned: SearchBox) -> Vec<ExpectedSearch> {
        let mut fates = vec![Fate::default(); planned.searches.len()];
        let mut request: Vec<&Delivery> = Vec::new();
        let mut last: Option<(usize, Instant)> = None;
        for (at, delivery) in planned.deliveries.iter().enumerate() {
            self.wait(delivery.wait).await;
            request.push(delivery);
            let goes_on = planned.deliveries.get(at + 1).is_some_and(|next| {
                next.wait != Wait::Idle && !next.keystroke.tracked && !delivery.keystroke.tracked
            });
            if goes_on && request.len() < self.pace.batch {
                continue;
            }
            let Ok(sent) = self.send(session, planned.input.as_deref(), &request).await else {
                self.tally.unaccepted(planned.deliveries.len() - (at + 1 - request.len()));
                break;
            };
            note(&planned, &request, &sent, last, self.pace.suspicious, &mut fates);
            last = Some((delivery.search, sent.first));
            request.clear();
        }
        expect(planned, fates)
    }

    async fn wait(&self, wait: Wait) {
        let pause = match wait {
            Wait::None => return,
            Wait::Keystroke(share) => self.pace.keystroke.mul_f64(share),
            Wait::Idle => self.pace.idle,
        };
        if !pause.is_zero() {
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Sends keystrokes until they are taken.
    async fn send(&self, session: &str, input: Option<&str>, request: &[&Delivery]) -> Result<Sent, GivenUp> {
        let (query, variables) = compose(session, input, request, self.pace.batch);
        let began = Instant::now();
        let (mut first, mut failures) = (None, 0);
        while !self.stop.is_cancelled() {
            let sent = Instant::now();
            let refusal = match self.fleet.ask(query, &variables).await {
                Ok(data) => {
                    let is_repeated = first.is_some();
                    self.count(request, &data, sent.elapsed(), is_repeated);
                    return Ok(Sent { first: first.unwrap_or(sent), is_repeated, data });
                }
                Err(refusal) => refusal,
            };
            self.tally.refused(&refusal.code, sent.elapsed());
            // Of several keystrokes, a part may have been taken.
            if refusal.kind != RefusalKind::NotTaken || request.len() > 1 {
                first.get_or_insert(sent);
            }
            if refusal.kind == RefusalKind::Final || began.elapsed() >= self.pace.patience {
                self.give_up(&refusal, began.elapsed());
                break;
            }
            failures += 1;
            self.tally.retried();
            let pause = BACKOFF.delay(failures, &mut rand::rng());
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
        Err(GivenUp)
    }

    fn give_up(&self, refusal: &Refusal, waited: Duration) {
        let Refusal { code, message, kind } = refusal;
        let reason = match kind {
            RefusalKind::Final => format!("a keystroke was refused for good: {code}: {message}"),
            _ => format!("no server took a keystroke for {:.0} s: {code}: {message}", waited.as_secs_f64()),
        };
        // Who is first says it for all.
        let _ = self.stopped.set(reason);
        self.stop.cancel();
    }

    fn count(&self, request: &[&Delivery], data: &Value, took: Duration, is_repeated: bool) {
        let sent = request.len() as u64;
        let out_of_turn = request.iter().filter(|delivery| delivery.out_of_turn).count() as u64;
        let accepted = match (&data["logKeystroke"]["accepted"], &data["logKeystrokes"]["accepted"]) {
            (Value::Bool(accepted), _) => u64::from(*accepted),
            (_, Value::Number(accepted)) => accepted.as_u64().unwrap_or(0),
            _ => sent,
        };
        // What was sent before may be late by now.
        let due = if is_repeated { 0 } else { sent - out_of_turn };
        self.tally.answered(&Answered {
            took,
            is_search: data["search"].is_object(),
            accepted,
            out_of_turn,
            dropped: due.saturating_sub(accepted),
        });
    }
}

/// Notes what a server may have made of the way in which a request came.
fn note(
    planned: &SearchBox,
    request: &[&Delivery],
    sent: &Sent,
    last: Option<(usize, Instant)>,
    suspicious: Duration,
    fates: &mut [Fate],
) {
    let Some(begin) = request.first() else { return };
    let now = Instant::now();
    if let Some((search, first)) = last
        && search == begin.search
        && now - first >= suspicious
    {
        fates[search].is_split = true;
    }
    let is_slow = request.len() > 1 && now - sent.first >= suspicious;
    for delivery in request {
        let fate = &mut fates[delivery.search];
        fate.is_split |= is_slow;
        fate.is_repeated |= sent.is_repeated && delivery.keystroke.sequence.is_none();
        let is_query =
            || essence(&delivery.keystroke.text) == essence(&planned.searches[delivery.search].query);
        if delivery.keystroke.tracked && is_query() {
            fate.served.extend(sent.data["search"]["totalCount"].as_i64());
        }
    }
}

fn expect(planned: SearchBox, fates: Vec<Fate>) -> Vec<ExpectedSearch> {
    let SearchBox { searches, deliveries, .. } = planned;
    let rows = searches.into_iter().zip(fates).enumerate().map(|(at, (search, fate))| {
        let count = match search.count {
            PlannedCount::Unknown => None,
            PlannedCount::Sent(count) => Some(count),
            // Documents may have come or gone between two of them.
            PlannedCount::Served => fate.served.iter().copied().next().filter(|_| fate.served.len() == 1),
        };
        let leeway = (fate.is_split || fate.is_repeated).then(|| Leeway {
            pieces: deliveries
                .iter()
                .filter(|delivery| delivery.search == at)
                .map(|delivery| stored_form(&delivery.keystroke.text))
                .collect(),
            is_repeatable: fate.is_repeated,
        });
        ExpectedSearch { query: search.query, user: search.user, count, leeway }
    });
    rows.collect()
}

fn compose(session: &str, input: Option<&str>, request: &[&Delivery], batch: usize) -> (&'static str, Value) {
    match request {
        [delivery] if delivery.keystroke.tracked => {
            let mut track = keystroke(session, input, delivery);
            let text = track.remove("text");
            (TRACKED, json!({ "text": text, "track": track }))
        }
        [delivery] if batch == 1 => (ONE, json!({ "input": keystroke(session, input, delivery) })),
        _ => {
            let all: Vec<_> = request.iter().map(|delivery| keystroke(session, input, delivery)).collect();
            (MANY, json!({ "input": all }))
        }
    }
}

fn keystroke(session: &str, input: Option<&str>, delivery: &Delivery) -> serde_json::Map<String, Value> {
    let typed = &delivery.keystroke;
    let fields = [
        ("sessionId", Some(json!(session))),
        ("inputId", input.map(|input| json!(input))),
        ("userId", typed.user.as_ref().map(|user| json!(user))),
        ("text", Some(json!(typed.text))),
        ("sequence", typed.sequence.map(|sequence| json!(sequence))),
        ("submitted", typed.submitted.then_some(Value::Bool(true))),
        ("resultCount", typed.result_count.map(|count| json!(count))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
