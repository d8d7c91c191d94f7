//! The standard output and the standard error of commands.
//!
//! A reader may go early, as `head` does: that is no failure, and no reason to stop a server or a crawl.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Writes to the standard output.
pub(super) fn write(text: Arguments<'_>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_fmt(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to the standard error, if it is open: nothing else could report a failure.
pub(super) fn write_note(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a text to the standard output, and returns whether that failed.
macro_rules! say {
    ($($part:tt)*) => { $crate::cli::output::write(format_args!($($part)*)) };
}

/// Writes a line to the standard output, and returns whether that failed.
macro_rules! say_line {
    ($($part:tt)*) => { $crate::cli::output::write(format_args!("{}\n", format_args!($($part)*))) };
}

/// Writes a line for people to the standard error.
macro_rules! note_line {
    ($($part:tt)*) => { $crate::cli::output::write_note(format_args!($($part)*)) };
}

pub(super) use {note_line, say, say_line};
