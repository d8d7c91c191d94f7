//! Log events of panics.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

/// Logs the location of a panic, and its message if that is a fixed text.
///
/// A formatted message may quote the input of a user.
pub(super) fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = fixed_text(panic.payload()).unwrap_or("withheld, since it may quote data");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(panic.location = location, panic.reason = reason, %backtrace, "a thread panicked");
    } else {
        tracing::error!(panic.location = location, panic.reason = reason, "a thread panicked");
    }
}

fn fixed_text(payload: &dyn Any) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fixed_messages_of_panics_are_logged() {
        let input = "kanarie";
        let fixed = std::panic::catch_unwind(|| panic!("the table is missing")).unwrap_err();
        assert_eq!(fixed_text(&*fixed), Some("the table is missing"));
        let formatted = std::panic::catch_unwind(|| panic!("no entry {input}")).unwrap_err();
        assert_eq!(fixed_text(&*formatted), None);
    }
}
