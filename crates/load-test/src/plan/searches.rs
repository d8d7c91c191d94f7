//! The sequence of searches in one search box: their beginnings, keystrokes and ends.

use rand::{Rng, RngExt};

use super::typing::{TypingStyle, backspaces, letters};
use super::{Repetition, UserProfile};
use crate::words::{composed, folded_letters, graphemes, phrase, stored_form, word};

/// The fewest letters of a search that is replaced without a pause.
///
/// The first letter of a new query is then further from it than any correction.
const MIN_REPLACED_LETTERS: usize = 6;
/// The smallest edit distance between a pasted text and the text that it replaces.
const MIN_UNRELATED_DISTANCE: usize = 5;
/// The fewest letters of a search that a pause interrupts.
const MIN_INTERRUPTED_LETTERS: usize = 6;
/// The most further requests of a submitted search.
const MAX_REPETITIONS: usize = 3;
/// The share of submitted searches that the next search extends.
const REFINEMENT_SHARE: f64 = 0.3;

/// The login state of a search box's users.
pub(super) enum Identity {
    /// A user without an id.
    Anonymous,
    /// A logged-in user.
    User(String),
    /// A user who logs in during a search.
    LogsIn(String),
    /// Two users who take turns in one session.
    Shared(String, String),
}

/// The keystrokes of one search.
pub(super) struct Episode {
    /// The text was not entered letter by letter.
    pub(super) is_composed: bool,
    pub(super) contents: Vec<InputState>,
    /// The stored form of the query.
    pub(super) query: String,
    pub(super) user: Option<String>,
}

/// The state of the search box after a keystroke.
pub(super) struct InputState {
    pub(super) text: String,
    pub(super) user: Option<String>,
    pub(super) submitted: bool,
    /// A pause of the window precedes it.
    pub(super) after_pause: bool,
    /// The same search is requested again.
    pub(super) repetition: Option<Repetition>,
}

impl InputState {
    fn of(text: String) -> Self {
        Self { text, user: None, submitted: false, after_pause: false, repetition: None }
    }
}

/// The end of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SearchEnd {
    /// A pause.
    Idle,
    /// Backspaces and a pause: the longest text is stored.
    BackspaceIdle,
    /// Backspaces and Enter: the submitted text is stored.
    BackspaceSubmit,
    /// Enter.
    Submit,
    /// The search box is cleared at once, or letter by letter.
    Clear,
    /// Unrelated text replaces the query.
    Replace,
    /// Another user logs in and types unrelated text.
    TakenOver,
}

impl SearchEnd {
    /// Returns true if the next search needs a pause before it.
    fn needs_pause(self) -> bool {
        matches!(self, Self::Idle | Self::BackspaceIdle)
    }

    /// Returns true if the next search begins within the text of this one.
    fn keeps_text(self) -> bool {
        matches!(self, Self::Replace | Self::TakenOver | Self::BackspaceIdle | Self::BackspaceSubmit)
    }

    /// Returns true if backspaces can occur.
    fn may_take_back(self) -> bool {
        matches!(self, Self::BackspaceIdle | Self::BackspaceSubmit | Self::Clear)
    }
}

/// The previous search in the same search box.
struct PreviousSearch {
    text: String,
    ending: SearchEnd,
}

/// Generates `count` consecutive searches of one search box.
pub(super) fn fill_box(
    profile: &UserProfile,
    count: usize,
    identity: &Identity,
    rng: &mut impl Rng,
) -> Vec<Episode> {
    let mut users = UserSwitches::new(identity, count, rng);
    let mut episodes: Vec<Episode> = Vec::new();
    let mut before: Option<PreviousSearch> = None;
    for number in 0..count {
        let after_pause = before.as_ref().is_some_and(|before| {
            before.ending.needs_pause() || before.ending == SearchEnd::Submit && rng.random_bool(0.5)
        });
        let is_fresh = before.is_none() || after_pause;
        let refined = before.as_ref().filter(|before| {
            !after_pause && before.ending == SearchEnd::Submit && rng.random_bool(REFINEMENT_SHARE)
        });
        let is_kept = before.as_ref().is_some_and(|before| before.ending.keeps_text());
        if refined.is_none() && !is_kept && rng.random_bool(profile.composed_rate) {
            let episode = draw_composed(before.as_ref(), after_pause, &users, rng);
            let text = episode.query.clone();
            let ending = if episode.contents.iter().any(|content| content.submitted) {
                SearchEnd::Submit
            } else {
                SearchEnd::Idle
            };
            episodes.push(episode);
            before = Some(PreviousSearch { text, ending });
            continue;
        }
        let (text, style) = match (&before, refined) {
            (_, Some(before)) => (format!("{} {}", before.text, word(rng)), TypingStyle::Plain),
            (Some(before), None) => draw_unrelated(before, profile, is_fresh, rng),
            _ => draw_text(profile, true, rng),
        };
        let ending = draw_ending(profile, &text, number + 1 == count, users.can_switch(), rng);
        // Back to the text that it extends, it would be the same search.
        let ending = match ending {
            SearchEnd::BackspaceSubmit if refined.is_some() => SearchEnd::Submit,
            ending => ending,
        };
        // After an extra letter was removed, the longest text is ambiguous if backspaces follow.
        let style = if style == TypingStyle::Surplus && ending.may_take_back() {
            TypingStyle::Omission
        } else {
            style
        };
        let mut contents = match refined {
            Some(before) => letters(&text, graphemes(&before.text).len()),
            None => style.type_text(&text, rng),
        };
        let typed = contents.len();
        let query = finish(&mut contents, &text, ending, rng);
        let mut contents: Vec<InputState> = contents.into_iter().map(InputState::of).collect();
        if matches!(ending, SearchEnd::Submit | SearchEnd::BackspaceSubmit)
            && let Some(last) = contents.last_mut()
        {
            last.submitted = true;
        }
        let is_erased = linger(&mut contents, profile, style, (typed, &text, ending), rng);
        if let Some(first) = contents.first_mut() {
            first.after_pause = after_pause;
        }
        users.assign(&mut contents, typed, number, is_fresh, rng);
        let user = users.current.clone();
        episodes.push(Episode { is_composed: false, contents, query, user });
        if ending == SearchEnd::TakenOver {
            users.switch();
        }
        let ending = if is_erased { SearchEnd::Clear } else { ending };
        before = Some(PreviousSearch { text, ending });
    }
    episodes
}

/// Adds what happens around the results: a pause while typing, requests for more of the same, and an erasure after
/// a pause, of which it returns true.
fn linger(
    contents: &mut Vec<InputState>,
    profile: &UserProfile,
    style: TypingStyle,
    (typed, text, ending): (usize, &str, SearchEnd),
    rng: &mut impl Rng,
) -> bool {
    let is_left = matches!(ending, SearchEnd::Idle | SearchEnd::Submit);
    let is_typed = style == TypingStyle::Plain && typed >= MIN_INTERRUPTED_LETTERS;
    if is_left && is_typed && rng.random_bool(profile.pause_rate) {
        for _ in 0..rng.random_range(1..=2) {
            contents[rng.random_range(2..typed)].after_pause = true;
        }
    }
    if ending == SearchEnd::Submit && rng.random_bool(profile.paging_rate) {
        for _ in 0..rng.random_range(1..=MAX_REPETITIONS) {
            let kinds = [Repetition::NextPage, Repetition::Sorted, Repetition::Again];
            let repetition = Some(kinds[rng.random_range(0..kinds.len())]);
            let after_pause = rng.random_bool(0.3);
            contents.push(InputState { repetition, after_pause, ..InputState::of(text.to_owned()) });
        }
    }
    // After an extra letter was removed, the longest text is ambiguous.
    if !is_left || style == TypingStyle::Surplus || !rng.random_bool(profile.pause_rate) {
        return false;
    }
    let erased = backspaces(text, 0);
    contents.extend(erased.into_iter().enumerate().map(|(number, text)| InputState {
        after_pause: number == 0 || rng.random_bool(0.05),
        ..InputState::of(text)
    }));
    true
}

/// Draws a search that is entered by an input method, a recogniser of speech, or completions.
fn draw_composed(
    before: Option<&PreviousSearch>,
    after_pause: bool,
    users: &UserSwitches<'_>,
    rng: &mut impl Rng,
) -> Episode {
    let before = before.map(|before| folded_letters(&before.text)).unwrap_or_default();
    let (contents, query) = loop {
        let contents = composed(rng);
        let query = contents.last().cloned().unwrap_or_default();
        let is_unrelated =
            |text: &str| folded_letters(text).first().is_none_or(|first| !before.contains(first));
        if is_unrelated(&contents[0]) && is_unrelated(&query) {
            break (contents, query);
        }
    };
    let mut contents: Vec<InputState> = contents.into_iter().map(InputState::of).collect();
    if let Some(first) = contents.first_mut() {
        first.after_pause = after_pause;
    }
    if rng.random_bool(0.5) {
        contents.push(InputState { submitted: true, ..InputState::of(query.clone()) });
    }
    let user = users.current.clone();
    for content in &mut contents {
        content.user.clone_from(&user);
    }
    Episode { is_composed: true, contents, query: stored_form(&query), user }
}

/// Appends the keystrokes at the end of a search; returns the expected query.
fn finish(contents: &mut Vec<String>, text: &str, ending: SearchEnd, rng: &mut impl Rng) -> String {
    let length = graphemes(text).len();
    match ending {
        SearchEnd::Idle | SearchEnd::Replace | SearchEnd::TakenOver => {}
        // A single backspace would remove a slip.
        SearchEnd::BackspaceIdle => contents.extend(backspaces(text, rng.random_range(1..length - 1))),
        SearchEnd::BackspaceSubmit => {
            let mut shorter = backspaces(text, rng.random_range(2..length));
            let left = shorter.last().cloned().unwrap_or_default();
            if rng.random_bool(0.8) {
                shorter.push(left.clone());
            }
            contents.append(&mut shorter);
            return stored_form(&left);
        }
        // Clients mostly send Enter as a separate keystroke.
        SearchEnd::Submit if rng.random_bool(0.8) => contents.push(text.to_owned()),
        SearchEnd::Submit => {}
        SearchEnd::Clear if rng.random_bool(0.5) => contents.push(String::new()),
        SearchEnd::Clear => contents.extend(backspaces(text, 0)),
    }
    stored_form(text)
}

fn draw_ending(
    profile: &UserProfile,
    text: &str,
    is_last: bool,
    can_switch: bool,
    rng: &mut impl Rng,
) -> SearchEnd {
    if rng.random_bool(profile.backspace_rate) {
        return if rng.random_bool(0.5) { SearchEnd::BackspaceIdle } else { SearchEnd::BackspaceSubmit };
    }
    let can_replace = !is_last && folded_letters(text).len() >= MIN_REPLACED_LETTERS;
    match rng.random_range(0..100) {
        0..30 => SearchEnd::Submit,
        30..42 => SearchEnd::Clear,
        42..58 if can_replace => SearchEnd::Replace,
        58..66 if can_replace && can_switch => SearchEnd::TakenOver,
        _ => SearchEnd::Idle,
    }
}

fn draw_text(profile: &UserProfile, is_fresh: bool, rng: &mut impl Rng) -> (String, TypingStyle) {
    let text = phrase(rng);
    let style = if rng.random_bool(profile.typo_rate) {
        [TypingStyle::Slip, TypingStyle::Slip, TypingStyle::Omission, TypingStyle::Surplus]
            [rng.random_range(0..4)]
    } else {
        match rng.random_range(0..100) {
            0..8 => TypingStyle::Pasted,
            8..16 => TypingStyle::LostSpace,
            // Leading white space would clear a search box with content first.
            16..20 if is_fresh => TypingStyle::Indented,
            _ => TypingStyle::Plain,
        }
    };
    let style = if style.suits(&text) { style } else { TypingStyle::Plain };
    (text, style)
}

/// Draws a text that no rule takes for a correction of the previous one.
fn draw_unrelated(
    before: &PreviousSearch,
    profile: &UserProfile,
    is_fresh: bool,
    rng: &mut impl Rng,
) -> (String, TypingStyle) {
    let is_typed_over = matches!(before.ending, SearchEnd::Replace | SearchEnd::TakenOver);
    let before = folded_letters(&before.text);
    loop {
        let (text, style) = draw_text(profile, is_fresh, rng);
        let own = folded_letters(&text);
        let distance = strsim::generic_levenshtein(&own, &before);
        // The last letter of a short text may also be what a deletion left.
        let is_rest =
            before.len() < MIN_UNRELATED_DISTANCE && own.iter().take(1).any(|first| before.contains(first));
        let is_unrelated = own.first() != before.first() && distance >= MIN_UNRELATED_DISTANCE && !is_rest;
        if is_unrelated && !(is_typed_over && own.iter().any(|char| is_composed(*char))) {
            return (text, style);
        }
    }
}

/// Returns true for characters of input methods.
///
/// They can replace typed letters, so the server may treat the replacement as the same search.
fn is_composed(char: char) -> bool {
    matches!(char, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7ff}')
}

/// The current user of a search box over time.
struct UserSwitches<'i> {
    identity: &'i Identity,
    current: Option<String>,
    /// The index of the first search in which the user may log in.
    log_in: Option<usize>,
}

impl<'i> UserSwitches<'i> {
    fn new(identity: &'i Identity, searches: usize, rng: &mut impl Rng) -> Self {
        let (current, log_in) = match identity {
            Identity::Anonymous => (None, None),
            Identity::User(user) | Identity::Shared(user, _) => (Some(user.clone()), None),
            Identity::LogsIn(_) => (None, Some(rng.random_range(0..searches))),
        };
        Self { identity, current, log_in }
    }

    fn can_switch(&self) -> bool {
        matches!(self.identity, Identity::Shared(..))
    }

    fn switch(&mut self) {
        if let Identity::Shared(first, second) = self.identity {
            let next = if self.current.as_ref() == Some(first) { second } else { first };
            self.current = Some(next.clone());
        }
    }

    /// Assigns the current user to the keystrokes of a search.
    ///
    /// A login happens before the text is complete, and only in a search that does not continue another one.
    fn assign(
        &mut self,
        contents: &mut [InputState],
        typed: usize,
        number: usize,
        is_fresh: bool,
        rng: &mut impl Rng,
    ) {
        let mut at = 0;
        if let (Identity::LogsIn(user), Some(log_in)) = (self.identity, self.log_in)
            && is_fresh
            && number >= log_in
        {
            at = rng.random_range(0..typed);
            self.current = Some(user.clone());
            self.log_in = None;
        }
        for content in &mut contents[at..] {
            content.user.clone_from(&self.current);
        }
    }
}
