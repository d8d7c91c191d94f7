//! The session of a virtual user: delivers the planned keystrokes with retries.
//!
//! A rejected keystroke is retried with the same `sequence` until the server accepts it or the retry timeout
//! ends. Deviations from the plan are recorded: a delay that the server may have read as a pause, and a request
//! that may have taken effect twice.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::client::{RequestError, RequestErrorKind, ServerPool};
use super::comparison::{ExpectedSearch, Tolerance};
use super::metrics::{CompletedRequest, MetricsRecorder};
use super::plan::{Delivery, PlannedCount, Repetition, SearchBox, ThinkTime, VirtualUser};
use super::words::stored_form;
use quarry_runtime::retry::Backoff;

/// The back-off between two attempts of a request.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

const SINGLE: &str = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
const BATCH: &str = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
const TRACKED: &str = "query($text: String!, $track: TrackInput!) { search(query: $text, first: 1, track: $track) { totalCount pageInfo { endCursor } } }";
const PAGED: &str = "query($text: String!, $track: TrackInput!, $after: String) { search(query: $text, first: 1, after: $after, track: $track) { totalCount pageInfo { endCursor } } }";
const SORTED: &str = "query($text: String!, $track: TrackInput!) { search(query: $text, first: 1, sort: NEWEST, track: $track) { totalCount } }";

/// The pacing of all virtual users.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacing {
    /// The mean delay between two keystrokes.
    pub(super) keystroke: Duration,
    /// A pause that reliably ends a search.
    pub(super) idle: Duration,
    /// The delay from which the server may split a search.
    pub(super) split_risk: Duration,
    /// The time limit of a keystroke's retries.
    pub(super) retry_timeout: Duration,
    /// The number of keystrokes in one request.
    pub(super) batch: usize,
}

/// The shared state of all virtual users.
pub(super) struct LoadTestRun {
    pub(super) pool: ServerPool,
    pub(super) pacing: Pacing,
    pub(super) recorder: MetricsRecorder,
    /// Stops all virtual users after an undeliverable keystroke.
    pub(super) stop: CancellationToken,
    /// The reason, set by the first virtual user that aborts.
    pub(super) abort_reason: OnceLock<String>,
}

/// The deviations from the plan in the delivery of a search.
#[derive(Clone, Debug, Default)]
struct DeliveryOutcome {
    /// A delay within the search may have split it.
    is_split: bool,
    /// Keystrokes without a `sequence` may have arrived twice.
    is_repeated: bool,
    /// The counts in the server's responses to the query.
    served: HashSet<i64>,
}

/// The acknowledgement of a request.
struct Acknowledgement {
    /// The earliest time of arrival.
    first: Instant,
    /// The request may have arrived more than once.
    is_repeated: bool,
    data: Value,
}

/// An undeliverable keystroke, after which all virtual users stop.
struct DeliveryAborted;

impl LoadTestRun {
    /// Runs a virtual user; returns the session id and the expected rows.
    pub(super) async fn run_user(&self, virtual_user: VirtualUser) -> (String, Vec<ExpectedSearch>) {
        let boxes =
            virtual_user.boxes.into_iter().map(|planned| self.type_box(&virtual_user.session, planned));
        let expected = join_all(boxes).await.into_iter().flatten().collect();
        (virtual_user.session, expected)
    }

    async fn type_box(&self, session: &str, planned: SearchBox) -> Vec<ExpectedSearch> {
        let mut outcomes = vec![DeliveryOutcome::default(); planned.searches.len()];
        let mut request: Vec<&Delivery> = Vec::new();
        let mut last: Option<(usize, Instant)> = None;
        let mut cursor: Option<String> = None;
        for (at, delivery) in planned.deliveries.iter().enumerate() {
            self.wait(delivery.wait).await;
            request.push(delivery);
            let is_continuation = planned.deliveries.get(at + 1).is_some_and(|next| {
                next.wait != ThinkTime::Idle && !next.keystroke.tracked && !delivery.keystroke.tracked
            });
            if is_continuation && request.len() < self.pacing.batch {
                continue;
            }
            let input = (planned.input.as_deref(), cursor.as_deref());
            let Ok(sent) = self.send(session, input, &request).await else {
                self.recorder.record_unaccepted(planned.deliveries.len() - (at + 1 - request.len()));
                break;
            };
            record_delivery(&planned, &request, &sent, last, self.pacing.split_risk, &mut outcomes);
            last = Some((delivery.search, sent.first));
            if delivery.keystroke.tracked {
                cursor = sent.data["search"]["pageInfo"]["endCursor"].as_str().map(str::to_owned);
            }
            request.clear();
        }
        expect(planned, outcomes)
    }

    async fn wait(&self, wait: ThinkTime) {
        let pause = match wait {
            ThinkTime::None => return,
            ThinkTime::Keystroke(share) => self.pacing.keystroke.mul_f64(share),
            ThinkTime::Idle => self.pacing.idle,
        };
        if !pause.is_zero() {
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Sends keystrokes until the server accepts them.
    async fn send(
        &self,
        session: &str,
        input: (Option<&str>, Option<&str>),
        request: &[&Delivery],
    ) -> Result<Acknowledgement, DeliveryAborted> {
        let (query, variables) = compose(session, input, request, self.pacing.batch);
        let began = Instant::now();
        let (mut first, mut failures) = (None, 0);
        while !self.stop.is_cancelled() {
            let sent = Instant::now();
            let error = match self.pool.execute(query, &variables).await {
                Ok(data) => {
                    let is_repeated = first.is_some();
                    self.record_completed(request, &data, sent.elapsed(), is_repeated);
                    return Ok(Acknowledgement { first: first.unwrap_or(sent), is_repeated, data });
                }
                Err(error) => error,
            };
            self.recorder.record_error(&error.code, sent.elapsed());
            // A batch may have been accepted in part.
            if error.kind != RequestErrorKind::NotApplied || request.len() > 1 {
                first.get_or_insert(sent);
            }
            if error.kind == RequestErrorKind::Permanent || began.elapsed() >= self.pacing.retry_timeout {
                self.abort(&error, began.elapsed());
                break;
            }
            failures += 1;
            self.recorder.record_retry();
            let pause = BACKOFF.delay(failures, &mut rand::rng());
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
        Err(DeliveryAborted)
    }

    fn abort(&self, error: &RequestError, waited: Duration) {
        let RequestError { code, message, kind } = error;
        let reason = match kind {
            RequestErrorKind::Permanent => format!("a keystroke was refused for good: {code}: {message}"),
            _ => format!("no server took a keystroke for {:.0} s: {code}: {message}", waited.as_secs_f64()),
        };
        // Only the first reason is reported.
        let _ = self.abort_reason.set(reason);
        self.stop.cancel();
    }

    fn record_completed(&self, request: &[&Delivery], data: &Value, took: Duration, is_repeated: bool) {
        let sent = request.len() as u64;
        let out_of_turn = request.iter().filter(|delivery| delivery.out_of_turn).count() as u64;
        let accepted = match (&data["logKeystroke"]["accepted"], &data["logKeystrokes"]["accepted"]) {
            (Value::Bool(accepted), _) => u64::from(*accepted),
            (_, Value::Number(accepted)) => accepted.as_u64().unwrap_or(0),
            _ => sent,
        };
        // After a retry, keystrokes may be duplicates or late, which the server may drop.
        let due = if is_repeated { 0 } else { sent - out_of_turn };
        self.recorder.record_completed(&CompletedRequest {
            took,
            is_search: data["search"].is_object(),
            accepted,
            out_of_turn,
            dropped: due.saturating_sub(accepted),
        });
    }
}

/// Records deviations from the plan that the server may have interpreted.
fn record_delivery(
    planned: &SearchBox,
    request: &[&Delivery],
    sent: &Acknowledgement,
    last: Option<(usize, Instant)>,
    split_risk: Duration,
    outcomes: &mut [DeliveryOutcome],
) {
    let Some(begin) = request.first() else { return };
    let now = Instant::now();
    if let Some((search, first)) = last
        && search == begin.search
        && begin.wait != ThinkTime::Idle
        && now - first >= split_risk
    {
        outcomes[search].is_split = true;
    }
    let is_slow = request.len() > 1 && now - sent.first >= split_risk;
    for delivery in request {
        let outcome = &mut outcomes[delivery.search];
        outcome.is_split |= is_slow;
        outcome.is_repeated |= sent.is_repeated && delivery.keystroke.sequence.is_none();
        let keystroke = &delivery.keystroke;
        let is_query = || stored_form(&keystroke.text) == planned.searches[delivery.search].query;
        if keystroke.tracked && keystroke.repetition.is_none() && is_query() {
            outcome.served.extend(sent.data["search"]["totalCount"].as_i64());
        }
    }
}

fn expect(planned: SearchBox, outcomes: Vec<DeliveryOutcome>) -> Vec<ExpectedSearch> {
    let SearchBox { searches, deliveries, .. } = planned;
    let rows = searches.into_iter().zip(outcomes).enumerate().map(|(at, (search, outcome))| {
        let count = match search.count {
            PlannedCount::Unknown => None,
            PlannedCount::Sent(count) => Some(count),
            // Documents may have changed between two responses, so differing counts prove nothing.
            PlannedCount::Served => {
                outcome.served.iter().copied().next().filter(|_| outcome.served.len() == 1)
            }
        };
        let tolerance = (outcome.is_split || outcome.is_repeated).then(|| Tolerance {
            pieces: deliveries
                .iter()
                .filter(|delivery| delivery.search == at)
                .map(|delivery| stored_form(&delivery.keystroke.text))
                .collect(),
            is_repeatable: outcome.is_repeated,
        });
        ExpectedSearch { query: search.query, user: search.user, count, tolerance }
    });
    rows.collect()
}

fn compose(
    session: &str,
    (input, cursor): (Option<&str>, Option<&str>),
    request: &[&Delivery],
    batch: usize,
) -> (&'static str, Value) {
    match request {
        [delivery] if delivery.keystroke.tracked => {
            let mut track = keystroke(session, input, delivery);
            let text = track.remove("text");
            match delivery.keystroke.repetition {
                None | Some(Repetition::Again) => (TRACKED, json!({ "text": text, "track": track })),
                Some(Repetition::Sorted) => (SORTED, json!({ "text": text, "track": track })),
                Some(Repetition::NextPage) => {
                    (PAGED, json!({ "text": text, "track": track, "after": cursor }))
                }
            }
        }
        [delivery] if batch == 1 => (SINGLE, json!({ "input": keystroke(session, input, delivery) })),
        _ => {
            let all: Vec<_> = request.iter().map(|delivery| keystroke(session, input, delivery)).collect();
            (BATCH, json!({ "input": all }))
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
