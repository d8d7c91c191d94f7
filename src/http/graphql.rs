//! GraphQL over HTTP, as its specification has it.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::admission::{CallerClass, KEYLESS_BYTES};
use super::body;
use super::encode::Encoded;
use super::negotiation::{MediaType, is_json, negotiate};
use super::operation::{Effect, Meant, Transport};
use super::origin::{is_forgeable, was_preflighted};
use super::problem::Problem;
use super::request::{self, Operations};
use super::visitor::{CHALLENGE, Guest};
use super::{HttpState, event_stream, validator};
use crate::graphql::{Answer, Asker, ErrorCode, RequestId};

/// Says which pages may load an answer without reading it.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers `/graphql`.
pub(super) async fn serve(
    State(state): State<HttpState>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let (request, body) = request.into_parts();
    let Some(media) = negotiate(&request.headers) else {
        let problem = Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            ErrorCode::BadUserInput,
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        );
        return refuse(problem, MediaType::Json);
    };
    let began = Instant::now();
    let asker = match Asker::new(id, Guest::of(&state, &request).0) {
        Ok(asker) => asker,
        Err(denied) => {
            let problem = Problem::from(denied);
            state.metrics.operations().refused(began, std::slice::from_ref(problem.error()));
            return refuse(problem, media);
        }
    };
    let answered = match request.method {
        Method::GET => get(&state, &asker, media, request).await,
        Method::POST => post(&state, &asker, media, &request.headers, body).await,
        _ => {
            let message = "Send GraphQL operations by POST, or queries by GET.";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
            Err(problem.with_header(ALLOW, HeaderValue::from_static("GET, POST")))
        }
    };
    answered.unwrap_or_else(|problem| refuse(problem, media))
}

async fn get(state: &HttpState, asker: &Asker, media: MediaType, parts: Parts) -> Result<Response, Problem> {
    if is_forgeable(&parts.headers) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            ErrorCode::Forbidden,
            "A page of another site sent this. Set the header apollo-require-preflight if that is meant.",
        ));
    }
    let query = parts.uri.query().unwrap_or_default();
    let parsed = request::parse_url(query, CallerClass::of(asker), &state.limits, &state.admission);
    let operation = parsed.map_err(|problem| state.rated(problem, asker))?;
    let meant = if was_preflighted(&parts.headers) { Meant::Surely } else { Meant::Perhaps };
    if media == MediaType::EventStream {
        return event_stream::respond(state, operation, Transport::GetStream(meant), asker).await;
    }
    let is_named = operation.is_named();
    let (answer, effect) = state.answer_and_effect(operation, Transport::Get(meant), asker).await?;
    let max_age = state.documents.max_age();
    let is_whole = matches!(&answer, Answer::Ran(response, _) if response.errors.is_empty());
    let status = status(&answer, media);
    let body = Encoded::begin(b"").answer(answer, state);
    let is_kept = is_named && is_whole && !body.is_replaced() && effect == Effect::None;
    let mut response = if is_kept && !max_age.is_zero() {
        respond_for(max_age, media, body, &parts.headers)
    } else {
        respond(status, media, body)
    };
    // Pages of other sites can load what they cannot read, as a script or an image.
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

async fn post(
    state: &HttpState,
    asker: &Asker,
    media: MediaType,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    // A form or a plain text can be sent by any site without asking; JSON cannot.
    if !is_json(headers) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BadUserInput,
            "Send the request as application/json in UTF-8.",
        ));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BadUserInput,
            "Send the body as it is, without a Content-Encoding.",
        ));
    }
    let class = CallerClass::of(asker);
    let most = state.limits.body_bytes;
    let limit = class.limit(most);
    let read = body::read(body, limit, state.limits.body_time, &state.admission, class).await;
    let (bytes, room) = read.map_err(|problem| match problem.status() {
        StatusCode::PAYLOAD_TOO_LARGE if limit < most => state.rated(needs_key(), asker),
        _ => state.rated(problem, asker),
    })?;
    let parsed = request::parse(bytes, room, class, state.limits, &state.admission).await;
    match parsed.map_err(|problem| state.rated(problem, asker))? {
        Operations::One(operation) if media == MediaType::EventStream => {
            event_stream::respond(state, operation, Transport::PostStream, asker).await
        }
        Operations::Batch(_) if media == MediaType::EventStream => Err(Problem::bad_request(
            "A batch has no event stream: send its operations one by one, or accept application/json.",
        )),
        Operations::One(operation) => {
            let answer = state.answer(operation, Transport::Post, asker).await?;
            Ok(respond(status(&answer, media), media, Encoded::begin(b"").answer(answer, state)))
        }
        Operations::Batch(operations) => {
            // In order, one after the other: a batch takes no more at a time than one request.
            let mut body = Encoded::begin(b"[");
            for (index, operation) in operations.into_iter().enumerate() {
                let answer = match operation {
                    Ok(operation) => state.answer(operation, Transport::Post, asker).await,
                    Err(problem) => Err(state.rated(problem, asker)),
                };
                let answer = match answer {
                    // Nothing has run, and what comes after would fare no better.
                    Err(problem) if index == 0 && problem.is_not_of_the_request() => {
                        return Err(problem);
                    }
                    Err(problem) => Answer::Refused(vec![problem.into_error()]),
                    Ok(answer) => answer,
                };
                let separator: &[u8] = if index == 0 { b"" } else { b"," };
                body = body.raw(separator).answer(answer, state);
            }
            Ok(respond(StatusCode::OK, media, body.raw(b"]")))
        }
    }
}

/// A body that only who has a key may send.
fn needs_key() -> Problem {
    let message = format!(
        "Bodies of more than {} KiB need a key on this server: send `Authorization: Bearer KEY`.",
        KEYLESS_BYTES >> 10
    );
    Problem::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message)
        .with_header(WWW_AUTHENTICATE, CHALLENGE)
}

/// The one mapping from answers to statuses. By the specification, application/json says 200 of every
/// request that is one, whatever its answer; the other media type says what came of it.
fn status(answer: &Answer, media: MediaType) -> StatusCode {
    let Answer::Refused(errors) = answer else { return StatusCode::OK };
    let has = |code| errors.iter().any(|error| ErrorCode::of(error) == Some(code));
    if has(ErrorCode::InternalServerError) {
        // No client is to blame, whatever it reads.
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    if has(ErrorCode::PersistedQueryNotFound) || has(ErrorCode::PersistedQueryNotSupported) {
        // Some of Apollo's clients read no answer of another status, and would not send the text.
        return StatusCode::OK;
    }
    match media {
        MediaType::GraphqlResponse if has(ErrorCode::Unauthenticated) => StatusCode::UNAUTHORIZED,
        MediaType::GraphqlResponse if has(ErrorCode::Forbidden) => StatusCode::FORBIDDEN,
        MediaType::GraphqlResponse if has(ErrorCode::Timeout) => StatusCode::SERVICE_UNAVAILABLE,
        MediaType::GraphqlResponse => StatusCode::BAD_REQUEST,
        MediaType::Json | MediaType::EventStream => StatusCode::OK,
    }
}

fn respond(status: StatusCode, media: MediaType, body: Encoded) -> Response {
    let mut response = Response::new(Body::from(body.into_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    // What people search for does not belong into caches on the way.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response that the client may hold for a while, and then ask whether it is still right. Caches on the
/// way may not: what is searched for is in the URL.
fn respond_for(max_age: Duration, media: MediaType, body: Encoded, request: &HeaderMap) -> Response {
    let validator = validator::of(body.as_ref());
    let is_held = validator::is_held(request, &validator);
    let (status, body) =
        if is_held { (StatusCode::NOT_MODIFIED, Encoded::default()) } else { (StatusCode::OK, body) };
    let mut response = respond(status, media, body);
    let headers = response.headers_mut();
    let control = format!("private, max-age={}", max_age.as_secs());
    headers.insert(CACHE_CONTROL, HeaderValue::from_str(&control).expect("a number is plain text"));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    headers.insert(ETAG, validator);
    response
}

/// Answers in the media type that the client likes best: some read an error in no other.
fn refuse(problem: Problem, media: MediaType) -> Response {
    let mut response = problem.into_response();
    let headers = response.headers_mut();
    if media == MediaType::GraphqlResponse {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    }
    headers.insert(VARY, HeaderValue::from_static("accept"));
    response
}
