//! The planned keystrokes of each virtual user and the expected rows: pure, from a seed.
//!
//! Expected rows come from the intended queries, never from the keystrokes, so that they can verify the server's
//! interpretation. A plan contains only input whose result the specification of a search determines.
//!
//! | File | Holds |
//! |---|---|
//! | `typing` | the keystrokes that enter a text |
//! | `searches` | the sequence of searches in one search box |
//! | `network` | duplicate and reordered keystrokes |

mod network;
mod searches;
#[cfg(test)]
mod tests;
mod typing;

use std::ops::Range;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use network::deliver_with_jitter;
use searches::{Identity, fill_box};

use super::words::{folded_letters, stored_form};

/// The most searches of one virtual user.
///
/// Few enough that no session reaches the server's flood limit (600 keystrokes in 10 s) without think time.
const MAX_SEARCHES: usize = 6;
/// The share of virtual users with two search boxes or tabs.
const TWO_INPUTS_SHARE: f64 = 0.2;
/// The share of anonymous users with one search box who log in during a search.
const LOGIN_SHARE: f64 = 0.2;
/// The share of virtual users whose client reports the number of documents found.
const COUNT_REPORTED_SHARE: f64 = 0.5;
/// The distance between the seeds of two virtual users, which decorrelates them.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// The behaviour of the virtual users; shares and rates range from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct UserProfile {
    /// The seed, which determines all plans.
    pub seed: u64,
    /// The prefix of all session and user ids.
    pub prefix: String,
    /// The total number of searches, and of expected rows.
    pub searches: usize,
    /// The share of searches with a corrected typo.
    pub typo_rate: f64,
    /// The share of searches that end with backspaces: one half idle, one half submitted.
    pub backspace_rate: f64,
    /// The share of virtual users without a user id at the start.
    pub anonymous_share: f64,
    /// The share of keystrokes sent through `search(track:)`.
    pub track_share: f64,
    /// The share of keystrokes that arrive twice or after the next one.
    pub jitter_rate: f64,
    /// The share of searches with pauses of the window, while they are typed and before they are erased.
    pub pause_rate: f64,
    /// The share of searches through input methods, dictation and completions.
    pub composed_rate: f64,
    /// The share of submitted searches whose next pages, other orders and same page are requested.
    pub paging_rate: f64,
    /// The share of virtual users without `sequence`, whose keystrokes arrive once and in order.
    pub unsequenced_share: f64,
}

/// A virtual user with one session.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualUser {
    /// The session id.
    pub session: String,
    /// One search box, or two in parallel.
    pub boxes: Vec<SearchBox>,
}

/// The plan of one search box or tab.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchBox {
    /// The input id, if the client sends one.
    pub input: Option<String>,
    /// The expected rows, one for each search, in order.
    pub searches: Vec<PlannedSearch>,
    /// The keystrokes in order of delivery.
    pub deliveries: Vec<Delivery>,
}

/// A planned search with its expected row.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSearch {
    /// The stored form of the query.
    pub query: String,
    /// The user id.
    pub user: Option<String>,
    /// The expected number of documents found.
    pub count: PlannedCount,
    /// The text is not entered letter by letter.
    pub is_composed: bool,
}

/// A further request of a submitted search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// The next page.
    NextPage,
    /// The same search in another order.
    Sorted,
    /// The same page, as after coming back.
    Again,
}

/// The knowledge of a row's number of documents before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedCount {
    /// Unknown: none is sent, or two sources compete.
    Unknown,
    /// The client sends it.
    Sent(i64),
    /// The server counts it, for `search(track:)`.
    Served,
}

/// The delivery of a keystroke.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The index of its search in the search box.
    pub search: usize,
    /// The think time before it.
    pub wait: ThinkTime,
    /// A duplicate or a late keystroke, which the server may drop.
    pub out_of_turn: bool,
    /// The keystroke.
    pub keystroke: PlannedKeystroke,
}

/// The think time before a keystroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThinkTime {
    /// No think time.
    None,
    /// A multiple of the mean delay at the typing speed.
    Keystroke(f64),
    /// A pause that ends a search.
    Idle,
}

/// A keystroke in a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedKeystroke {
    /// The whole content of the search box.
    pub text: String,
    /// The user id, if logged in.
    pub user: Option<String>,
    /// The client's sequence number.
    pub sequence: Option<i64>,
    /// Enter was pressed.
    pub submitted: bool,
    /// The number of documents found, if the client reports it.
    pub result_count: Option<i64>,
    /// Sent through `search(track:)`.
    pub tracked: bool,
    /// A further request of the same search, through `search(track:)`.
    pub repetition: Option<Repetition>,
}

/// Generates virtual users with `profile.searches` searches in total.
pub fn virtual_users(profile: &UserProfile) -> impl Iterator<Item = VirtualUser> {
    let mut left = profile.searches;
    (0_u64..).map_while(move |index| {
        let mut rng = StdRng::seed_from_u64(profile.seed ^ index.wrapping_mul(STRIDE));
        let searches = rng.random_range(1..=MAX_SEARCHES).min(left);
        left -= searches;
        (searches > 0).then(|| draw_virtual_user(profile, index, searches, &mut rng))
    })
}

fn draw_virtual_user(profile: &UserProfile, index: u64, searches: usize, rng: &mut StdRng) -> VirtualUser {
    let has_two = searches > 1 && rng.random_bool(TWO_INPUTS_SHARE);
    let user = |part: &str| format!("{}-{index}-{part}", profile.prefix);
    let is_anonymous = rng.random_bool(profile.anonymous_share);
    let identity = match (is_anonymous, has_two) {
        (true, false) if rng.random_bool(LOGIN_SHARE) => Identity::LogsIn(user("user")),
        (true, _) => Identity::Anonymous,
        (false, true) => Identity::User(user("user")),
        (false, false) => Identity::Shared(user("user"), user("other")),
    };
    let client = ClientFeatures {
        is_sequenced: !rng.random_bool(profile.unsequenced_share),
        reports_count: rng.random_bool(COUNT_REPORTED_SHARE),
    };
    let split = if has_two { rng.random_range(1..searches) } else { searches };
    let names_input = has_two || rng.random_bool(0.5);
    let mut boxes = Vec::new();
    for (number, searches) in [split, searches - split].into_iter().enumerate().filter(|(_, n)| *n > 0) {
        let input = names_input.then(|| format!("box-{number}"));
        boxes.push(draw_box(profile, input, searches, &identity, &client, rng));
    }
    VirtualUser { session: format!("{}-{index}", profile.prefix), boxes }
}

/// The optional fields that a client sends.
struct ClientFeatures {
    is_sequenced: bool,
    reports_count: bool,
}

fn draw_box(
    profile: &UserProfile,
    input: Option<String>,
    searches: usize,
    identity: &Identity,
    client: &ClientFeatures,
    rng: &mut StdRng,
) -> SearchBox {
    let episodes = fill_box(profile, searches, identity, rng);
    let mut sequence = rng.random_range(0..1_000);
    let mut planned = SearchBox { input, searches: Vec::new(), deliveries: Vec::new() };
    for (search, episode) in episodes.into_iter().enumerate() {
        let mut keystrokes = Vec::new();
        let pauses: Vec<bool> = episode.contents.iter().map(|content| content.after_pause).collect();
        for content in episode.contents {
            sequence += rng.random_range(1..=3);
            let tracked = content.repetition.is_some() || rng.random_bool(profile.track_share);
            keystrokes.push(PlannedKeystroke {
                sequence: client.is_sequenced.then_some(sequence),
                result_count: (client.reports_count && !tracked).then(|| count_of(&content.text)),
                text: content.text,
                user: content.user,
                submitted: content.submitted,
                tracked,
                repetition: content.repetition,
            });
        }
        let count = planned_count(&episode.query, &keystrokes);
        let (query, user, is_composed) = (episode.query, episode.user, episode.is_composed);
        planned.searches.push(PlannedSearch { query, user, count, is_composed });
        // Keystrokes are not reordered across a pause.
        let is_interrupted = pauses.iter().skip(1).any(|pause| *pause);
        let has_jitter = client.is_sequenced && !is_interrupted && !is_composed;
        let jitter = if has_jitter { profile.jitter_rate } else { 0.0 };
        let query = &planned.searches[search].query;
        for (at, (keystroke, out_of_turn)) in
            deliver_with_jitter(keystrokes, query, jitter, rng).into_iter().enumerate()
        {
            let is_paused = pauses.get(at) == Some(&true);
            let wait = if is_paused { ThinkTime::Idle } else { keystroke_wait(rng) };
            planned.deliveries.push(Delivery { search, wait, out_of_turn, keystroke });
        }
    }
    if let Some(first) = planned.deliveries.first_mut() {
        first.wait = ThinkTime::None;
    }
    planned
}

/// The range of think times, as multiples of the mean delay.
pub(super) const KEYSTROKE_SPREAD: Range<f64> = 0.5..1.5;

fn keystroke_wait(rng: &mut impl Rng) -> ThinkTime {
    ThinkTime::Keystroke(rng.random_range(KEYSTROKE_SPREAD))
}

/// Derives a count from the letters of a text, independent of its spacing.
fn count_of(text: &str) -> i64 {
    let mut sum = 0;
    for char in folded_letters(text) {
        sum = (sum * 31 + i64::from(u32::from(char))) % 997;
    }
    sum
}

fn planned_count(query: &str, keystrokes: &[PlannedKeystroke]) -> PlannedCount {
    // The count is that of exactly the text, on its first page.
    let pages = keystrokes.iter().filter(|typed| typed.repetition.is_none());
    let stored = pages.clone().rev().find(|typed| stored_form(&typed.text) == query);
    let mut counts =
        pages.filter(|typed| stored.is_some_and(|stored| stored.text == typed.text)).map(|typed| {
            match (typed.tracked, typed.result_count) {
                (true, _) => PlannedCount::Served,
                (false, Some(count)) => PlannedCount::Sent(count),
                (false, None) => PlannedCount::Unknown,
            }
        });
    let first = counts.next().unwrap_or(PlannedCount::Unknown);
    if counts.all(|count| count == first) { first } else { PlannedCount::Unknown }
}
