//! The credentials of a request, and the responses to those that are refused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use http::header::{USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::HttpState;
use super::http_error::HttpError;
use crate::access::{AccessError, Credentials};
use crate::graphql::{ErrorCode, UserAgent};

/// The challenge of responses with status 401.
pub(super) const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

/// The credentials that a request presents, unverified.
pub(super) fn credentials(state: &HttpState, request: &Request) -> Credentials {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    // A server without connection information has one client.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    state.access.credentials(peer, request.headers())
}

/// The user agent that a request states.
pub(super) fn user_agent(headers: &HeaderMap) -> Option<UserAgent> {
    headers.get(USER_AGENT)?.to_str().ok().map(|text| UserAgent(text.into()))
}

impl From<AccessError> for HttpError {
    fn from(error: AccessError) -> Self {
        let message = error.to_string();
        match error {
            AccessError::Unauthenticated(_) => {
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message)
                    .with_header(WWW_AUTHENTICATE, CHALLENGE)
            }
            AccessError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message),
            AccessError::RateLimited { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, message)
                    .with_retry_after(error.seconds())
            }
        }
    }
}
