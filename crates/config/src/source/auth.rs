//! The authentication of a source's requests.

use std::time::Duration;

use serde::Serialize;

use super::body::{PostBody, body};
use super::{JsonPointer, pointer};
use crate::secret::Secret;
use crate::secret_values::{headers, secret_text};
use crate::setting::Scalar;
use crate::table::settings_enum;
use crate::values::{any_text, choice, duration, text};
use crate::web_url::{WebUrl, web_url};

settings_enum! {
    /// The authentication of a source, besides its headers and parameters.
    pub enum UpstreamAuth {
        /// HTTP basic authentication.
        Basic = "basic" {
            /// The user. `${NAME}` stands for an environment variable.
            user: Secret = secret_text(),
            /// The password. `${NAME}` stands for an environment variable.
            password: Secret = secret_text().or_empty(),
        }
        /// A constant token.
        Bearer = "bearer" {
            /// The token. `${NAME}` stands for an environment variable.
            token: Secret = secret_text(),
        }
        /// OAuth 2.0 with the client's credentials (RFC 6749, section 4.4).
        Oauth2 = "oauth2" {
            /// The address of the token endpoint.
            token_url: WebUrl = web_url(),
            /// The id of the client. `${NAME}` stands for an environment variable.
            client_id: Secret = secret_text(),
            /// The secret of the client. `${NAME}` stands for an environment variable.
            client_secret: Secret = secret_text(),
            /// The scope of the token, as the server names it.
            scope: Option<String> = text().optional(),
            /// The audience of the token.
            audience: Option<String> = text().optional(),
            /// The place of the client's credentials: the `body`, or a header (`basic`).
            style: ClientAuthStyle = choice([ClientAuthStyle::Body, ClientAuthStyle::Basic]).default("body"),
        }
        /// A request that returns a token.
        TokenRequest = "token_request" {
            /// The address that returns a token.
            url: WebUrl = web_url(),
            /// The method of the request, `GET` or `POST`.
            method: RequestMethod = method().default("POST"),
            /// The headers of the request.
            headers: Vec<(String, Secret)> = headers(),
            /// The body of the request: a table, which becomes JSON, or text.
            body: Option<PostBody> = body(),
            /// The pointer to the token in the response; empty: the response itself.
            token: JsonPointer = pointer().default("/access_token"),
            /// The header of the source's requests that holds the token.
            header: String = header_name().default("authorization"),
            /// The text before the token in that header.
            prefix: String = any_text().default("Bearer "),
            /// The duration for which a token is valid.
            /// Absent: as `expires_in` of the response states, or until a response has status 401.
            lifetime: Option<Duration> = duration("1s").optional(),
        }
    }
}

/// The method of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RequestMethod {
    /// `GET`.
    #[default]
    Get,
    /// `POST`.
    Post,
}

/// The place of a client's credentials in a request for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthStyle {
    /// The body.
    #[default]
    Body,
    /// The `Authorization` header.
    Basic,
}

pub(super) fn method() -> Scalar<RequestMethod> {
    choice([RequestMethod::Get, RequestMethod::Post])
}

fn header_name() -> Scalar<String> {
    let is_name = |text: &str| http::HeaderName::from_bytes(text.as_bytes()).is_ok();
    Scalar::from_text("the name of a header", move |text| is_name(text).then(|| text.to_owned()))
}
