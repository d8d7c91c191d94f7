//! Members of a body that state an error.

use crate::json::Json;
use quarry_config::JsonPointer;

/// Characters of a stated message that are repeated.
const MESSAGE_CHARS: usize = 80;
/// Members of one line that is an error in place of an item, which has at least a key and a text.
const ERROR_LINE_MEMBERS: usize = 2;
/// Members that are false when a request failed.
const SUCCESS_FLAGS: [&str; 5] = ["success", "ok", "succeeded", "is_success", "issuccess"];
/// Members that are true when a request failed.
const FAILURE_FLAGS: [&str; 6] = ["is_error", "iserror", "has_error", "haserror", "has_errors", "haserrors"];
/// Members that name the outcome of a request.
const STATUSES: [&str; 2] = ["status", "stat"];
/// The outcomes that are failures.
const FAILURES: [&str; 4] = ["error", "fail", "failure", "failed"];
/// Texts of an error member that state no error.
const NO_ERRORS: [&str; 8] = ["0", "false", "no", "none", "null", "ok", "success", "no error"];
/// Members that contain the message of an error.
const MESSAGES: [&str; 10] = [
    "message",
    "msg",
    "detail",
    "details",
    "description",
    "error_description",
    "error_message",
    "title",
    "reason",
    "error",
];

/// The pointers to members that state an error; none: no member does.
#[derive(Clone, Debug)]
pub(super) struct ErrorMembers {
    pub(super) pointers: Vec<JsonPointer>,
}

/// An error that a body states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatedError {
    pointer: String,
    message: Option<String>,
}

impl ErrorMembers {
    /// Finds the error that a page or an object around its items states, also by flags if they are about the page.
    pub(super) fn find(&self, page: &Json, objects: &[String], has_flags: bool) -> Option<StatedError> {
        let around = || objects.iter().find_map(|object| self.find_member(page.pointer(object)?, object));
        let flag = || if has_flags { self.find_flag(page) } else { None };
        self.find_member(page, "").or_else(around).or_else(flag)
    }

    /// Finds the error of a line that is no item.
    pub(super) fn find_in_line(&self, line: &Json) -> Option<StatedError> {
        match line {
            Json::Object(members) if members.len() <= ERROR_LINE_MEMBERS => self.find_member(line, ""),
            _ => None,
        }
    }

    fn find_member(&self, object: &Json, prefix: &str) -> Option<StatedError> {
        self.pointers.iter().find_map(|pointer| {
            let value = object.pointer(pointer.as_str()).filter(|value| states_error(value))?;
            Some(StatedError { pointer: format!("{prefix}{}", pointer.as_str()), message: message_of(value) })
        })
    }

    fn find_flag(&self, page: &Json) -> Option<StatedError> {
        let Json::Object(members) = page else { return None };
        if self.pointers.is_empty() {
            return None;
        }
        let (name, _) =
            members.iter().find(|(name, value)| is_failure_flag(&name.to_ascii_lowercase(), value))?;
        Some(StatedError { pointer: format!("/{name}"), message: message_of(page) })
    }
}

impl StatedError {
    /// Describes the error of a page with items.
    pub(super) fn beside_items(self) -> String {
        self.describe("the body states an error beside its items at")
    }

    /// Appends the error of a page without items, if any, to another problem.
    pub(super) fn append(error: Option<Self>, problem: String) -> String {
        match error {
            Some(error) => format!("{problem}; {}", error.describe("the body states an error at")),
            None => problem,
        }
    }

    fn describe(self, statement: &str) -> String {
        match self.message {
            Some(message) => format!("{statement} {}: {message}", self.pointer),
            None => format!("{statement} {}", self.pointer),
        }
    }
}

/// Returns false for what means "none", also in an object of such values.
fn states_error(value: &Json) -> bool {
    match value {
        Json::String(text) => {
            let text = text.trim();
            !text.is_empty() && !NO_ERRORS.iter().any(|none| text.eq_ignore_ascii_case(none))
        }
        Json::Object(members) => members.values().any(states_error),
        value => !value.is_empty(),
    }
}

fn is_failure_flag(name: &str, value: &Json) -> bool {
    if SUCCESS_FLAGS.contains(&name) {
        return match value {
            Json::Bool(truth) => !truth,
            Json::Number(digits) => digits == "0",
            Json::String(text) => text.trim().eq_ignore_ascii_case("false"),
            _ => false,
        };
    }
    if FAILURE_FLAGS.contains(&name) {
        return *value == Json::Bool(true);
    }
    let is_failure = |text: &str| FAILURES.iter().any(|failure| text.trim().eq_ignore_ascii_case(failure));
    STATUSES.contains(&name) && value.as_str().is_some_and(is_failure)
}

/// Returns the message of an error, shortened.
fn message_of(error: &Json) -> Option<String> {
    match error {
        Json::String(text) => {
            let printable = |char: char| if char.is_control() { ' ' } else { char };
            let message: String = text.trim().chars().take(MESSAGE_CHARS).map(printable).collect();
            (!message.is_empty()).then_some(message)
        }
        Json::Array(errors) => errors.first().and_then(message_of),
        Json::Object(members) => MESSAGES.iter().find_map(|name| message_of(members.get(*name)?)),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}
