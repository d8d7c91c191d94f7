//! What the log tells of a panic.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

/// Logs where a thread panicked. What it said is left out unless it is a fixed text: one that was put
/// together may quote what somebody typed.
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
    fn what_a_panic_says_is_told_where_nobody_can_have_typed_it() {
        let typed = "kanarie";
        let fixed = std::panic::catch_unwind(|| panic!("the table is missing")).unwrap_err();
        assert_eq!(fixed_text(&*fixed), Some("the table is missing"));
        let quoting = std::panic::catch_unwind(|| panic!("no entry {typed}")).unwrap_err();
        assert_eq!(fixed_text(&*quoting), None);
    }
}
