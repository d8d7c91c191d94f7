//! The pieces of a run between pauses, each in the order of typing.

use std::collections::HashMap;
use std::time::Duration;

use super::comparison::NormalizedText;
use super::composing::drop_composed;
use super::normalized_keystroke::{NormalizedKeystroke, TextRequest};
use super::reading::mark_read;
use crate::buffer::is_another;
use quarry_domain::{BufferedKeystroke, Timestamp};

/// The non-empty pieces of a run.
#[derive(Debug, Default)]
pub(super) struct Pieces<'a> {
    pub(super) pieces: Vec<Vec<NormalizedKeystroke<'a>>>,
    /// Dropped keystrokes, which arrived after their piece.
    pub(super) late: u64,
}

/// Splits a run in order of arrival.
///
/// A prompt flusher would have received the same pieces one by one, so late and repeated keystrokes do not
/// bridge a pause. A sequence that begins again after a page load is not late.
pub(super) fn split(keystrokes: &[BufferedKeystroke], window: Duration) -> Pieces<'_> {
    let mut split = Pieces::default();
    let mut piece = Piece::default();
    let mut flushed: Option<i64> = None;
    let mut first = i64::MAX;
    let mut seen: HashMap<i64, &str> = HashMap::new();
    // Repetitions of flushed keystrokes: the first ones of another page load may look like them.
    let mut repeated: Vec<&BufferedKeystroke> = Vec::new();
    for keystroke in keystrokes {
        if piece.has_ended(keystroke.at, window) {
            flushed = if piece.epoch > 0 { piece.highest } else { flushed.max(piece.highest) };
            split.pieces.push(std::mem::take(&mut piece).in_order());
        }
        if let Some(sequence) = keystroke.sequence {
            let known = seen.insert(sequence, &keystroke.text);
            let is_repeated = known.is_some_and(|known| known == keystroke.text);
            if flushed.is_some_and(|flushed| sequence <= flushed) {
                if is_repeated || known.is_none() && !is_another(sequence, keystroke.submitted, first) {
                    split.late += 1;
                    if is_repeated {
                        repeated.push(keystroke);
                    }
                    continue;
                }
                flushed = None;
                split.late -= repeated.len() as u64;
                repeated.drain(..).for_each(|repeated| piece.take(repeated));
            }
            first = first.min(sequence);
            repeated.clear();
        }
        piece.take(keystroke);
    }
    if !piece.typed.is_empty() {
        split.pieces.push(piece.in_order());
    }
    split
}

/// The current piece, in order of arrival.
#[derive(Default)]
struct Piece<'a> {
    typed: Vec<NormalizedKeystroke<'a>>,
    last_at: Option<Timestamp>,
    /// The page load of the last keystroke.
    epoch: u32,
    /// The index of each keystroke of the page load with a sequence, to identify repetitions.
    sequenced: HashMap<(i64, &'a str, bool), usize>,
    /// The text of each sequence of the page load, and the highest.
    texts: HashMap<i64, &'a str>,
    highest: Option<i64>,
    /// The repetitions since the last new keystroke: the first ones of another page load may look like them.
    repeated: Vec<&'a BufferedKeystroke>,
}

impl<'a> Piece<'a> {
    fn has_ended(&self, now: Timestamp, window: Duration) -> bool {
        // A clock that was set back is no pause.
        let pause = self.last_at.and_then(|last| (now - last).to_std().ok());
        pause.is_some_and(|pause| pause >= window)
    }

    fn take(&mut self, keystroke: &'a BufferedKeystroke) {
        if let Some(sequence) = keystroke.sequence
            && self.begins_again(sequence, &keystroke.text)
        {
            self.epoch += 1;
            self.sequenced.clear();
            self.texts.clear();
            self.highest = None;
            for repeated in std::mem::take(&mut self.repeated) {
                self.push(repeated);
            }
        }
        self.push(keystroke);
    }

    /// Returns true if the counter of the client has begun again: it numbers another text alike.
    fn begins_again(&self, sequence: i64, text: &str) -> bool {
        let is_below = self.highest.is_some_and(|highest| sequence < highest);
        is_below && self.texts.get(&sequence).is_some_and(|other| *other != text)
    }

    fn push(&mut self, keystroke: &'a BufferedKeystroke) {
        let BufferedKeystroke { at, ref user, ref text, sequence, submitted, composing, .. } = *keystroke;
        let request = TextRequest::new(keystroke.result_count, &keystroke.context);
        if let Some(sequence) = sequence {
            self.highest = self.highest.max(Some(sequence));
            self.texts.entry(sequence).or_insert(text);
            let index = self.sequenced.entry((sequence, text, submitted)).or_insert(self.typed.len());
            if let Some(first) = self.typed.get_mut(*index) {
                // A client may send a keystroke with a search and on its own.
                first.user = first.user.or(user.as_ref());
                first.request = first.request.or(request);
                self.repeated.push(keystroke);
                return;
            }
        }
        self.repeated.clear();
        self.last_at = self.last_at.max(Some(at));
        let normalized = NormalizedText::of(text);
        self.typed.push(NormalizedKeystroke {
            at,
            user: user.as_ref(),
            text,
            normalized,
            submitted,
            request,
            composing: composing && !submitted,
            may_follow: false,
            epoch: self.epoch,
            sequence,
        });
    }

    /// Sorts the keystrokes with a sequence; the others keep their positions.
    fn in_order(self) -> Vec<NormalizedKeystroke<'a>> {
        let has_sequence = |typed: &NormalizedKeystroke<'_>| typed.sequence.is_some();
        let positions: Vec<bool> = self.typed.iter().map(has_sequence).collect();
        let (mut sequenced, others): (Vec<_>, Vec<_>) = self.typed.into_iter().partition(has_sequence);
        sequenced.sort_by_key(|typed| (typed.epoch, typed.sequence));
        let (mut sequenced, mut others) = (sequenced.into_iter(), others.into_iter());
        let in_order = positions
            .iter()
            .filter_map(|has_sequence| if *has_sequence { sequenced.next() } else { others.next() });
        let mut in_order: Vec<_> = in_order.collect();
        if let Some(first) = in_order.first_mut() {
            first.may_follow = first.sequence.is_some_and(|sequence| sequence > 1);
        }
        drop_composed(&mut in_order);
        mark_read(&mut in_order);
        in_order
    }
}
