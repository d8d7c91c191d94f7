//! Who sent a request: from headers and the connection to a visitor, and from a denial to a problem.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::HttpState;
use super::problem::Problem;
use crate::access::{AccessError, Credentials};
use crate::graphql::ErrorCode;

/// How a client is to authenticate.
pub(super) const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

/// The visitor who sent a request; not yet let in.
pub(super) struct Guest(pub(super) Credentials);

impl Guest {
    pub(super) fn of(state: &HttpState, request: &Parts) -> Self {
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        // A server that does not say who is connected has one client.
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Self(state.gate.credentials(peer, &request.headers))
    }
}

impl FromRequestParts<HttpState> for Guest {
    type Rejection = Infallible;

    async fn from_request_parts(request: &mut Parts, state: &HttpState) -> Result<Self, Infallible> {
        Ok(Self::of(state, request))
    }
}

impl From<AccessError> for Problem {
    fn from(denied: AccessError) -> Self {
        let message = denied.to_string();
        match denied {
            AccessError::Unauthenticated(_) => {
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message)
                    .with_header(WWW_AUTHENTICATE, CHALLENGE)
            }
            AccessError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message),
            AccessError::RateLimited { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, message)
                    .with_retry_after(denied.seconds())
            }
        }
    }
}
