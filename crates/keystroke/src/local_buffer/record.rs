//! What the journal says: the changes of the buffer's state, in the order in which they were made.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::run::{Claim, Millis, Place, RunId, Stroke};
use super::runs::Submission;
use crate::DueReason;
use quarry_domain::Searcher;

/// New kinds go to the end: the journal names them by their position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Record<'a> {
    /// Keystrokes were accepted, all of one call.
    Taken {
        at: Millis,
        #[serde(borrow)]
        keystrokes: Vec<Taken<'a>>,
    },
    /// Runs were claimed for the first time.
    Claimed { at: Millis, epoch: Uuid, runs: Vec<(RunId, DueReason)> },
    /// Claimed runs were stored: they are gone.
    Acked { runs: Vec<RunId> },
    /// Everything of a person is gone.
    Erased { searcher: Searcher },
    /// Part of a run, from its keystroke number `from` on, in a journal that was written anew.
    Copied {
        run: RunId,
        place: Place,
        began: Millis,
        claim: Option<Claim>,
        from: u32,
        #[serde(borrow)]
        strokes: Vec<Stroke<'a>>,
    },
    /// The last sequence of a claimed run, in a journal that was written anew.
    Marked { place: Place, sequence: i64, until: Millis },
    /// Copied runs that are no longer open, although nobody claimed them.
    Closed { runs: Vec<RunId> },
    /// What was submitted last, in a journal that was written anew.
    Submitted { place: Place, submission: Submission },
}

/// An accepted keystroke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken<'a> {
    pub run: RunId,
    /// Where, if it is the first of its run. A run that is open there is closed.
    pub begins: Option<Place>,
    #[serde(borrow)]
    pub stroke: Stroke<'a>,
}
