//! The searches of a run, piece by piece: each piece may continue the last search before it.

use std::time::Duration;

use super::comparison::NormalizedText;
use super::fingerprints::fingerprints;
use super::normalized_keystroke::{NormalizedKeystroke, TextRequest};
use super::reading::READING_TIME;
use super::searches::{Before, FinalSearch, searches};
use super::{FoldOutcome, FoldPolicy, stored_text};
use crate::mask::Mask;
use crate::remembered::{FoldedSearch, RememberedSearch, SearchTrace};
use quarry_domain::{FinalReason, SearchContext};

/// The fewest presses of the backspace key that erase a text which is not remembered any more.
const ERASING_PRESSES: usize = 3;
/// The shortest time between pasting a text and erasing it.
const LOOKING_TIME: Duration = Duration::from_millis(400);
/// A held key repeats sooner.
const REPEATING_TIME: Duration = Duration::from_millis(100);

/// A run that is being folded.
pub(super) struct Folding<'p> {
    policy: &'p FoldPolicy,
    /// The remembered search, then those of the run.
    searches: Vec<FoldedSearch>,
    /// The first search is the remembered one.
    has_remembered: bool,
    /// The remembered search has changed.
    has_changed: bool,
    /// The trace of the last search.
    trace: SearchTrace,
}

impl<'p> Folding<'p> {
    pub(super) fn new(policy: &'p FoldPolicy, remembered: Option<&RememberedSearch>) -> Self {
        Self {
            policy,
            searches: remembered.map(|remembered| remembered.search.clone()).into_iter().collect(),
            has_remembered: remembered.is_some(),
            has_changed: false,
            trace: remembered.map(|remembered| remembered.trace.clone()).unwrap_or_default(),
        }
    }

    /// Folds the next piece. `ending` ends its last search.
    pub(super) fn take(&mut self, piece: Vec<NormalizedKeystroke<'_>>, ending: FinalReason) {
        let previous = self.searches.last().cloned();
        let trace = std::mem::take(&mut self.trace);
        let Some(previous) = &previous else {
            let piece = &piece[erased_letters(&piece)..];
            let ended = searches(piece, None, ending);
            self.add(piece, &ended);
            return;
        };
        let before = piece.first().map_or(Before::Gone, |first| self.before(previous, &trace, first));
        let remembered = NormalizedKeystroke::remembered(
            previous.last_keystroke_at,
            previous.user.as_ref(),
            comparable(&trace, &previous.query, has_stood(previous, piece.first())),
            trace.is_composing,
        );
        // For as long as the remembered text lives.
        let mut piece: Vec<NormalizedKeystroke<'_>> = piece;
        piece.insert(0, remembered);
        let mut ended = searches(&piece, Some(before), ending);
        let continued = ended.iter().position(|search| search.keystrokes.contains(&0));
        let continued = continued.map(|at| ended.remove(at));
        let change = continued.as_ref().and_then(|search| self.change(&piece, search, previous, &trace));
        let is_last = ended.is_empty();
        let is_cleared = piece.last().is_some_and(|last| last.normalized.is_empty());
        match change {
            Some((changed, new_trace)) => {
                if let Some(last) = self.searches.last_mut() {
                    *last = changed;
                }
                self.has_changed |= self.has_remembered && self.searches.len() == 1;
                self.trace = SearchTrace { is_cleared, ..new_trace };
            }
            None => {
                // Letters that were only deleted, or typed again, leave the search as it is.
                let is_unseen = piece.len() == 1;
                let is_cleared = if is_unseen { trace.is_cleared } else { is_cleared };
                self.trace = SearchTrace { is_cleared, ..trace.clone() };
            }
        }
        if !is_last {
            self.add(&piece, &ended);
        }
    }

    pub(super) fn outcome(mut self, late: u64) -> FoldOutcome {
        let trace = (!self.searches.is_empty()).then_some(self.trace);
        let remembered = self.has_remembered.then(|| self.searches.remove(0));
        FoldOutcome {
            continued: remembered.filter(|_| self.has_changed),
            searches: self.searches,
            trace,
            late,
        }
    }

    fn mask(&self) -> Option<&Mask> {
        self.policy.mask.as_ref()
    }

    /// The context of a request, with masked values.
    fn context(&self, request: TextRequest<'_>) -> SearchContext {
        request.context(|value| match self.mask() {
            Some(mask) => mask.apply(value).into_owned(),
            None => value.to_owned(),
        })
    }

    fn before(
        &self,
        previous: &FoldedSearch,
        trace: &SearchTrace,
        first: &NormalizedKeystroke<'_>,
    ) -> Before {
        // A clock that was set back is no pause.
        let pause = (first.at - previous.last_keystroke_at).to_std().unwrap_or_default();
        let is_final = pause >= self.policy.continue_window || previous.reason == FinalReason::Submitted;
        match (is_final, trace.is_cleared) {
            (false, false) => Before::Open { is_composing: trace.is_composing },
            (false, true) => Before::Cleared,
            (true, false) => Before::Standing,
            (true, true) => Before::Gone,
        }
    }

    fn add(&mut self, piece: &[NormalizedKeystroke<'_>], ended: &[FinalSearch<'_>]) {
        let folded: Vec<_> = ended.iter().map(|search| self.folded(piece, search)).collect();
        if let (Some(last), Some(FoldedSearch { query, .. })) = (ended.last(), folded.last()) {
            let is_cleared = piece.last().is_some_and(|typed| typed.normalized.is_empty());
            self.trace = SearchTrace { is_cleared, ..self.trace_of(piece, last, query) };
        }
        self.searches.extend(folded);
    }

    fn folded(&self, piece: &[NormalizedKeystroke<'_>], search: &FinalSearch<'_>) -> FoldedSearch {
        let stored = &piece[search.stored];
        let (query, truncated) = stored_text(stored.text, self.mask());
        let keystrokes = || search.keystrokes.iter().map(|index| &piece[*index]);
        let request = requests(piece, &search.keystrokes, stored.text);
        FoldedSearch {
            user: search.user.cloned(),
            query,
            truncated,
            keystrokes: i64::try_from(search.keystrokes.len()).unwrap_or(i64::MAX),
            result_count: request.result_count,
            context: self.context(request),
            reason: search.reason,
            started_at: keystrokes().map(|typed| typed.at).min().unwrap_or(stored.at),
            last_keystroke_at: keystrokes().map(|typed| typed.at).max().unwrap_or(stored.at),
        }
    }

    /// The content of the search before the piece, if the piece changed it.
    fn change(
        &self,
        piece: &[NormalizedKeystroke<'_>],
        search: &FinalSearch<'_>,
        previous: &FoldedSearch,
        trace: &SearchTrace,
    ) -> Option<(FoldedSearch, SearchTrace)> {
        let later: Vec<usize> = search.keystrokes.iter().copied().filter(|index| *index != 0).collect();
        if later.is_empty() {
            return None;
        }
        let stored = &piece[search.stored];
        let (query, truncated) = stored_text(stored.text, self.mask());
        // The text before a removed letter is remembered as it was stored.
        let is_same_text = query == previous.query || search.stored == 0 && trace.longer.is_none();
        let mut changed = previous.clone();
        changed.user = previous.user.clone().or_else(|| search.user.cloned());
        if is_same_text {
            let request = TextRequest::new(previous.result_count, &previous.context).or(requests(
                piece,
                &later,
                &previous.query,
            ));
            (changed.result_count, changed.context) = (request.result_count, self.context(request));
            if search.reason == FinalReason::Submitted && search.stored != 0 {
                changed.reason = FinalReason::Submitted;
            }
            if changed == *previous {
                return None;
            }
        } else {
            changed.query = query;
            changed.truncated = truncated;
            let request = match &trace.longer {
                Some((_, count)) if search.stored == 0 => TextRequest::new(*count, &trace.longer_context),
                _ => requests(piece, &search.keystrokes, stored.text),
            };
            (changed.result_count, changed.context) = (request.result_count, self.context(request));
            changed.reason = search.reason;
        }
        let added = i64::try_from(later.len()).unwrap_or(i64::MAX);
        changed.keystrokes = previous.keystrokes.saturating_add(added);
        for typed in later.iter().map(|index| &piece[*index]) {
            changed.started_at = changed.started_at.min(typed.at);
            changed.last_keystroke_at = changed.last_keystroke_at.max(typed.at);
        }
        let mut new_trace = match (is_same_text, search.stored) {
            (true, _) => trace.clone(),
            (false, 0) => SearchTrace::default(),
            (false, _) => self.trace_of(piece, search, &changed.query),
        };
        if let (Some((_, count)), Some(0), false) = (&mut new_trace.longer, search.longer, is_same_text) {
            *count = previous.result_count;
            new_trace.longer_context = previous.context.clone();
        }
        Some((changed, new_trace))
    }

    /// The trace of a search whose text is stored as `query`.
    fn trace_of(
        &self,
        piece: &[NormalizedKeystroke<'_>],
        search: &FinalSearch<'_>,
        query: &str,
    ) -> SearchTrace {
        let stored = &piece[search.stored];
        let is_masked = self.mask().is_some() && stored_text(stored.text, None).0 != query;
        let longer = search.longer.map(|index| {
            let text = piece[index].text;
            (stored_text(text, self.mask()).0, requests(piece, &search.keystrokes, text))
        });
        SearchTrace {
            is_cleared: false,
            is_composing: stored.composing,
            longer_context: longer.as_ref().map(|(_, request)| self.context(*request)).unwrap_or_default(),
            longer: longer.map(|(text, request)| (text, request.result_count)),
            prefixes: if is_masked { fingerprints(stored.text) } else { Vec::new() },
        }
    }
}

/// The number of first keystrokes that erase a text which is not remembered any more, such as that of a tab which was
/// left for a while.
///
/// It appears at once without its last letter, and is deleted letter by letter until less than half is left.
fn erased_letters(piece: &[NormalizedKeystroke<'_>]) -> usize {
    let Some(first) = piece.first().filter(|first| first.may_follow && !first.submitted) else { return 0 };
    let (mut presses, mut erased) = (0, 0);
    for (index, pair) in piece.windows(2).enumerate() {
        let [before, typed] = pair else { break };
        let (before, text) = (&before.normalized, &typed.normalized);
        let is_press = text.is_one_letter_short_of(before);
        if typed.submitted || !is_press && !text.equals(before) {
            break;
        }
        presses += usize::from(is_press);
        if presses >= ERASING_PRESSES && text.is_under_half_of(&first.normalized) {
            erased = index + 2;
        }
    }
    if was_looked_at(&piece[..erased]) { 0 } else { erased }
}

/// Returns true if a text was pasted rather than left by a press of the backspace key: the next press took longer, and
/// no held key repeated it.
fn was_looked_at(erased: &[NormalizedKeystroke<'_>]) -> bool {
    let mut pauses = erased.windows(2).map(|pair| (pair[1].at - pair[0].at).to_std().unwrap_or_default());
    let (first, second) = (pauses.next().unwrap_or_default(), pauses.next().unwrap_or_default());
    first >= READING_TIME || first >= LOOKING_TIME && second >= REPEATING_TIME
}

/// The comparable form of the text in the box.
fn comparable<'a>(trace: &'a SearchTrace, query: &'a str, has_stood: bool) -> NormalizedText<'a> {
    match &trace.longer {
        // The visitor has begun to change it.
        Some((longer, _)) => NormalizedText::of(longer),
        None => {
            let mut text = NormalizedText::remembered(query, &trace.prefixes);
            text.stands(has_stood);
            text
        }
    }
}

/// Returns true if the results of a search were read before the next keystroke.
fn has_stood(search: &FoldedSearch, next: Option<&NormalizedKeystroke<'_>>) -> bool {
    let pause = next.and_then(|next| (next.at - search.last_keystroke_at).to_std().ok());
    pause.is_some_and(|pause| pause >= READING_TIME)
}

/// The first requests of keystrokes whose text is stored like this.
fn requests<'a>(piece: &[NormalizedKeystroke<'a>], keystrokes: &[usize], query: &str) -> TextRequest<'a> {
    let alike = keystrokes.iter().map(|index| &piece[*index]).filter(|typed| typed.text == query);
    alike.fold(TextRequest::default(), |first, typed| first.or(typed.request))
}
