//! Addresses over HTTP that may name variables.

use std::fmt;
use std::ops::Deref;

use toml::Value;
use url::{Url, form_urlencoded};

use super::node::ConfigNode;
use super::placeholder::{Placeholder, replace};
use super::reference_line::ReferenceLine;
use super::secret::redact_source_url;
use super::setting::{Setting, SettingEntry, describe, quote};
use super::values::{WEB_URL, is_web_url};

/// An address with the values of its variables.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl {
    url: Url,
    template: String,
    /// The template with the values of its variables, before it was parsed.
    expanded: String,
}

impl WebUrl {
    /// The address as written, with `${NAME}` for variables.
    ///
    /// It identifies the address without the values of its variables; a literal secret is part of it.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The address with the values of its variables, and placeholders as they are written.
    pub(crate) fn expanded(&self) -> &str {
        &self.expanded
    }

    /// Replaces the placeholders, unless the result is no address.
    pub(crate) fn try_replace<E>(
        &self,
        value: impl Fn(&Placeholder) -> Result<String, E>,
    ) -> Result<Option<Self>, E> {
        let expanded = replace(&self.expanded, &value)?;
        // A variable is no placeholder.
        let written: Result<Vec<String>, E> =
            self.template.split("${").map(|part| replace(part, &value)).collect();
        let template = written?.join("${");
        Ok(Url::parse(&expanded).ok().map(|url| Self { url, template, expanded }))
    }
}

impl Deref for WebUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.url
    }
}

impl From<Url> for WebUrl {
    fn from(url: Url) -> Self {
        Self { template: url.as_str().replace("${", "$${"), expanded: url.as_str().to_owned(), url }
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_source_url(&self.template))
    }
}

/// The setting of a [`WebUrl`].
pub(crate) struct WebUrlSetting;

pub(crate) const fn web_url() -> WebUrlSetting {
    WebUrlSetting
}

impl Setting for WebUrlSetting {
    type Value = WebUrl;

    fn read(&self, node: &ConfigNode<'_>) -> Option<WebUrl> {
        let Some(value) = node.value else {
            node.note_missing(WEB_URL);
            return None;
        };
        node.set_origin(node.layers.file.origin);
        let template = value.as_str().unwrap_or_default();
        let expanded = node.expand_with(template, |before, value| embed(template, before, value))?;
        let url = Url::parse(&expanded).ok().filter(|_| is_web_url(&expanded));
        let Some(url) = url else {
            let shown = |text: &str| quote(&redact_source_url(text));
            node.note_mismatch(node.layers.file.origin, &describe(value, shown), WEB_URL);
            return None;
        };
        Some(WebUrl { url, template: template.to_owned(), expanded })
    }

    fn entries(&self, line: ReferenceLine, url: Option<&WebUrl>, entries: &mut Vec<SettingEntry>) {
        entries.push(SettingEntry {
            line: ReferenceLine { default: "required".to_owned(), ..line },
            value: url.map(|url| url.as_str().into()),
            shown: url.map(|url| Value::from(redact_source_url(&url.template))),
        });
    }
}

/// Escapes the value of a variable within the credentials or the value of a parameter.
///
/// Elsewhere it may be a whole address, a path or several parameters, so it stays as it is.
fn embed(template: &str, before: &str, value: &str) -> String {
    let pair = before.split_once('?').and_then(|(_, query)| query.rsplit('&').next());
    let is_parameter = pair.is_some_and(|pair| pair.contains('='));
    let authority = |url: &str| url.split('?').next()?.split_once("://").map(|(_, rest)| rest.to_owned());
    let is_credential = authority(template).is_some_and(|written| written.contains('@'))
        && authority(before).is_some_and(|authority| !authority.contains(['/', '@']));
    if is_parameter || is_credential {
        form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;

    #[test]
    fn values_are_escaped_where_they_would_end_a_part_of_the_address() {
        let environment = Environment::from_pairs([
            ("SECRET", "a+b/c=&d @:#"),
            ("HOST", "https://api.example"),
            ("PATH", "v1/items"),
            ("QUERY", "x=1&y=2"),
        ]);
        for (template, expected) in [
            ("http://h/m?key=${SECRET}&a=b", "http://h/m?key=a%2Bb%2Fc%3D%26d%20%40%3A%23&a=b"),
            ("http://u:${SECRET}@h/m", "http://u:a%2Bb%2Fc%3D%26d%20%40%3A%23@h/m"),
            ("${HOST}/${PATH}?${QUERY}", "https://api.example/v1/items?x=1&y=2"),
            ("http://h/$${x}", "http://h/${x}"),
        ] {
            let expanded = environment.expand(template, |before, value| embed(template, before, value));
            assert_eq!(expanded.as_deref(), Ok(expected), "{template}");
        }
    }
}
