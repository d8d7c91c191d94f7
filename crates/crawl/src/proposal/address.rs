//! The address of a proposed source, with variables in place of secrets. Pure.

use quarry_config::{Secret, looks_secret};
use url::{Url, form_urlencoded};

use super::spelling::placeholder;
use crate::inspect::{ParamKind, param_kind};

/// An address that names variables, and their values.
#[derive(Clone, Debug)]
pub(super) struct UrlTemplate {
    pub(super) text: String,
    pub(super) variables: Vec<(String, Secret)>,
}

impl UrlTemplate {
    /// Adds a secret, and returns what stands for it.
    fn hide(&mut self, source: &str, name: &str, value: String) -> String {
        let wanted = placeholder(source, name);
        let is_taken = |name: &str| self.variables.iter().any(|(known, _)| known == name);
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let variable = std::iter::once(wanted.clone()).chain(numbered).find(|name| !is_taken(name));
        let variable = variable.unwrap_or(wanted);
        let shown = format!("${{{variable}}}");
        self.variables.push((variable, Secret::new(value)));
        shown
    }
}

/// Returns an address in which variables stand for the credentials and for the parameters that are likely secrets.
pub(super) fn template_of(url: &Url, source: &str) -> UrlTemplate {
    let mut template = UrlTemplate { text: String::new(), variables: Vec::new() };
    let mut bare = url.clone();
    // Both setters fail for URLs without a host only.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_query(None);
    let escaped = |text: &str| text.replace("${", "$${");
    let (scheme, rest) = bare.as_str().split_once("://").unwrap_or_default();
    let credentials = match (url.username(), url.password()) {
        ("", None) => String::new(),
        // A user without a password is a key.
        (user, None | Some("")) => format!("{}@", template.hide(source, "user", decoded(user))),
        (user, Some(password)) => {
            format!("{}:{}@", escaped(user), template.hide(source, "password", decoded(password)))
        }
    };
    let pair = |pair: &str| {
        let parsed = form_urlencoded::parse(pair.as_bytes()).next();
        match (parsed, pair.split_once('=')) {
            (Some((name, value)), Some((written, _))) if looks_secret(&name) && !value.is_empty() => {
                format!("{}={}", escaped(written), template.hide(source, &name, value.into_owned()))
            }
            _ => escaped(pair),
        }
    };
    let query: Option<Vec<String>> = url.query().map(|query| query.split('&').map(pair).collect());
    let query = query.map(|pairs| format!("?{}", pairs.join("&"))).unwrap_or_default();
    template.text = format!("{scheme}://{credentials}{}{query}", escaped(rest));
    template
}

/// Decodes the escapes of a user or a password.
fn decoded(text: &str) -> String {
    let pair = format!("_={}", text.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Removes the parameters of one page, which pagination sets.
pub(super) fn without_paging(url: &Url) -> Url {
    let is_kept = |pair: &&str| {
        let parsed = form_urlencoded::parse(pair.as_bytes()).next();
        parsed.is_none_or(|(name, value)| match param_kind(&name, &value) {
            Some(ParamKind::Offset | ParamKind::Page | ParamKind::Limit) => false,
            // Solr needs `cursorMark=*` on the first page.
            Some(ParamKind::Cursor) => value.len() <= 1,
            None => true,
        })
    };
    let pairs: Vec<&str> = url.query().unwrap_or_default().split('&').filter(is_kept).collect();
    let query = pairs.join("&");
    let mut url = url.clone();
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_for_secrets() {
        for (url, expected, values) in [
            ("http://h/m?q=a&keyword=b", "http://h/m?q=a&keyword=b", &[][..]),
            ("http://h/m?q=a&api_key=s%2Bx+y&b", "http://h/m?q=a&api_key=${X_API_KEY}&b", &["s+x y"]),
            ("http://h/m?token=a&token=b", "http://h/m?token=${X_TOKEN}&token=${X_TOKEN_2}", &["a", "b"]),
            ("https://ann:p%40+&@h:1/m", "https://ann:${X_PASSWORD}@h:1/m", &["p@+&"]),
            ("https://k3y@h/m", "https://${X_USER}@h/m", &["k3y"]),
            ("http://h/m?a=${b}", "http://h/m?a=$${b}", &[]),
        ] {
            let template = template_of(&Url::parse(url).expect("a URL"), "x");
            assert_eq!(template.text, expected, "{url}");
            let found: Vec<&str> = template.variables.iter().map(|(_, value)| value.expose()).collect();
            assert_eq!(found, values, "{url}");
        }
    }

    #[test]
    fn the_parameters_of_one_page_are_removed() {
        let url = Url::parse("http://h/m?q=a&page=2&per_page=5&cursor=abcdef12#x").expect("a URL");
        assert_eq!(without_paging(&url).as_str(), "http://h/m?q=a");
    }
}
