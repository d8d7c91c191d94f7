//! The pieces of a run between pauses, each in the order of typing.

use std::collections::HashMap;
use std::time::Duration;

use super::comparison::NormalizedText;
use quarry_domain::{BufferedKeystroke, Timestamp, UserId};

/// A keystroke with its normalized text.
#[derive(Debug)]
pub(super) struct NormalizedKeystroke<'a> {
    pub(super) at: Timestamp,
    pub(super) user: Option<&'a UserId>,
    pub(super) text: &'a str,
    pub(super) normalized: NormalizedText<'a>,
    pub(super) submitted: bool,
    pub(super) result_count: Option<i64>,
    sequence: Option<i64>,
}

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
/// bridge a pause.
pub(super) fn split(keystrokes: &[BufferedKeystroke], window: Duration) -> Pieces<'_> {
    let mut split = Pieces::default();
    let mut piece = Piece::default();
    let mut flushed: Option<i64> = None;
    for keystroke in keystrokes {
        if piece.has_ended(keystroke.at, window) {
            flushed = flushed.max(piece.last_sequence());
            split.pieces.push(std::mem::take(&mut piece).in_order());
        }
        if keystroke.sequence.is_some() && keystroke.sequence <= flushed {
            split.late += 1;
        } else {
            piece.take(keystroke);
        }
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
    /// The index of each keystroke with a sequence, to identify repetitions.
    sequenced: HashMap<(i64, &'a str, bool), usize>,
}

impl<'a> Piece<'a> {
    fn has_ended(&self, now: Timestamp, window: Duration) -> bool {
        // A clock that was set back is no pause.
        let pause = self.last_at.and_then(|last| (now - last).to_std().ok());
        pause.is_some_and(|pause| pause >= window)
    }

    fn last_sequence(&self) -> Option<i64> {
        self.typed.iter().filter_map(|typed| typed.sequence).max()
    }

    fn take(&mut self, keystroke: &'a BufferedKeystroke) {
        let BufferedKeystroke { at, ref user, ref text, sequence, submitted, result_count } = *keystroke;
        if let Some(sequence) = sequence {
            let index = self.sequenced.entry((sequence, text, submitted)).or_insert(self.typed.len());
            if let Some(first) = self.typed.get_mut(*index) {
                // A client may send a keystroke with a search and on its own.
                first.user = first.user.or(user.as_ref());
                first.result_count = result_count.or(first.result_count);
                return;
            }
        }
        self.last_at = self.last_at.max(Some(at));
        let normalized = NormalizedText::of(text);
        self.typed.push(NormalizedKeystroke {
            at,
            user: user.as_ref(),
            text,
            normalized,
            submitted,
            result_count,
            sequence,
        });
    }

    /// Sorts the keystrokes with a sequence; the others keep their positions.
    fn in_order(self) -> Vec<NormalizedKeystroke<'a>> {
        let has_sequence = |typed: &NormalizedKeystroke<'_>| typed.sequence.is_some();
        let positions: Vec<bool> = self.typed.iter().map(has_sequence).collect();
        let (mut sequenced, others): (Vec<_>, Vec<_>) = self.typed.into_iter().partition(has_sequence);
        sequenced.sort_by_key(|typed| typed.sequence);
        let (mut sequenced, mut others) = (sequenced.into_iter(), others.into_iter());
        let in_order = positions
            .iter()
            .filter_map(|has_sequence| if *has_sequence { sequenced.next() } else { others.next() });
        in_order.collect()
    }
}
