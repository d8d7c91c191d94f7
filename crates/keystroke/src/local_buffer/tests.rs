//! A disk without room: `/dev/full` takes no byte, and cannot be cut to a length.

#![cfg(target_os = "linux")]

use std::io::Write;

use super::*;
use quarry_domain::{InputId, SessionId};

fn stroke(session: &str, text: &str, submitted: bool) -> Keystroke {
    Keystroke {
        session: SessionId::parse(session).unwrap(),
        user: None,
        input: InputId::default(),
        text: text.to_owned(),
        sequence: None,
        submitted,
        result_count: None,
    }
}

fn open(folder: &Path) -> LocalBuffer {
    LocalBuffer::open(folder, BufferLimits::default(), Duration::from_secs(1)).unwrap()
}

#[tokio::test]
async fn what_a_full_disk_refuses_has_not_happened_and_it_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = open(folder.path());
    let submitted = stroke("stored", "bus", true);
    buffer.append(&[submitted, stroke("open", "c", false)]).await.unwrap();
    let stored = buffer.claim(Wanted::Due, 10).await.unwrap();
    buffer.append(&[stroke("waiting", "dog", true)]).await.unwrap();
    let before = buffer.health().await.unwrap();

    let full = Arc::new(File::options().append(true).open("/dev/full").unwrap());
    let file = buffer.shared.state().journal.replace_file(full.clone());
    let more = [stroke("open", "ca", true), stroke("new", "x", false)];
    assert!(matches!(buffer.append(&more).await, Err(BufferError::Unavailable(_))));
    assert!(matches!(buffer.claim(Wanted::Due, 10).await, Err(BufferError::Unavailable(_))));
    let session = Searcher::Session(SessionId::parse("open").unwrap());
    assert!(matches!(buffer.erase(&session).await, Err(BufferError::Unavailable(_))));
    let health = buffer.health().await.unwrap();
    assert_eq!((health.last_error, buffer.last_error()), (Some(REFUSING), Some(REFUSING)));
    assert_eq!(BufferHealth { last_error: None, ..health }, before);
    // What is stored is stored.
    buffer.ack(&[stored[0].id.clone()], FlushTally::default()).await.unwrap();
    assert_eq!(buffer.health().await.unwrap().runs, 2);

    // A write that broke off half-way left something that could not be cut off then.
    file.as_ref().write_all(b"half a frame").unwrap();
    buffer.shared.state().journal.replace_file(file);
    buffer.append(&[stroke("open", "cat", false)]).await.unwrap();
    assert_eq!(buffer.last_error(), None);
    let waiting = buffer.claim(Wanted::Due, 10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].session.as_str()), (1, "waiting"));
    drop(buffer);
    // The ack was not written: its claim comes back under its id, and is known by that.
    let buffer = open(folder.path());
    let mut back = buffer.claim(Wanted::Due, 10).await.unwrap();
    back.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(back, [stored, waiting].concat());
    let open_runs = buffer.claim(Wanted::All, 10).await.unwrap();
    let texts: Vec<&str> = open_runs[0].keystrokes.iter().map(|keystroke| keystroke.text.as_str()).collect();
    assert_eq!((open_runs.len(), texts), (1, vec!["c", "cat"]));
}

#[tokio::test]
async fn a_journal_in_doubt_is_written_anew_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = open(folder.path());
    buffer.append(&[stroke("stored", "bus", true), stroke("open", "c", false)]).await.unwrap();
    let stored = buffer.claim(Wanted::Due, 10).await.unwrap();
    let full = Arc::new(File::options().append(true).open("/dev/full").unwrap());
    buffer.shared.state().journal.replace_file(full);
    buffer.ack(&[stored[0].id.clone()], FlushTally::default()).await.unwrap();
    // Its flush fails, a new journal is made, and all is well.
    buffer.sync().await.unwrap();
    buffer.append(&[stroke("open", "ca", false)]).await.unwrap();
    buffer.sync().await.unwrap();
    // That there is room again shows without a keystroke, too.
    let full = Arc::new(File::options().append(true).open("/dev/full").unwrap());
    buffer.shared.state().journal.replace_file(full);
    assert!(buffer.append(&[stroke("open", "car", false)]).await.is_err());
    assert_eq!(buffer.last_error(), Some(REFUSING));
    buffer.sync().await.unwrap();
    assert_eq!(buffer.last_error(), None);
    drop(buffer);
    let buffer = open(folder.path());
    let health = buffer.health().await.unwrap();
    assert_eq!((health.runs, health.keystrokes), (1, 2));
}
