//! What each simulated person will do, and what the server must make of it: pure, from a seed.
//!
//! The expected rows come from what a person means to search for, never from a look at the keystrokes, so
//! that they can judge the server's reading of them. Only such things are planned whose result the law of
//! the design (section 5) makes certain.
//!
//! | File | Holds |
//! |---|---|
//! | `typing` | how a text comes into a box, keystroke by keystroke |
//! | `searches` | one search after the other in one box |
//! | `network` | keystrokes that arrive twice or in the wrong order |

mod network;
mod searches;
#[cfg(test)]
mod tests;
mod typing;

use std::ops::Range;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use network::deliver_with_jitter;
use searches::{Identity, fill_box};

use super::words::folded_letters;

/// The most searches of one person: few enough that no session comes near a server's flood limit (600
/// keystrokes in 10 s), even if all are sent at once.
const MAX_SEARCHES: usize = 6;
/// Of the persons, those with two boxes or tabs.
const TWO_INPUTS_SHARE: f64 = 0.2;
/// Of the anonymous persons with one box, those who log in half-way.
const LOGIN_SHARE: f64 = 0.2;
/// Of all persons, those whose client tells how many documents were found.
const COUNT_REPORTED_SHARE: f64 = 0.5;
/// Positions of one seed are this far apart, so that neighbours have nothing in common.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Who types, and how: shares and rates are from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct UserProfile {
    /// The same seed makes the same people.
    pub seed: u64,
    /// What every session id and user id begins with.
    pub prefix: String,
    /// How many searches all of them make: as many as rows are expected.
    pub searches: usize,
    /// Of the searches, those with a mistake that is corrected.
    pub typo_rate: f64,
    /// Of the searches, those that end with backspaces: half are left so, half are submitted so.
    pub backspace_rate: f64,
    /// Of the persons, those who begin without a user id.
    pub anonymous_share: f64,
    /// Of the keystrokes, those that go with a search, through `search(track:)`.
    pub track_share: f64,
    /// Of the keystrokes, those that arrive twice, or after the next one.
    pub jitter_rate: f64,
    /// Of the persons, those whose client counts no `sequence`; theirs arrive once and in order.
    pub unsequenced_share: f64,
}

/// One person: a session.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualUser {
    /// The session id.
    pub session: String,
    /// One box, or two that are used at the same time.
    pub boxes: Vec<SearchBox>,
}

/// What happens in one box or tab.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchBox {
    /// The input id; none where a client does not send one.
    pub input: Option<String>,
    /// What must be stored, one for each search, in order.
    pub searches: Vec<PlannedSearch>,
    /// What is sent, in order.
    pub deliveries: Vec<Delivery>,
}

/// A search that must be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSearch {
    /// As it must be stored.
    pub query: String,
    /// Whose it is.
    pub user: Option<String>,
    /// What the row must say of how many documents it found.
    pub count: PlannedCount,
}

/// What is known beforehand of a row's count of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedCount {
    /// Nothing: none was sent, or it came by two ways.
    Unknown,
    /// The client sent it.
    Sent(i64),
    /// The server counted it itself, for `search(track:)`.
    Served,
}

/// A keystroke on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which of the box's searches it belongs to.
    pub search: usize,
    /// What comes before it.
    pub wait: ThinkTime,
    /// It was sent before, or a later one was: a server may say that it is late.
    pub out_of_turn: bool,
    /// What is sent.
    pub keystroke: PlannedKeystroke,
}

/// What comes before a keystroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThinkTime {
    /// Nothing.
    None,
    /// So many times what a keystroke takes at the person's speed.
    Keystroke(f64),
    /// A pause that ends a search.
    Idle,
}

/// One keystroke as a client sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedKeystroke {
    /// The whole content of the box.
    pub text: String,
    /// The person, where logged in.
    pub user: Option<String>,
    /// The client's counter.
    pub sequence: Option<i64>,
    /// Enter.
    pub submitted: bool,
    /// How many documents it found, if the client tells.
    pub result_count: Option<i64>,
    /// It goes with a search.
    pub tracked: bool,
}

/// Everybody, one after the other; all their searches together are as many as wanted.
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

/// What a person's client sends beside the text.
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
        for content in episode.contents {
            sequence += rng.random_range(1..=3);
            let tracked = rng.random_bool(profile.track_share);
            keystrokes.push(PlannedKeystroke {
                sequence: client.is_sequenced.then_some(sequence),
                result_count: (client.reports_count && !tracked).then(|| count_of(&content.text)),
                text: content.text,
                user: content.user,
                submitted: content.submitted,
                tracked,
            });
        }
        let count = planned_count(&episode.query, &keystrokes);
        planned.searches.push(PlannedSearch { query: episode.query, user: episode.user, count });
        let jitter = if client.is_sequenced { profile.jitter_rate } else { 0.0 };
        let query = &planned.searches[search].query;
        for (at, (keystroke, out_of_turn)) in
            deliver_with_jitter(keystrokes, query, jitter, rng).into_iter().enumerate()
        {
            let wait = match (at, episode.after_pause) {
                (0, true) => ThinkTime::Idle,
                _ => keystroke_wait(rng),
            };
            planned.deliveries.push(Delivery { search, wait, out_of_turn, keystroke });
        }
    }
    if let Some(first) = planned.deliveries.first_mut() {
        first.wait = ThinkTime::None;
    }
    planned
}

/// What a keystroke takes at most, in keystrokes of the person's speed.
pub(super) const KEYSTROKE_SPREAD: Range<f64> = 0.5..1.5;

fn keystroke_wait(rng: &mut impl Rng) -> ThinkTime {
    ThinkTime::Keystroke(rng.random_range(KEYSTROKE_SPREAD))
}

/// A made-up count, the same for the same text however it is spaced.
fn count_of(text: &str) -> i64 {
    let mut sum = 0;
    for char in folded_letters(text) {
        sum = (sum * 31 + i64::from(u32::from(char))) % 997;
    }
    sum
}

fn planned_count(query: &str, keystrokes: &[PlannedKeystroke]) -> PlannedCount {
    let wanted = folded_letters(query);
    let mut counts = keystrokes.iter().filter(|typed| folded_letters(&typed.text) == wanted).map(|typed| {
        match (typed.tracked, typed.result_count) {
            (true, _) => PlannedCount::Served,
            (false, Some(count)) => PlannedCount::Sent(count),
            (false, None) => PlannedCount::Unknown,
        }
    });
    let first = counts.next().unwrap_or(PlannedCount::Unknown);
    if counts.all(|count| count == first) { first } else { PlannedCount::Unknown }
}
