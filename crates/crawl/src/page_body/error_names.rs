//! The names and values with which members of a page state an error, in any spelling.

use crate::inspect::normalized;
use crate::json::Json;

/// Members that are false when a request failed.
const SUCCESS_FLAGS: [&str; 5] = ["success", "ok", "succeeded", "issuccess", "issuccessful"];
/// Members that are true when a request failed, or returned a part of its result.
const FAILURE_FLAGS: [&str; 13] = [
    "iserror",
    "haserror",
    "haserrors",
    "failed",
    "timedout",
    "istimedout",
    "timeout",
    "partial",
    "partialresults",
    "incompleteresults",
    "throttled",
    "ratelimited",
    "quotaexceeded",
];
/// Members that name the outcome of a request, and those that may describe the list instead.
const OUTCOMES: [&str; 2] = ["status", "stat"];
const POSSIBLE_OUTCOMES: [&str; 5] = ["result", "outcome", "type", "code", "responsestatus"];
/// The outcomes that are failures, beside those of an error's name.
const FAILURES: [&str; 4] = ["error", "fail", "failure", "failed"];
const POSSIBLE_FAILURES: [&str; 19] = [
    "exception",
    "timeout",
    "timedout",
    "unavailable",
    "serviceunavailable",
    "deadlineexceeded",
    "internal",
    "internalerror",
    "internalservererror",
    "servererror",
    "unknownerror",
    "toomanyrequests",
    "ratelimited",
    "ratelimitexceeded",
    "overquerylimit",
    "overdailylimit",
    "resourceexhausted",
    "requestdenied",
    "partialfailure",
];
/// Members with a status of HTTP, and those that may have codes of another kind.
const STATUS_CODES: [&str; 7] =
    ["status", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "responsecode", "errorstatus"];
const POSSIBLE_STATUS_CODES: [&str; 6] = ["code", "rc", "ret", "retcode", "returncode", "resultcode"];
/// The statuses of failed requests.
const ERROR_STATUSES: std::ops::RangeInclusive<u16> = 400..=599;
/// The beginnings of names of errors; longer ones first.
const ERROR_PREFIXES: [&str; 7] = ["exceptions", "exception", "errors", "error", "faults", "fault", "err"];
/// The rest of these names.
const ERROR_SUFFIXES: [&str; 24] = [
    "",
    "message",
    "messages",
    "msg",
    "code",
    "codes",
    "no",
    "num",
    "number",
    "description",
    "desc",
    "detail",
    "details",
    "type",
    "text",
    "info",
    "reason",
    "string",
    "title",
    "name",
    "status",
    "class",
    "response",
    "cause",
];
/// The ends of other names of errors, such as `apiError`.
const ERROR_ENDS: [&str; 6] = ["error", "errors", "exception", "exceptions", "fault", "failure"];
/// Texts that state no error, in lower case and without marks.
const NO_ERRORS: [&str; 15] = [
    "false",
    "no",
    "none",
    "null",
    "nil",
    "undefined",
    "na",
    "ok",
    "success",
    "successful",
    "succeeded",
    "noerror",
    "noerrors",
    "normal",
    "completed",
];
/// Members whose values tell the end of a list from an error.
const TELLING_NAMES: [&str; 12] = [
    "message", "messages", "msg", "detail", "details", "status", "code", "reason", "result", "warning",
    "warnings", "success",
];

/// The certainty of a statement of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// The member states an error on any page.
    Certain,
    /// It does on a page without items; beside items it may describe them.
    WithoutItems,
}

/// Returns the certainty with which a flag states an error, or nothing.
pub(super) fn flag_certainty(name: &str, value: &Json) -> Option<Certainty> {
    let name = normalized(name);
    let name = name.as_str();
    if SUCCESS_FLAGS.contains(&name) {
        return is_false(value).then_some(Certainty::Certain);
    }
    let outcome = value.as_str().map(normalized);
    let is_failure = |failures: &[&str]| outcome.as_deref().is_some_and(|text| failures.contains(&text));
    if OUTCOMES.contains(&name) && is_failure(&FAILURES) {
        return Some(Certainty::Certain);
    }
    let is_flagged = FAILURE_FLAGS.contains(&name) && is_true(value);
    if is_flagged || STATUS_CODES.contains(&name) && is_error_status(value) {
        return Some(Certainty::Certain);
    }
    let is_outcome = OUTCOMES.contains(&name) || POSSIBLE_OUTCOMES.contains(&name);
    let is_possible = is_outcome && (is_failure(&FAILURES) || is_failure(&POSSIBLE_FAILURES))
        || POSSIBLE_STATUS_CODES.contains(&name) && is_error_status(value);
    is_possible.then_some(Certainty::WithoutItems)
}

/// Returns the certainty with which a member states an error by its name, or nothing.
pub(super) fn name_certainty(name: &str, value: &Json) -> Option<Certainty> {
    let name = normalized(name);
    if !states_error(value) || is_success_code(value) {
        return None;
    }
    let mut prefixes = ERROR_PREFIXES.iter().filter_map(|prefix| name.strip_prefix(prefix));
    if prefixes.any(|rest| ERROR_SUFFIXES.contains(&rest)) {
        return Some(Certainty::Certain);
    }
    // `mean_error` may be a number.
    let is_number = matches!(value, Json::Number(_));
    let is_possible = !is_number && ERROR_ENDS.iter().any(|end| name.ends_with(end));
    is_possible.then_some(Certainty::WithoutItems)
}

/// Returns true for a member whose value tells the end of a list from an error.
pub(super) fn is_telling(name: &str) -> bool {
    TELLING_NAMES.contains(&normalized(name).as_str())
}

/// Returns false for what means "none", also in an object of such values.
pub(super) fn states_error(value: &Json) -> bool {
    match value {
        Json::String(text) => {
            let text = normalized(text);
            !text.chars().all(|char| char == '0') && !NO_ERRORS.contains(&text.as_str())
        }
        Json::Object(members) => members.values().any(|value| states_error(value) && !is_success_code(value)),
        value => !value.is_empty(),
    }
}

fn is_false(value: &Json) -> bool {
    match value {
        Json::Bool(truth) => !truth,
        Json::Number(digits) => digits == "0",
        Json::String(text) => text.trim().eq_ignore_ascii_case("false"),
        _ => false,
    }
}

fn is_true(value: &Json) -> bool {
    match value {
        Json::Bool(truth) => *truth,
        Json::String(text) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Reads `429`, `"429"` and `"429 Too Many Requests"`.
fn status_of(value: &Json) -> Option<u16> {
    let text = match value {
        Json::Number(digits) => digits.as_str(),
        Json::String(text) => text.trim(),
        _ => return None,
    };
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let is_whole = text[end..].is_empty() || text[end..].starts_with([' ', ':', '-']);
    text[..end].parse().ok().filter(|_| end == 3 && is_whole)
}

fn is_error_status(value: &Json) -> bool {
    status_of(value).is_some_and(|status| ERROR_STATUSES.contains(&status))
}

/// Returns true for a code that means success, such as `"errorCode": 200`.
fn is_success_code(value: &Json) -> bool {
    status_of(value).is_some_and(|status| (200..300).contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certainty(member: &str) -> Option<Certainty> {
        let Ok(Json::Object(members)) = Json::parse(&format!("{{{member}}}")) else { panic!("{member}") };
        let (name, value) = members.iter().next().expect("a member");
        flag_certainty(name, value).or_else(|| name_certainty(name, value))
    }

    #[test]
    fn errors_are_recognized_in_any_spelling() {
        for member in [
            r#""errorMessage":"Task timed out""#,
            r#""error_msg":"limit reached""#,
            r#""errmsg":"invalid credential""#,
            r#""errcode":40001"#,
            r#""error-code":"E17""#,
            r#""ErrorCode":17"#,
            r#""errno":-1"#,
            r#""Exception":"java.lang""#,
            r#""exceptionMessage":"x""#,
            r#""faultstring":"x""#,
            r#""timed_out":true"#,
            r#""timedOut":"true""#,
            r#""incomplete_results":true"#,
            r#""status":500"#,
            r#""statusCode":"503""#,
            r#""status":"429 Too Many Requests""#,
            r#""httpStatus":404"#,
            r#""error":{"code":500,"message":""}"#,
        ] {
            assert_eq!(certainty(member), Some(Certainty::Certain), "{member}");
        }
        for member in [
            r#""code":429"#,
            r#""code":"500""#,
            r#""result":"error""#,
            r#""status":"OVER_QUERY_LIMIT""#,
            r#""apiError":"x""#,
            r#""last_exception":{"id":1}"#,
        ] {
            assert_eq!(certainty(member), Some(Certainty::WithoutItems), "{member}");
        }
    }

    #[test]
    fn members_that_mean_success_are_no_errors() {
        for member in [
            r#""errors":[]"#,
            r#""error":null"#,
            r#""error_count":0"#,
            r#""errorCount":3"#,
            r#""error_code":0"#,
            r#""errorCode":"00000""#,
            r#""errorCode":"200""#,
            r#""errorMessage":"No error.""#,
            r#""error_message":"OK""#,
            r#""error":{"code":200,"message":"success"}"#,
            r#""code":0"#,
            r#""code":200"#,
            r#""code":"40012""#,
            r#""message":"OK""#,
            r#""status":"ok""#,
            r#""status":1"#,
            r#""success":true"#,
            r#""timed_out":false"#,
            r#""timeout":30"#,
            r#""failed":3"#,
            r#""mean_error":0.25"#,
            r#""errand":"x""#,
            r#""terrors":0"#,
            r#""type":"list""#,
        ] {
            assert_eq!(certainty(member), None, "{member}");
        }
    }
}
