//! The records of the journal: changes of the buffer's state in their order.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::run::{Claim, InputKey, Millis, PackedKeystroke, RunId};
use super::submission::Submission;
use crate::digest::DeliveryDigest;
use crate::{DueReason, RememberedSearch, SearchInContext};
use quarry_domain::Searcher;

/// A change. Add new kinds at the end: the encoding names a kind by its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Record<'a> {
    /// The accepted keystrokes of one call.
    Appended {
        at: Millis,
        #[serde(borrow)]
        keystrokes: Vec<AppendedKeystroke<'a>>,
    },
    /// First claims of runs.
    Claimed { at: Millis, epoch: Uuid, runs: Vec<(RunId, DueReason)> },
    /// Removed claims: their searches are stored.
    Acked { runs: Vec<RunId> },
    /// A deletion of everything of a searcher.
    Erased { searcher: Searcher },
    /// Compaction: part of a run, from its keystroke number `from` on.
    Copied {
        run: RunId,
        key: InputKey,
        began: Millis,
        claim: Option<Claim>,
        from: u32,
        #[serde(borrow)]
        keystrokes: Vec<PackedKeystroke<'a>>,
    },
    /// Compaction: the sequence up to which keystrokes of an input are late.
    Watermark { key: InputKey, sequence: i64, until: Millis },
    /// Compaction: copied runs that are closed and unclaimed.
    Closed { runs: Vec<RunId> },
    /// Compaction: the last submission of an input.
    Submitted { key: InputKey, submission: Submission },
    /// As [`Record::SettledInContext`], of earlier versions: without contexts.
    Settled { at: Millis, runs: Vec<(RunId, Option<RememberedSearch>)> },
    /// As [`Record::RememberedInContext`], of earlier versions.
    Remembered { key: InputKey, search: RememberedSearch, until: Millis },
    /// As [`Record::ContinuedInContext`], of earlier versions.
    Continued { run: RunId, search: Option<RememberedSearch>, until: Option<Millis> },
    /// As [`Record::Delivered`], of earlier versions.
    Numbered { key: InputKey, first: Option<i64>, sequence: i64, until: Millis },
    /// Removed claims, and the last stored searches of their inputs.
    SettledInContext { at: Millis, runs: Vec<(RunId, Option<SearchInContext>)> },
    /// Compaction: the last stored search of an input.
    RememberedInContext { key: InputKey, search: SearchInContext, until: Millis },
    /// Compaction: the remembered search of a claim, and the time until which its input waits for it.
    ContinuedInContext { run: RunId, search: Option<SearchInContext>, until: Option<Millis> },
    /// Compaction: a watermark, with the first sequence of the input's last run, and the last keystrokes.
    Delivered {
        key: InputKey,
        first: Option<i64>,
        sequence: i64,
        delivered: Vec<DeliveryDigest>,
        until: Millis,
    },
}

/// An accepted keystroke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AppendedKeystroke<'a> {
    pub run: RunId,
    /// The input, for the first keystroke of a run. It closes the input's open run.
    pub opens: Option<InputKey>,
    #[serde(borrow)]
    pub keystroke: PackedKeystroke<'a>,
}
