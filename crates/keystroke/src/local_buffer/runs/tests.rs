//! The decisions, at times chosen by the tests.

mod model;
mod process;

use std::time::Duration;

use uuid::Uuid;

use super::claims::{CLAIM_BYTES, claim_id};
use super::*;
use crate::fixtures::{remembered, stroke};
use crate::local_buffer::record::Record;
use crate::{ClaimId, ClaimScope, ClaimedRun, DueReason, FlushCounts, RememberedSearch, Settlement};
use quarry_domain::{InputId, UserId};

const START: Millis = 1_700_000_000_000;
const EPOCH: Uuid = Uuid::from_u128(1);

fn limits() -> BufferLimits {
    BufferLimits {
        window: Duration::from_millis(100),
        run_keystrokes: 4,
        run_age: Duration::from_millis(500),
        keystrokes: 40,
        bytes: 1 << 20,
        flood_keystrokes: 12,
        flood_period: Duration::from_millis(300),
        late_memory: Duration::from_millis(400),
        lease: Duration::from_millis(200),
        memory: Duration::from_millis(300),
    }
}

fn accept(runs: &mut Runs, keystroke: &Keystroke, at: Millis) {
    let outcomes = runs.append(std::slice::from_ref(keystroke), START + at).0;
    assert_eq!(outcomes, [AppendOutcome::Accepted]);
    runs.commit(&outcomes);
}

/// Claims the due runs.
fn claim(runs: &mut Runs, at: Millis) -> Vec<(String, DueReason)> {
    let claimable = runs.claimable(ClaimScope::Due, 100, START + at);
    let claimed = runs.claim(&claimable, EPOCH, START + at);
    let text = |run: &ClaimedRun| run.keystrokes.last().unwrap().text.clone();
    claimed.iter().map(|run| (text(run), run.reason)).collect()
}

#[track_caller]
fn assert_due(runs: &mut Runs, at: Millis, text: &str, reason: DueReason) {
    assert_eq!(claim(runs, at - 1), []);
    assert_eq!(claim(runs, at), [(text.to_owned(), reason)]);
}

#[test]
fn the_earliest_limit_makes_a_run_due() {
    let mut runs = Runs::new(limits());
    accept(&mut runs, &stroke("idle", "b"), 0);
    accept(&mut runs, &stroke("idle", "bu"), 99);
    assert_due(&mut runs, 199, "bu", DueReason::Idle);
    for at in [1_000, 1_010, 1_020, 1_030] {
        assert_eq!(
            claim(&mut runs, at),
            if at == 1_000 { vec![("bu".to_owned(), DueReason::Idle)] } else { vec![] }
        );
        accept(&mut runs, &stroke("long", &at.to_string()), at);
    }
    accept(&mut runs, &stroke("long", "one more"), 1_040);
    assert_eq!(claim(&mut runs, 1_040), [("one more".to_owned(), DueReason::Limit)]);
    let mut runs = Runs::new(BufferLimits { run_keystrokes: 1_000, ..limits() });
    for at in (0..500).step_by(50) {
        accept(&mut runs, &stroke("old", "x"), at);
    }
    assert_due(&mut runs, 500, "x", DueReason::Limit);
    accept(&mut runs, &stroke("enter", "a"), 500);
    accept(&mut runs, &Keystroke { submitted: true, ..stroke("enter", "ab") }, 510);
    accept(&mut runs, &stroke("enter", "b"), 520);
    assert_eq!(claim(&mut runs, 520), [("ab".to_owned(), DueReason::Submitted)]);
    let claimed = runs.runs.iter().find(|(_, run)| run.key.session.as_str() == "enter").map(|(id, _)| *id);
    runs.ack(vec![(claimed.unwrap(), None)], FlushCounts::default(), START + 520);
    assert_due(&mut runs, 620, "b", DueReason::Idle);
}

#[test]
fn claims_are_ordered_by_due_time_after_ended_leases() {
    let mut runs = Runs::new(limits());
    for (session, at) in [("a", 0), ("b", 10), ("c", 20)] {
        accept(&mut runs, &stroke(session, session), at);
    }
    accept(&mut runs, &stroke("a", "a again"), 30);
    let order = |runs: &Runs, at| {
        let claimable = runs.claimable(ClaimScope::Due, 100, START + at);
        claimable.iter().map(|claimable| claimable.run).collect::<Vec<_>>()
    };
    assert_eq!(order(&runs, 125), [1, 2]);
    assert_eq!(order(&runs, 130), [1, 2, 0]);
    assert_eq!(claim(&mut runs, 125).len(), 2);
    assert_eq!(order(&runs, 324), [0]);
    assert_eq!(order(&runs, 325), [1, 2, 0]);
    assert_eq!(runs.claimable(ClaimScope::All, 2, START + 325).len(), 2);
}

#[test]
fn rollback_restores_the_state() {
    let mut runs = Runs::new(limits());
    accept(&mut runs, &Keystroke { submitted: true, ..stroke("s", "b") }, 0);
    assert_eq!(claim(&mut runs, 0).len(), 1);
    accept(&mut runs, &stroke("s", "c"), 5);
    accept(&mut runs, &Keystroke { sequence: Some(7), submitted: true, ..stroke("t", "d") }, 6);
    let before = format!("{runs:?}");
    let user = Some(UserId::parse("ann").unwrap());
    let batch = [
        Keystroke { submitted: true, user, ..stroke("s", "ca") },
        stroke("s", "cat"),
        stroke("s", "cats"),
        stroke("t", "D"),
        stroke("t", "e"),
        Keystroke { submitted: true, ..stroke("t", "ea") },
        stroke("t", "f"),
        stroke("new", "x"),
        stroke("new", "xy"),
    ];
    let (outcomes, appended) = runs.append(&batch, START + 50);
    assert_eq!(appended.len(), 9);
    runs.rollback(&batch, &outcomes, &appended);
    // Run numbers and the period of a new session remain.
    runs.next -= 4;
    runs.floods.retain(|_, count| *count > 0);
    runs.flood_ends.truncate(2);
    assert_eq!(format!("{runs:?}"), before);
    assert_eq!(claim(&mut runs, 50), [("d".to_owned(), DueReason::Submitted)]);
}

#[test]
fn memory_of_inputs_and_sessions_expires() {
    let mut runs = Runs::new(limits());
    for round in 0..50 {
        for number in 0..20 {
            let keystroke = stroke(&format!("session {round} {number}"), "x");
            let submitted = number % 2 == 0;
            accept(&mut runs, &Keystroke { sequence: Some(1), submitted, ..keystroke }, round * 1_000);
        }
        let claimable = runs.claimable(ClaimScope::All, 100, START + round * 1_000);
        let claimed = runs.claim(&claimable, EPOCH, START + round * 1_000);
        assert_eq!(claimed.len(), 20);
        let settled: Vec<_> = claimed.iter().map(|run| Settlement::of(run, Some(remembered("x")))).collect();
        let settled = runs.claimed(&settled);
        runs.ack(settled, FlushCounts::default(), START + round * 1_000);
        assert_eq!((runs.inputs.lengths(), runs.floods.len()), ([20, 20, 10, 20], 20));
    }
    runs.expire(START + 51_000);
    assert!(runs.is_empty() && runs.inputs.lengths() == [0, 0, 0, 0] && runs.floods.is_empty());
    assert!(runs.flood_ends.is_empty() && runs.due.is_empty() && runs.leased.is_empty());
}

#[test]
fn the_number_of_watermarks_is_bounded_and_the_latest_remain() {
    const MOST: usize = 8;
    let bytes = MOST as u64 * WATERMARKS_SHARE * WATERMARK_BYTES;
    let mut runs = Runs::new(BufferLimits { bytes, ..limits() });
    for number in 0..100 {
        let keystroke = Keystroke { sequence: Some(0), ..stroke(&format!("{number}"), "x") };
        accept(&mut runs, &keystroke, 0);
        accept(&mut runs, &Keystroke { sequence: Some(1), submitted: true, ..keystroke }, 0);
        let claimable = runs.claimable(ClaimScope::All, 1, START);
        let claimed = runs.claim(&claimable, EPOCH, START).remove(0);
        let settled = runs.claimed(&[Settlement::of(&claimed, Some(remembered("x")))]);
        runs.ack(settled, FlushCounts::default(), START);
        assert!(runs.inputs.lengths()[1] <= MOST + 1 && runs.inputs.lengths()[3] <= MOST + 1);
    }
    let late = Keystroke { sequence: Some(1), ..stroke("99", "y") };
    assert_eq!(runs.append(std::slice::from_ref(&late), START).0, [AppendOutcome::Late]);
    assert_eq!(
        runs.append(&[Keystroke { session: SessionId::parse("0").unwrap(), ..late }], START).0,
        [AppendOutcome::Accepted]
    );
}

#[test]
fn a_claim_decodes_a_bounded_number_of_bytes() {
    let roomy = BufferLimits { bytes: 1 << 30, keystrokes: 10_000, ..limits() };
    let mut runs = Runs::new(roomy);
    let text = "x".repeat(CLAIM_BYTES / 10);
    for number in 0..25 {
        accept(&mut runs, &stroke(&format!("{number}"), &text), 0);
    }
    let claim = |runs: &mut Runs| {
        let claimable = runs.claimable(ClaimScope::All, 100, START);
        runs.claim(&claimable, EPOCH, START).len()
    };
    assert_eq!([(); 4].map(|()| claim(&mut runs)), [10, 10, 5, 0]);
}

#[test]
fn a_clock_set_back_between_two_processes_delays_nothing() {
    let mut runs = Runs::new(limits());
    let keystroke = Keystroke { sequence: Some(7), ..stroke("s", "x") };
    let first = Keystroke { sequence: Some(6), ..keystroke.clone() };
    let day = 86_400_000;
    accept(&mut runs, &Keystroke { submitted: true, ..stroke("u", "y") }, day);
    assert_eq!(claim(&mut runs, day), [("y".to_owned(), DueReason::Submitted)]);
    for (session, sequence, at) in [("s", 7, day), ("t", 7, day)] {
        let keystroke = Keystroke { sequence: Some(sequence), ..stroke(session, "x") };
        accept(&mut runs, &Keystroke { session: keystroke.session.clone(), ..first.clone() }, at);
        accept(&mut runs, &keystroke, at);
    }
    let claimable = runs.claimable(ClaimScope::All, 1, START + day);
    runs.claim(&claimable, EPOCH, START + day);
    runs.resume(START);
    assert_due(&mut runs, 100, "x", DueReason::Idle);
    assert_eq!(runs.append(std::slice::from_ref(&keystroke), START + 399).0, [AppendOutcome::Late]);
    assert_eq!(runs.append(&[keystroke], START + 400).0, [AppendOutcome::Accepted]);
    // The repetition of the submission is a search again.
    accept(&mut runs, &stroke("u", "y"), 400);
    let due = claim(&mut runs, 500);
    assert!(due.contains(&("y".to_owned(), DueReason::Idle)), "{due:?}");
}

#[test]
fn claim_ids_contain_the_epoch_and_foreign_ones_are_ignored() {
    let mut runs = Runs::new(limits());
    accept(&mut runs, &stroke("s", "x"), 0);
    let claimable = runs.claimable(ClaimScope::All, 1, START);
    let run = runs.claim(&claimable, EPOCH, START).remove(0);
    let own = Settlement::of(&run, None);
    let other = |claim| Settlement { claim, ..own.clone() };
    let foreign = [claim_id(Uuid::from_u128(2), 0), ClaimId(String::new()), ClaimId("0-0".to_owned())];
    assert!(runs.claimed(&foreign.map(other)).is_empty());
    assert_eq!(runs.claimed(&[own.clone(), own]), [(0, None)]);
}

#[test]
fn the_runs_of_an_input_are_claimed_one_after_the_other() {
    let mut runs = Runs::new(limits());
    for text in ["a", "b", "c"] {
        accept(&mut runs, &Keystroke { submitted: true, ..stroke("s", text) }, 0);
    }
    accept(&mut runs, &Keystroke { submitted: true, ..stroke("t", "x") }, 0);
    let claim = |runs: &mut Runs, at: Millis| {
        let claimable = runs.claimable(ClaimScope::Due, 100, START + at);
        runs.claim(&claimable, EPOCH, START + at)
    };
    let first = claim(&mut runs, 0);
    assert_eq!(first.iter().map(|run| run.keystrokes[0].text.as_str()).collect::<Vec<_>>(), ["a", "x"]);
    assert_eq!(claim(&mut runs, 0), []);
    // The claim comes back, and nothing else of its input.
    assert_eq!(claim(&mut runs, 200), first);
    let settled = runs.claimed(&[Settlement::of(&first[0], Some(remembered("a")))]);
    runs.ack(settled, FlushCounts::default(), START + 200);
    let second = claim(&mut runs, 200);
    assert_eq!((second.len(), &second[0].keystrokes[0].text[..]), (1, "b"));
    assert_eq!(second[0].remembered, Some(remembered("a")));
    // A repeated claim continues the same search, although its memory has ended.
    assert!(claim(&mut runs, 599).contains(&second[0]));
    // A claim that is never acknowledged blocks its input for a while only.
    let third = claim(&mut runs, 600);
    assert_eq!((third.len(), &third[0].keystrokes[0].text[..]), (1, "c"));
    assert_eq!(third[0].remembered, None);
}

#[test]
fn a_counter_that_begins_again_is_not_late() {
    let mut runs = Runs::new(limits());
    let numbered = |sequence, submitted, text: &str| Keystroke {
        sequence: Some(sequence),
        submitted,
        ..stroke("s", text)
    };
    accept(&mut runs, &numbered(1, false, "r"), 0);
    accept(&mut runs, &numbered(9, true, "red"), 0);
    // A page load before the claim, and one after it.
    for at in [1, 2] {
        for (sequence, text) in [(1, "h"), (2, "ha"), (3, "hat")] {
            accept(&mut runs, &numbered(sequence, sequence == 3, &format!("{text} {at}")), at);
        }
        let claimable = runs.claimable(ClaimScope::Due, 100, START + at);
        let claimed = runs.claim(&claimable, EPOCH, START + at);
        let settled: Vec<_> = claimed.iter().map(|run| Settlement::of(run, None)).collect();
        let settled = runs.claimed(&settled);
        runs.ack(settled, FlushCounts::default(), START + at);
    }
    let late = numbered(2, false, "late");
    claim(&mut runs, 3);
    assert_eq!(runs.append(&[late], START + 3).0, [AppendOutcome::Late]);
}

/// The journal of the version before contexts: a watermark, a remembered search, and two keystrokes.
const EARLIER_JOURNAL: [&str; 4] = [
    "0b03616e6e00010002eec2dd97c668",
    "0903616e6e00100272d3b7873052efb867aa063982fc2c0200036275730004000018323032362d31322d30315431313a35313a35372e3435355a18323032362d31322d30315431313a35313a35372e3436395a0000000094c3dd97c668",
    "00a4c39497c66801010103616e6e0000020175086275732073746f70010a000106",
    "00aac39497c6680102010362656e00000103636174000000",
];
/// The time of its last record.
const EARLIER: Millis = 1_796_125_921_493;

#[test]
fn a_journal_of_an_earlier_version_is_read() {
    let mut runs = Runs::new(BufferLimits::default());
    let records = EARLIER_JOURNAL.map(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap());
    for bytes in &records {
        runs.replay(postcard::from_bytes(bytes).unwrap());
    }
    let claimable = runs.claimable(ClaimScope::All, 9, EARLIER);
    let claimed = runs.claim(&claimable, EPOCH, EARLIER);
    let [ann, ben] = &claimed[..] else { panic!("{claimed:?}") };
    let typed = &ann.keystrokes[0];
    assert_eq!((typed.text.as_str(), typed.sequence, typed.result_count), ("bus stop", Some(5), Some(3)));
    let remembered = ann.remembered.as_ref().unwrap();
    assert_eq!((remembered.search.query.as_str(), remembered.search.keystrokes), ("bus", 2));
    assert!(typed.context.is_empty() && remembered.search.context.is_empty());
    assert_eq!((ben.keystrokes[0].text.as_str(), &ben.remembered), ("cat", &None));
    // Its acknowledgements, and its compaction during a claim.
    let mut search = remembered.clone();
    search.search.query = "cat".to_owned();
    let earlier = [
        Record::Continued { run: claimable[1].run, search: Some(search.clone()), until: None },
        Record::Settled { at: EARLIER, runs: vec![(claimable[0].run, Some(search.clone()))] },
    ];
    for record in &earlier {
        runs.replay(postcard::from_bytes(&postcard::to_stdvec(record).unwrap()).unwrap());
    }
    let again = runs.claimable(ClaimScope::All, 9, EARLIER + 3_600_000);
    assert_eq!(runs.claim(&again, EPOCH, EARLIER)[0].remembered.as_ref(), Some(&search));
    accept(&mut runs, &stroke("ann", "c"), EARLIER - START);
    let next = runs.claimable(ClaimScope::All, 9, EARLIER);
    assert_eq!(runs.claim(&next, EPOCH, EARLIER)[0].remembered.as_ref(), Some(&search));
}
