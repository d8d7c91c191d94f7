//! The standard output of commands.
//!
//! A reader may go early, as `head` does: that is no failure, and no reason to stop a server.

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

/// Writes a text to the standard output, and returns whether that failed.
macro_rules! say {
    ($($part:tt)*) => { $crate::cli::output::write(format_args!($($part)*)) };
}

/// Writes a line to the standard output, and returns whether that failed.
macro_rules! say_line {
    ($($part:tt)*) => { $crate::cli::output::write(format_args!("{}\n", format_args!($($part)*))) };
}

pub(super) use {say, say_line};
