//! The journal of the embedded buffer: recovery after kills and damage, compaction, and erasure from disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::Config;
use quarry::domain::{Keystroke, Searcher, SessionId, UserId};
use quarry::keystroke::{
    AppendOutcome, BufferLimits, ClaimScope, ClaimedRun, FlushCounts, KeystrokeBuffer, LocalBuffer,
    LocalBufferError,
};
use tempfile::TempDir;

use super::buffers::{arm, by, in_box, sequenced, settled, stroke, submitted, unlimited};

fn open(folder: &Path) -> LocalBuffer {
    open_with(folder, unlimited())
}

fn open_with(folder: &Path, limits: BufferLimits) -> LocalBuffer {
    LocalBuffer::open(folder, limits, Duration::from_secs(1)).unwrap()
}

/// Reopens a buffer like after a kill: without closing it.
fn reopen(buffer: LocalBuffer, folder: &Path) -> LocalBuffer {
    drop(buffer);
    open(folder)
}

async fn accept(buffer: &LocalBuffer, keystrokes: &[Keystroke]) {
    let appended = buffer.append(keystrokes).await.unwrap();
    assert!(appended.iter().all(|appended| *appended == AppendOutcome::Accepted), "{appended:?}");
}

async fn claim(buffer: &LocalBuffer, scope: ClaimScope) -> Vec<ClaimedRun> {
    let mut runs = buffer.claim(scope, usize::MAX).await.unwrap();
    runs.sort_by(|a, b| a.id.cmp(&b.id));
    runs
}

async fn ack(buffer: &LocalBuffer, runs: &[ClaimedRun]) {
    buffer.ack(&settled(runs), FlushCounts::default()).await.unwrap();
}

async fn counts(buffer: &LocalBuffer) -> (u64, u64) {
    let health = buffer.health().await.unwrap();
    (health.runs, health.keystrokes)
}

fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
}

/// The only journal of a folder.
fn journal(folder: &Path) -> PathBuf {
    let mut found = files(folder, "journal");
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn unknown_session() -> Searcher {
    Searcher::Session(SessionId::parse("unknown").unwrap())
}

/// Keystrokes of three sessions with all fields.
fn typing() -> Vec<Keystroke> {
    vec![
        sequenced(3, stroke("ann", "bu")),
        by("user ann", sequenced(4, stroke("ann", "bus"))),
        in_box("tab", stroke("ann", "grüße ✓")),
        stroke("ben", ""),
        submitted(by("user ben", stroke("ben", "cat"))),
        Keystroke { result_count: Some(7), context: arm("b"), ..stroke("cleo", "dog") },
    ]
}

#[tokio::test]
async fn a_kill_at_any_point_loses_no_accepted_keystroke() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let buffer = open(path);
    accept(&buffer, &typing()).await;
    // Before the claim.
    let buffer = reopen(buffer, path);
    assert_eq!(counts(&buffer).await, (4, 6));
    assert!(buffer.health().await.unwrap().oldest.is_some());
    accept(&buffer, &[stroke("cleo", "doge")]).await;
    let claimed = claim(&buffer, ClaimScope::All).await;
    assert_eq!(claimed.len(), 4);
    accept(&buffer, &[sequenced(5, stroke("ann", "next"))]).await;
    // Between the claim and the acknowledgement: the claims come back at once, despite a long lease.
    let buffer = reopen(buffer, path);
    let again = claim(&buffer, ClaimScope::Due).await;
    assert_eq!(again, claimed);
    assert_eq!(again.iter().map(|run| run.keystrokes.len()).sum::<usize>(), 7);
    assert_eq!(buffer.health().await.unwrap().reclaimed, 4);
    // After some acknowledgements.
    ack(&buffer, &again[..3]).await;
    let buffer = reopen(buffer, path);
    assert_eq!(claim(&buffer, ClaimScope::Due).await, again[3..]);
    ack(&buffer, &again).await;
    // A keystroke after the claim opened another run.
    accept(&buffer, &[sequenced(6, stroke("ann", "next one"))]).await;
    let buffer = reopen(buffer, path);
    let rest = claim(&buffer, ClaimScope::All).await;
    assert_eq!((rest.len(), rest[0].keystrokes.len()), (1, 2));
    assert!(again.iter().all(|run| run.id != rest[0].id), "another process, another claim");
}

#[tokio::test]
async fn watermarks_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let buffer = open(folder.path());
    accept(&buffer, &[sequenced(6, stroke("s", "bu")), sequenced(8, stroke("t", "ca"))]).await;
    accept(&buffer, &[sequenced(7, stroke("s", "bus")), sequenced(9, stroke("t", "cat"))]).await;
    ack(&buffer, &claim(&buffer, ClaimScope::All).await).await;
    let late = [sequenced(7, stroke("s", "late")), sequenced(9, stroke("t", "late"))];
    let mut buffer = reopen(buffer, folder.path());
    for _ in 0..2 {
        assert_eq!(buffer.append(&late).await.unwrap(), [AppendOutcome::Late, AppendOutcome::Late]);
        // A compaction keeps them.
        buffer.sync().await.unwrap();
        buffer = reopen(buffer, folder.path());
    }
    accept(&buffer, &[sequenced(8, stroke("s", "c"))]).await;
}

#[tokio::test]
async fn submissions_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let mut buffer = open(folder.path());
    accept(&buffer, &[submitted(sequenced(3, stroke("claimed", "bus")))]).await;
    ack(&buffer, &claim(&buffer, ClaimScope::Due).await).await;
    accept(&buffer, &[sequenced(2, stroke("closed", "on"))]).await;
    accept(&buffer, &[submitted(sequenced(3, stroke("closed", "one"))), stroke("closed", "t")]).await;
    accept(&buffer, &[sequenced(3, stroke("open", "c"))]).await;
    accept(&buffer, &[submitted(sequenced(5, stroke("open", "cat")))]).await;
    for round in 1..=4 {
        buffer = reopen(buffer, folder.path());
        accept(&buffer, &[stroke("claimed", " BUS"), stroke("open", "Cat"), stroke("closed", "two")]).await;
        accept(&buffer, &[sequenced(4, stroke("open", "ca"))]).await;
        assert_eq!(counts(&buffer).await, (3, 5 + 3 * round));
        assert_eq!(
            buffer.append(&[sequenced(3, stroke("closed", "late"))]).await.unwrap(),
            [AppendOutcome::Late]
        );
        if round % 2 == 0 {
            // An erasure compacts the journal.
            assert_eq!(buffer.erase(&unknown_session()).await.unwrap().keystrokes, 0);
        }
    }
    // The closed run was not reopened, and other text closes the open one.
    accept(&buffer, &[stroke("open", "dog"), stroke("claimed", "dog"), stroke("claimed", "bus")]).await;
    let buffer = reopen(buffer, folder.path());
    let texts = |runs: Vec<ClaimedRun>| -> Vec<Vec<String>> {
        let texts = |run: ClaimedRun| run.keystrokes.into_iter().map(|keystroke| keystroke.text).collect();
        runs.into_iter().map(texts).collect()
    };
    let due = buffer.claim(ClaimScope::Due, usize::MAX).await.unwrap();
    let submitted = ["c", "cat", "Cat", "ca", "Cat", "ca", "Cat", "ca", "Cat", "ca"];
    ack(&buffer, &due).await;
    assert_eq!(texts(due), [vec!["on", "one"], submitted.to_vec()]);
    let mut rest = texts(buffer.claim(ClaimScope::All, usize::MAX).await.unwrap());
    rest.sort();
    assert_eq!(rest, [vec!["dog"], vec!["dog", "bus"], vec!["t", "two", "two", "two", "two"]]);
}

/// A journal, and the counts of its buffer at each of its lengths.
async fn small_journal() -> (Vec<u8>, Vec<(usize, (u64, u64))>) {
    let folder = TempDir::new().unwrap();
    let buffer = open(folder.path());
    let path = journal(folder.path());
    let mut lengths = Vec::new();
    let mut note = async |buffer: &LocalBuffer| {
        lengths.push((std::fs::metadata(&path).unwrap().len() as usize, counts(buffer).await));
    };
    note(&buffer).await;
    accept(&buffer, &typing()).await;
    note(&buffer).await;
    let claimed = claim(&buffer, ClaimScope::Due).await;
    note(&buffer).await;
    accept(&buffer, &[stroke("ann", "busi"), stroke("ben", "x")]).await;
    note(&buffer).await;
    ack(&buffer, &claimed).await;
    note(&buffer).await;
    (std::fs::read(path).unwrap(), lengths)
}

fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("00000000000000000001.journal"), bytes).unwrap();
    folder
}

/// Opens a folder, verifies its counts, and appends to it.
async fn check(folder: &Path, expected: (u64, u64)) {
    let buffer = open(folder);
    assert_eq!(counts(&buffer).await, expected);
    accept(&buffer, &[stroke("new", "goes on")]).await;
    let buffer = reopen(buffer, folder);
    assert_eq!(counts(&buffer).await, (expected.0 + 1, expected.1 + 1));
    let mut claimed = 0;
    while let runs = claim(&buffer, ClaimScope::All).await
        && !runs.is_empty()
    {
        claimed += runs.len() as u64;
        ack(&buffer, &runs).await;
    }
    assert_eq!(claimed, expected.0 + 1);
}

#[tokio::test]
async fn a_truncated_journal_keeps_all_whole_records() {
    let (bytes, lengths) = small_journal().await;
    assert_eq!(lengths.last().unwrap().0, bytes.len());
    for cut in 0..=bytes.len() {
        let folder = folder_with(&bytes[..cut]);
        let whole = lengths.iter().rev().find(|(length, _)| *length <= cut);
        check(folder.path(), whole.map_or((0, 0), |(_, held)| *held)).await;
        assert!(files(folder.path(), "damaged").is_empty(), "a torn end is truncated");
        // A crash of the system may leave zeros behind the written bytes.
        let folder = folder_with(&[&bytes[..cut], [0; 40].as_slice()].concat());
        if whole.is_some_and(|(length, _)| *length == cut) {
            check(folder.path(), whole.unwrap().1).await;
            assert!(files(folder.path(), "damaged").is_empty());
        } else {
            open(folder.path());
        }
    }
}

#[tokio::test]
async fn a_damaged_journal_keeps_the_records_before_and_sets_the_rest_aside() {
    let (bytes, lengths) = small_journal().await;
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let folder = folder_with(&damaged);
        let whole = lengths.iter().rev().find(|(length, _)| *length <= at);
        let (length, held) = whole.copied().unwrap_or((0, (0, 0)));
        check(folder.path(), held).await;
        let aside = files(folder.path(), "damaged");
        assert_eq!(aside.len(), 1);
        assert_eq!(std::fs::read(&aside[0]).unwrap(), damaged[length..]);
    }
    // Repeated damage does not overwrite bytes that were set aside.
    let folder = folder_with(b"not a journal");
    drop(open(folder.path()));
    std::fs::write(journal(folder.path()), b"nor is this").unwrap();
    drop(open(folder.path()));
    assert_eq!(files(folder.path(), "damaged").len(), 2);
}

#[tokio::test]
async fn opening_removes_incomplete_and_replaced_journals() {
    let (bytes, lengths) = small_journal().await;
    let folder = folder_with(&bytes[..lengths[0].0]);
    std::fs::write(folder.path().join("00000000000000000002.journal"), &bytes).unwrap();
    std::fs::write(folder.path().join("00000000000000000003.part"), &bytes[..60]).unwrap();
    let buffer = open(folder.path());
    assert_eq!(counts(&buffer).await, lengths.last().unwrap().1);
    assert!(journal(folder.path()).ends_with("00000000000000000002.journal"));
    assert!(files(folder.path(), "part").is_empty());
}

#[tokio::test]
async fn a_compacted_journal_reproduces_the_state() {
    let folder = TempDir::new().unwrap();
    let buffer = open(folder.path());
    accept(&buffer, &typing()).await;
    let long: Vec<Keystroke> = (0..2_500).map(|number| stroke("long", &format!("text {number}"))).collect();
    accept(&buffer, &long).await;
    accept(&buffer, &[submitted(in_box("tab", stroke("long", "x")))]).await;
    let claimed = claim(&buffer, ClaimScope::Due).await;
    assert_eq!(claimed.len(), 2);
    let counts_before = counts(&buffer).await;
    assert_eq!(buffer.erase(&unknown_session()).await.unwrap().keystrokes, 0);
    let buffer = reopen(buffer, folder.path());
    assert_eq!(counts(&buffer).await, counts_before);
    assert_eq!(claim(&buffer, ClaimScope::Due).await, claimed);
    let open_runs = claim(&buffer, ClaimScope::All).await;
    let texts = |session: &str| -> Vec<String> {
        let of_session = open_runs.iter().filter(|run| run.session.as_str() == session);
        of_session.flat_map(|run| run.keystrokes.iter().map(|keystroke| keystroke.text.clone())).collect()
    };
    assert_eq!(texts("long"), long.iter().map(|keystroke| keystroke.text.clone()).collect::<Vec<_>>());
    assert_eq!(texts("cleo"), ["dog"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_proceed_during_a_compaction() {
    let folder = TempDir::new().unwrap();
    let buffer = std::sync::Arc::new(open(folder.path()));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let buffer = buffer.clone();
        writers.spawn(async move {
            for number in 0..500 {
                let session = format!("session {writer} {}", number / 3);
                accept(&buffer, &[sequenced(number, stroke(&session, &format!("{writer} {number}")))]).await;
                if number % 50 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    let mut acked = 0;
    while !writers.is_empty() {
        assert_eq!(buffer.erase(&unknown_session()).await.unwrap().keystrokes, 0);
        let runs = buffer.claim(ClaimScope::All, 20).await.unwrap();
        acked += runs[..runs.len() / 2].iter().map(|run| run.keystrokes.len()).sum::<usize>();
        ack(&buffer, &runs[..runs.len() / 2]).await;
        while let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }
    let counts_before = counts(&buffer).await;
    let buffer = reopen(std::sync::Arc::into_inner(buffer).unwrap(), folder.path());
    assert_eq!(counts(&buffer).await, counts_before);
    // A later run of an input waits for the claimed one.
    let mut texts = HashSet::new();
    while counts(&buffer).await.0 > 0 {
        let runs = claim(&buffer, ClaimScope::All).await;
        assert!(!runs.is_empty());
        ack(&buffer, &runs).await;
        texts.extend(runs.into_iter().flat_map(|run| run.keystrokes).map(|keystroke| keystroke.text));
    }
    assert_eq!(texts.len() + acked, 2_000);
}

#[tokio::test]
async fn the_journal_stays_small_and_ends_empty() {
    const MOST: u64 = 4 << 20;
    let folder = TempDir::new().unwrap();
    let buffer = open(folder.path());
    let mut largest = 0;
    for round in 0..1_000 {
        let session = |number| format!("session {round} {number}");
        let batch: Vec<Keystroke> =
            (0..100).map(|number| stroke(&session(number), "business data")).collect();
        accept(&buffer, &batch).await;
        // Some runs remain claimed.
        let runs = buffer.claim(ClaimScope::All, 100).await.unwrap();
        ack(&buffer, if round < 10 { &runs[50..] } else { &runs }).await;
        if round % 10 == 0 {
            buffer.sync().await.unwrap();
        }
        largest = largest.max(std::fs::metadata(journal(folder.path())).unwrap().len());
    }
    assert_eq!(counts(&buffer).await, (500, 500));
    assert!(largest < MOST, "{largest} bytes");
    let buffer = reopen(buffer, folder.path());
    assert_eq!(buffer.health().await.unwrap().keystrokes, 500);
    ack(&buffer, &claim(&buffer, ClaimScope::All).await).await;
    buffer.sync().await.unwrap();
    assert!(std::fs::metadata(journal(folder.path())).unwrap().len() < 100);
}

#[tokio::test]
async fn erasure_removes_texts_from_disk() {
    let folder = TempDir::new().unwrap();
    let buffer = open(folder.path());
    for session in ["gone session", "kept session"] {
        let text = format!("text of the {session}");
        accept(&buffer, &[submitted(stroke(session, "gone"))]).await;
        ack(&buffer, &claim(&buffer, ClaimScope::Due).await).await;
        accept(&buffer, &[submitted(sequenced(5, stroke(session, &text)))]).await;
        claim(&buffer, ClaimScope::Due).await;
        let more = format!("{text} once more");
        accept(&buffer, &[sequenced(6, stroke(session, &more)), in_box("tab", stroke(session, &more))]).await;
    }
    accept(&buffer, &[stroke("shared", "gone user's"), by("gone user", stroke("shared", "gone user's"))])
        .await;
    std::fs::write(folder.path().join("1.0.damaged"), "text of the gone session").unwrap();
    let gone = Searcher::Session(SessionId::parse("gone session").unwrap());
    assert_eq!(buffer.erase(&gone).await.unwrap().keystrokes, 3);
    assert_eq!(
        buffer.erase(&Searcher::User(UserId::parse("gone user").unwrap())).await.unwrap().keystrokes,
        2
    );
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("gone"), "{} contains erased text", path.display());
    }
    let buffer = reopen(buffer, folder.path());
    assert_eq!(counts(&buffer).await, (3, 3));
    let runs = claim(&buffer, ClaimScope::All).await;
    assert!(runs.iter().all(|run| run.session.as_str() == "kept session"));
}

#[tokio::test]
async fn one_process_owns_the_folder() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path());
    let second = LocalBuffer::open(folder.path(), unlimited(), Duration::ZERO).err().unwrap();
    assert!(matches!(second, LocalBufferError::InUse { .. }));
    let message = second.to_string();
    assert!(message.contains("data_dir") && message.contains("redis_url"), "{message}");
    drop(first);
    open(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buffer_that_syncs_each_call_takes_concurrent_calls() {
    let folder = TempDir::new().unwrap();
    let buffer = std::sync::Arc::new(LocalBuffer::open(folder.path(), unlimited(), Duration::ZERO).unwrap());
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..50 {
        let buffer = buffer.clone();
        writers.spawn(async move { accept(&buffer, &[stroke(&format!("session {writer}"), "x")]).await });
    }
    writers.join_all().await;
    assert_eq!(buffer.claim(ClaimScope::All, 20).await.unwrap().len(), 20);
    let buffer = reopen(std::sync::Arc::into_inner(buffer).unwrap(), folder.path());
    assert_eq!(counts(&buffer).await, (50, 50));
    assert_eq!(claim(&buffer, ClaimScope::Due).await.len(), 20);
}

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_buffer_opens_with_any_bytes(
        at in any::<prop::sample::Index>(),
        junk in prop::collection::vec(any::<u8>(), 0..60),
        rest in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (bytes, _) = small_journal().await;
            let at = at.index(bytes.len() + 1);
            let behind = if rest { (at + junk.len()).min(bytes.len()) } else { bytes.len() };
            let folder = folder_with(&[&bytes[..at], &junk, &bytes[behind..]].concat());
            let buffer = open(folder.path());
            let (runs, keystrokes) = counts(&buffer).await;
            assert!(runs <= 6 && keystrokes <= 8);
            accept(&buffer, &[stroke("new", "goes on")]).await;
            let buffer = reopen(buffer, folder.path());
            assert_eq!(counts(&buffer).await, (runs + 1, keystrokes + 1));
        });
    }
}
