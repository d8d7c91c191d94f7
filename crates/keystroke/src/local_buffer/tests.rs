//! A full disk: `/dev/full` accepts no byte and cannot be truncated.

#![cfg(target_os = "linux")]

use std::io::Write;

use super::*;
use crate::fixtures::stroke;
use quarry_domain::SessionId;

fn submitted(session: &str, text: &str) -> Keystroke {
    Keystroke { submitted: true, ..stroke(session, text) }
}

fn open(folder: &Path) -> LocalBuffer {
    LocalBuffer::open(folder, BufferLimits::default(), Duration::from_secs(1)).unwrap()
}

#[tokio::test]
async fn a_full_disk_rejects_calls_without_effect_until_it_has_space() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = open(folder.path());
    buffer.append(&[submitted("stored", "bus"), stroke("open", "c")]).await.unwrap();
    let stored = buffer.claim(ClaimScope::Due, 10).await.unwrap();
    buffer.append(&[submitted("waiting", "dog")]).await.unwrap();
    let before = buffer.health().await.unwrap();

    let full = Arc::new(File::options().append(true).open("/dev/full").unwrap());
    let file = buffer.shared.state().journal.replace_file(full.clone());
    let more = [submitted("open", "ca"), stroke("new", "x")];
    assert!(matches!(buffer.append(&more).await, Err(BufferError::Unavailable(_))));
    assert!(matches!(buffer.claim(ClaimScope::Due, 10).await, Err(BufferError::Unavailable(_))));
    let session = Searcher::Session(SessionId::parse("open").unwrap());
    assert!(matches!(buffer.erase(&session).await, Err(BufferError::Unavailable(_))));
    let health = buffer.health().await.unwrap();
    assert_eq!((health.last_error, buffer.last_error()), (Some(REFUSING), Some(REFUSING)));
    assert_eq!(BufferHealth { last_error: None, ..health }, before);
    // An acknowledgement succeeds: its searches are stored.
    buffer.ack(&[Settlement::of(&stored[0], None)], FlushCounts::default()).await.unwrap();
    assert_eq!(buffer.health().await.unwrap().runs, 2);

    // A failed write left bytes that could not be truncated at once.
    file.as_ref().write_all(b"half a frame").unwrap();
    buffer.shared.state().journal.replace_file(file);
    buffer.append(&[stroke("open", "cat")]).await.unwrap();
    assert_eq!(buffer.last_error(), None);
    let waiting = buffer.claim(ClaimScope::Due, 10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].session.as_str()), (1, "waiting"));
    drop(buffer);
    // The acknowledgement was not written: its claim comes back under its id.
    let buffer = open(folder.path());
    let mut back = buffer.claim(ClaimScope::Due, 10).await.unwrap();
    back.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(back, [stored, waiting].concat());
    let open_runs = buffer.claim(ClaimScope::All, 10).await.unwrap();
    let texts: Vec<&str> = open_runs[0].keystrokes.iter().map(|keystroke| keystroke.text.as_str()).collect();
    assert_eq!((open_runs.len(), texts), (1, vec!["c", "cat"]));
}

#[tokio::test]
async fn a_failed_journal_is_compacted_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = open(folder.path());
    buffer.append(&[submitted("stored", "bus"), stroke("open", "c")]).await.unwrap();
    let stored = buffer.claim(ClaimScope::Due, 10).await.unwrap();
    let full = Arc::new(File::options().append(true).open("/dev/full").unwrap());
    buffer.shared.state().journal.replace_file(full);
    buffer.ack(&[Settlement::of(&stored[0], None)], FlushCounts::default()).await.unwrap();
    // Its sync fails, and a compaction replaces it.
    buffer.sync().await.unwrap();
    buffer.append(&[stroke("open", "ca")]).await.unwrap();
    buffer.sync().await.unwrap();
    // The error also ends without a keystroke.
    let full = Arc::new(File::options().append(true).open("/dev/full").unwrap());
    buffer.shared.state().journal.replace_file(full);
    assert!(buffer.append(&[stroke("open", "car")]).await.is_err());
    assert_eq!(buffer.last_error(), Some(REFUSING));
    buffer.sync().await.unwrap();
    assert_eq!(buffer.last_error(), None);
    drop(buffer);
    let buffer = open(folder.path());
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes), (1, 2));
}
