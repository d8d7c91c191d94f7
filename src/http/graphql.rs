//! GraphQL over HTTP at `/graphql`, by its specification: POST, GET and batches.

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

use super::admission::{ANONYMOUS_BODY_BYTES, ClientClass};
use super::authentication::{CHALLENGE, credentials, user_agent};
use super::body;
use super::encode::ResponseBody;
use super::http_error::HttpError;
use super::negotiation::{MediaType, is_json, negotiate};
use super::origin::{is_forgeable, is_preflighted};
use super::request::{self, OperationRequest, RequestBody};
use super::service::{CsrfCheck, Transport};
use super::{HttpState, event_stream, validator};
use crate::graphql::{Answer, ErrorCode, RequestContext, RequestId};

/// Names the pages that may embed a response without reading it.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Serves `/graphql`.
pub(super) async fn serve(
    State(state): State<HttpState>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let Some(media) = negotiate(request.headers()) else {
        let error = HttpError::new(
            StatusCode::NOT_ACCEPTABLE,
            ErrorCode::BadUserInput,
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        );
        return respond_with_error(error, MediaType::Json);
    };
    let started = Instant::now();
    let context = match RequestContext::authenticate(id, credentials(&state, &request)) {
        Ok(context) => context.with_user_agent(user_agent(request.headers())),
        Err(error) => {
            let error = HttpError::from(error);
            state.metrics.operations().refused(started, std::slice::from_ref(error.graphql()));
            return respond_with_error(error, media);
        }
    };
    let (parts, body) = request.into_parts();
    let response = match parts.method {
        Method::GET => get(&state, &context, media, parts).await,
        Method::POST => post(&state, &context, media, &parts.headers, body).await,
        _ => {
            let message = "Send GraphQL operations by POST, or queries by GET.";
            let error = HttpError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
            Err(error.with_header(ALLOW, HeaderValue::from_static("GET, POST")))
        }
    };
    response.unwrap_or_else(|error| respond_with_error(error, media))
}

async fn get(
    state: &HttpState,
    context: &RequestContext,
    media: MediaType,
    parts: Parts,
) -> Result<Response, HttpError> {
    if is_forgeable(&parts.headers) {
        return Err(HttpError::new(
            StatusCode::FORBIDDEN,
            ErrorCode::Forbidden,
            "A page of another site caused this request. If that is intended, set the header apollo-require-preflight.",
        ));
    }
    let query = parts.uri.query().unwrap_or_default();
    let parsed = request::parse_query(query, ClientClass::of(context), &state.limits, &state.admission);
    let operation = parsed.map_err(|error| state.graphql().rate_limited(error, context))?;
    let csrf = if is_preflighted(&parts.headers) { CsrfCheck::Preflighted } else { CsrfCheck::Simple };
    if media == MediaType::EventStream {
        return event_stream::respond(state, operation, Transport::GetStream(csrf), context).await;
    }
    let is_id_only = operation.is_id_only();
    let execution = state.graphql().run(operation, Transport::Get(csrf), context).await?;
    let is_cacheable = is_id_only && execution.is_cacheable;
    let answer = execution.answer().await;
    let max_age = state.persisted_queries.max_age();
    let is_complete = matches!(&answer, Answer::Ran(response, _) if response.errors.is_empty());
    let status = status(&answer, media);
    let body = ResponseBody::starting_with(b"").answer(answer, state);
    let mut response = if is_cacheable && is_complete && !body.is_replaced() && !max_age.is_zero() {
        respond_cacheable(max_age, media, body, &parts.headers)
    } else {
        respond(status, media, body)
    };
    // Pages of other sites can embed a response that they cannot read, as a script or an image.
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

async fn post(
    state: &HttpState,
    context: &RequestContext,
    media: MediaType,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    // Any site can send a form or plain text without a preflight request; JSON needs one.
    if !is_json(headers) {
        return Err(HttpError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BadUserInput,
            "Send the request as application/json in UTF-8.",
        ));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(HttpError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BadUserInput,
            "Send the body uncompressed, without a Content-Encoding.",
        ));
    }
    let body = read_body(state, context, body).await;
    match body.map_err(|error| state.graphql().rate_limited(error, context))? {
        RequestBody::Single(operation) if media == MediaType::EventStream => {
            event_stream::respond(state, operation, Transport::PostStream, context).await
        }
        RequestBody::Batch(_) if media == MediaType::EventStream => Err(HttpError::bad_request(
            "A batch has no event stream: send its operations one by one, or accept application/json.",
        )),
        RequestBody::Single(operation) => {
            let answer = run(state, operation, context).await?;
            let status = status(&answer, media);
            Ok(respond(status, media, ResponseBody::starting_with(b"").answer(answer, state)))
        }
        RequestBody::Batch(operations) => {
            // One after the other: a batch uses no more at a time than a single request.
            let mut body = ResponseBody::starting_with(b"[");
            for (index, operation) in operations.into_iter().enumerate() {
                let answer = match operation {
                    Ok(operation) => run(state, operation, context).await,
                    Err(error) => Err(state.graphql().rate_limited(error, context)),
                };
                let answer = match answer {
                    // No operation has run, and the others would be rejected alike.
                    Err(error) if index == 0 && error.is_of_the_client() => return Err(error),
                    Err(error) => Answer::Refused(vec![error.into_graphql()]),
                    Ok(answer) => answer,
                };
                let separator: &[u8] = if index == 0 { b"" } else { b"," };
                body = body.raw(separator).answer(answer, state);
            }
            Ok(respond(StatusCode::OK, media, body.raw(b"]")))
        }
    }
}

async fn read_body(
    state: &HttpState,
    context: &RequestContext,
    body: Body,
) -> Result<RequestBody, HttpError> {
    let class = ClientClass::of(context);
    let limit = class.limit(state.limits.body_bytes);
    let read = body::read(body, limit, state.limits.body_time, &state.admission, class).await;
    let (bytes, permit) = read.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE if limit < state.limits.body_bytes => needs_key(),
        _ => error,
    })?;
    request::parse_body(bytes, permit, class, state.limits, &state.admission).await
}

async fn run(
    state: &HttpState,
    operation: OperationRequest,
    context: &RequestContext,
) -> Result<Answer, HttpError> {
    Ok(state.graphql().run(operation, Transport::Post, context).await?.answer().await)
}

/// The rejection of a large body from an anonymous client.
fn needs_key() -> HttpError {
    let message = format!(
        "Bodies of more than {} KiB need a key on this server: send `Authorization: Bearer KEY`.",
        ANONYMOUS_BODY_BYTES >> 10
    );
    HttpError::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message)
        .with_header(WWW_AUTHENTICATE, CHALLENGE)
}

/// Maps an answer to its status.
///
/// By the specification, application/json has status 200 for every well-formed request; the newer media
/// type has the status of the result.
fn status(answer: &Answer, media: MediaType) -> StatusCode {
    let Answer::Refused(errors) = answer else { return StatusCode::OK };
    let has = |code| errors.iter().any(|error| ErrorCode::of(error) == Some(code));
    if has(ErrorCode::InternalServerError) {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    if has(ErrorCode::PersistedQueryNotFound) || has(ErrorCode::PersistedQueryNotSupported) {
        // Some of Apollo's clients ignore the body of any other status, and would not send the text.
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

fn respond(status: StatusCode, media: MediaType, body: ResponseBody) -> Response {
    let mut response = Response::new(Body::from(body.into_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    // Search texts are private, so no cache on the way may store them.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response that the client, but no cache on the way, may store and revalidate: the URL holds search texts.
fn respond_cacheable(
    max_age: Duration,
    media: MediaType,
    body: ResponseBody,
    request: &HeaderMap,
) -> Response {
    let validator = validator::of(body.as_ref());
    let mut response = if validator::matches(request, &validator) {
        respond(StatusCode::NOT_MODIFIED, media, ResponseBody::default())
    } else {
        respond(StatusCode::OK, media, body)
    };
    let headers = response.headers_mut();
    let control = format!("private, max-age={}", max_age.as_secs());
    headers.insert(CACHE_CONTROL, HeaderValue::from_str(&control).expect("digits are valid in headers"));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    headers.insert(ETAG, validator);
    response
}

/// Responds in the negotiated media type: some clients parse errors in no other.
fn respond_with_error(error: HttpError, media: MediaType) -> Response {
    let mut response = error.into_response();
    let headers = response.headers_mut();
    if media == MediaType::GraphqlResponse {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    }
    headers.insert(VARY, HeaderValue::from_static("accept"));
    response
}
