//! Cuts a run where nothing was typed for the window, and puts each piece in the order of typing.

use std::collections::HashMap;
use std::time::Duration;

use super::comparison::Form;
use quarry_domain::{BufferedKeystroke, Timestamp, UserId};

/// A keystroke in the form that the fold works on.
#[derive(Debug)]
pub(super) struct Typed<'a> {
    pub(super) at: Timestamp,
    pub(super) user: Option<&'a UserId>,
    pub(super) text: &'a str,
    pub(super) form: Form<'a>,
    pub(super) submitted: bool,
    pub(super) result_count: Option<i64>,
    sequence: Option<i64>,
}

/// A run in pieces, none of them empty.
#[derive(Debug, Default)]
pub(super) struct Pieces<'a> {
    pub(super) pieces: Vec<Vec<Typed<'a>>>,
    /// Keystrokes that came after the piece they belong to.
    pub(super) late: u64,
}

/// Cuts a run, given in order of arrival. The pieces are what a flusher that is always in time
/// would have been given one by one, so late and repeated keystrokes do not bridge a pause.
pub(super) fn cut(keystrokes: &[BufferedKeystroke], window: Duration) -> Pieces<'_> {
    let mut cut = Pieces::default();
    let mut piece = Piece::default();
    let mut flushed: Option<i64> = None;
    for keystroke in keystrokes {
        if piece.has_ended(keystroke.at, window) {
            flushed = flushed.max(piece.last_sequence());
            cut.pieces.push(std::mem::take(&mut piece).in_order());
        }
        if keystroke.sequence.is_some() && keystroke.sequence <= flushed {
            cut.late += 1;
        } else {
            piece.take(keystroke);
        }
    }
    if !piece.typed.is_empty() {
        cut.pieces.push(piece.in_order());
    }
    cut
}

/// A piece that grows, in order of arrival.
#[derive(Default)]
struct Piece<'a> {
    typed: Vec<Typed<'a>>,
    last_at: Option<Timestamp>,
    /// Where each keystroke with a sequence stands, to know repeats by.
    known: HashMap<(i64, &'a str, bool), usize>,
}

impl<'a> Piece<'a> {
    fn has_ended(&self, now: Timestamp, window: Duration) -> bool {
        // A clock that goes back is no pause.
        let pause = self.last_at.and_then(|last| (now - last).to_std().ok());
        pause.is_some_and(|pause| pause >= window)
    }

    fn last_sequence(&self) -> Option<i64> {
        self.typed.iter().filter_map(|typed| typed.sequence).max()
    }

    fn take(&mut self, keystroke: &'a BufferedKeystroke) {
        let BufferedKeystroke { at, ref user, ref text, sequence, submitted, result_count } = *keystroke;
        if let Some(sequence) = sequence {
            let place = self.known.entry((sequence, text, submitted)).or_insert(self.typed.len());
            if let Some(first) = self.typed.get_mut(*place) {
                // The same keystroke may be sent with a search and on its own.
                first.user = first.user.or(user.as_ref());
                first.result_count = result_count.or(first.result_count);
                return;
            }
        }
        self.last_at = self.last_at.max(Some(at));
        let form = Form::of(text);
        self.typed.push(Typed { at, user: user.as_ref(), text, form, submitted, result_count, sequence });
    }

    /// Keystrokes with a sequence change places among themselves; the others stay where they
    /// arrived.
    fn in_order(self) -> Vec<Typed<'a>> {
        let has_sequence = |typed: &Typed<'_>| typed.sequence.is_some();
        let places: Vec<bool> = self.typed.iter().map(has_sequence).collect();
        let (mut sequenced, others): (Vec<_>, Vec<_>) = self.typed.into_iter().partition(has_sequence);
        sequenced.sort_by_key(|typed| typed.sequence);
        let (mut sequenced, mut others) = (sequenced.into_iter(), others.into_iter());
        let in_order =
            places.iter().filter_map(|sequence| if *sequence { sequenced.next() } else { others.next() });
        in_order.collect()
    }
}
