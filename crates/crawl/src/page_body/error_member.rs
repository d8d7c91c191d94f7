//! Members of a body that state an error.

use super::error_names::{Certainty, flag_certainty, name_certainty, states_error};
use crate::json::Json;
use quarry_config::JsonPointer;

/// Characters of a stated message that are repeated.
const MESSAGE_CHARS: usize = 80;
/// Members of one line that is an error in place of an item, which has at least a key and a text.
const ERROR_LINE_MEMBERS: usize = 2;
/// The pointers by default: with them, errors are recognized by name, too.
const DEFAULT_POINTERS: [&str; 3] = ["/error", "/errors", "/fault"];
/// Objects at the top of a page that describe the response.
const RESPONSE_OBJECTS: [&str; 8] =
    ["/meta", "/metadata", "/_metadata", "/status", "/header", "/responseHeader", "/response", "/result"];
/// The failed shards of Elasticsearch, whose response lacks their items.
const FAILED_SHARDS: &str = "/_shards/failed";
/// Members that contain the message of an error.
const MESSAGES: [&str; 14] = [
    "message",
    "msg",
    "detail",
    "details",
    "description",
    "error_description",
    "error_message",
    "error_msg",
    "errorMessage",
    "errmsg",
    "exception",
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
    certainty: Certainty,
}

impl ErrorMembers {
    /// Finds the error that a page or an object around its items states, also by flags if they are about the page.
    pub(super) fn find(&self, page: &Json, objects: &[String], has_flags: bool) -> Option<StatedError> {
        let around = || objects.iter().find_map(|object| self.find_member(page.pointer(object)?, object));
        let flag = || if has_flags { self.find_flag(page, objects) } else { None };
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
            let pointer = format!("{prefix}{}", pointer.as_str());
            Some(StatedError { pointer, message: message_of(value), certainty: Certainty::Certain })
        })
    }

    /// Finds a member that states an error by its name and value: a certain one, or else a possible one.
    fn find_flag(&self, page: &Json, objects: &[String]) -> Option<StatedError> {
        if self.pointers.is_empty() {
            return None;
        }
        let is_default = self.pointers.iter().map(JsonPointer::as_str).eq(DEFAULT_POINTERS);
        let by_name = |name: &str, value: &Json| if is_default { name_certainty(name, value) } else { None };
        let around = objects.iter().filter(|_| is_default).map(|object| (object.as_str(), true));
        let beside = RESPONSE_OBJECTS.into_iter().filter(|_| is_default).map(|object| (object, false));
        let mut possible = None;
        for (object, is_around) in [("", true)].into_iter().chain(around).chain(beside) {
            let Some(Json::Object(members)) = page.pointer(object) else { continue };
            for (name, value) in members {
                let certainty = flag_certainty(name, value).or_else(|| by_name(name, value));
                // Other objects describe a response with items in words of their own.
                let certainty =
                    certainty.map(|found| if is_around { found } else { Certainty::WithoutItems });
                let Some(certainty) = certainty else { continue };
                let found = || {
                    let message = message_of(value).filter(|_| by_name(name, value).is_some());
                    let message = message.or_else(|| page.pointer(object).and_then(message_of));
                    StatedError { pointer: format!("{object}/{name}"), message, certainty }
                };
                if certainty == Certainty::Certain {
                    return Some(found());
                }
                possible.get_or_insert_with(found);
            }
        }
        let has_failed = |value: &&Json| is_default && states_error(value);
        let shards = page.pointer(FAILED_SHARDS).filter(has_failed).map(|_| StatedError {
            pointer: FAILED_SHARDS.to_owned(),
            message: None,
            certainty: Certainty::Certain,
        });
        shards.or(possible)
    }
}

impl StatedError {
    /// Returns true if the error stands also on a page with items.
    pub(super) fn is_certain(&self) -> bool {
        self.certainty == Certainty::Certain
    }

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

/// Returns the message of an error, shortened.
fn message_of(error: &Json) -> Option<String> {
    shown_message(text_of(error)?)
}

/// Returns the message of a body that is an error as a whole.
pub(crate) fn refusal_text(body: &Json) -> Option<&str> {
    text_of(body).or_else(|| DEFAULT_POINTERS.iter().find_map(|pointer| text_of(body.pointer(pointer)?)))
}

/// Returns the part of a message that is shown, in one line.
pub(crate) fn shown_message(message: &str) -> Option<String> {
    let printable = |char: char| if char.is_control() { ' ' } else { char };
    let message: String = message.trim().chars().take(MESSAGE_CHARS).map(printable).collect();
    (!message.is_empty()).then_some(message)
}

fn text_of(error: &Json) -> Option<&str> {
    match error {
        Json::String(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
        Json::Array(errors) => errors.first().and_then(text_of),
        Json::Object(members) => MESSAGES.iter().find_map(|name| text_of(members.get(*name)?)),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}
