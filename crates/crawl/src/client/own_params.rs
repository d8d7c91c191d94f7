//! The parameters of a source that each of its requests has. Pure.
//!
//! Upstreams leave them out of their links, and the store must not hold secrets: a link loses them when it is
//! read, and gets them when it is requested.

use std::collections::BTreeSet;

use url::{Url, form_urlencoded};

use quarry_config::{Pagination, SourceConfig, is_harmless, placeholders_in};

/// Parameters that links set in their own way, since they select a page.
const PAGING: &[&str] = &[
    "after",
    "before",
    "cursor",
    "first",
    "from",
    "last",
    "limit",
    "next",
    "offset",
    "page",
    "pagesize",
    "perpage",
    "rows",
    "scrollid",
    "size",
    "skip",
    "start",
    "startat",
    "pagetoken",
    "top",
    "cursormark",
    "count",
    "continue",
    "continuation",
    "marker",
    "position",
    "pos",
    "index",
    "startindex",
    "take",
];

/// The parameters of a source's requests.
#[derive(Clone, Debug)]
pub(super) struct OwnParams {
    /// Parameters of `params`, and those of the source's URL that select no page.
    pairs: Vec<OwnParam>,
}

#[derive(Clone)]
struct OwnParam {
    name: String,
    value: String,
    /// A parameter of `params`, which redirects keep too.
    is_listed: bool,
    is_secret: bool,
    selects_page: bool,
}

impl std::fmt::Debug for OwnParam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl OwnParams {
    /// Returns the parameters of a source.
    pub(super) fn of(config: &SourceConfig) -> Self {
        // Each request of a child source has the values of its own parent in place of placeholders.
        let is_constant = |value: &str| config.parent.is_none() || placeholders_in(value).is_empty();
        let listed = config.params.iter().filter(|(_, value)| is_constant(value.expose()));
        let listed = listed.map(|(name, value)| OwnParam {
            name: name.clone(),
            value: value.expose().to_owned(),
            is_listed: true,
            is_secret: true,
            selects_page: selects_page(name, &config.pagination),
        });
        // A `Link` header has the whole address by its standard, and some upstreams reject filters beside it: only
        // credentials are missing on purpose.
        let is_link_paged = matches!(config.pagination, Pagination::Link { .. });
        let is_listed = |name: &str| config.params.iter().any(|(listed, _)| listed == name);
        let is_left_out = |name: &str| {
            selects_page(name, &config.pagination) || is_listed(name) || is_link_paged && is_harmless(name)
        };
        let in_url =
            config.url.query_pairs().filter(|(name, value)| !is_left_out(name) && is_constant(value));
        let in_url = in_url.map(|(name, value)| {
            let is_secret = !is_harmless(&name);
            OwnParam {
                name: name.into_owned(),
                value: value.into_owned(),
                is_listed: false,
                is_secret,
                selects_page: false,
            }
        });
        Self { pairs: listed.chain(in_url).collect() }
    }

    /// Adds the parameters that a URL lacks.
    pub(super) fn add_to(&self, url: &mut Url) {
        self.add(url, |_| true);
    }

    /// Adds those that are part of every request, also of one that a redirect chose.
    pub(super) fn add_listed_to(&self, url: &mut Url) {
        self.add(url, |param| param.is_listed);
    }

    fn add(&self, url: &mut Url, is_added: impl Fn(&OwnParam) -> bool) {
        let pairs = self.pairs.iter().filter(|param| is_added(param));
        add_pairs(url, pairs.map(|param| (&*param.name, &*param.value)));
    }

    /// Removes the secrets among the parameters that have the source's own values.
    pub(super) fn remove_from(&self, url: &mut Url) {
        let values = |name: &str| -> Vec<String> {
            let pairs = url.query_pairs().filter(|(other, _)| other == name);
            pairs.map(|(_, value)| value.into_owned()).collect()
        };
        let own = |name: &str| -> Vec<String> {
            let params = self.pairs.iter().filter(|param| param.name == name);
            params.map(|param| param.value.clone()).collect()
        };
        let names: BTreeSet<&str> = self
            .pairs
            .iter()
            .filter(|param| param.is_secret)
            .map(|param| &*param.name)
            .filter(|name| values(name) == own(name))
            .collect();
        retain_pairs(url, |name, _| !names.contains(name));
    }

    /// Removes what repeats the source's own parameters from the address of another host.
    ///
    /// Upstreams redirect to the address that they were asked for, with its secrets. `is_secret` recognizes the
    /// values of other ones, under any name.
    pub(super) fn withhold_from(&self, url: &mut Url, is_secret: impl Fn(&str) -> bool) {
        let is_own = |name: &str, value: &str| {
            let mut withheld = self.pairs.iter().filter(|param| param.is_secret && !param.selects_page);
            withheld.any(|param| param.name == name && param.value == value && !is_harmless(name))
        };
        retain_pairs(url, |name, value| !is_own(name, value) && !is_secret(value));
    }
}

/// Removes the parameters that `is_kept` rejects, and keeps the spelling of the others.
fn retain_pairs(url: &mut Url, is_kept: impl Fn(&str, &str) -> bool) {
    let Some(query) = url.query() else { return };
    let is_kept = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes()).next().is_none_or(|(name, value)| is_kept(&name, &value))
    };
    let pairs: Vec<&str> = query.split('&').collect();
    let kept: Vec<&str> = pairs.iter().copied().filter(is_kept).collect();
    if kept.len() < pairs.len() {
        let kept = (!kept.is_empty()).then(|| kept.join("&"));
        url.set_query(kept.as_deref());
    }
}

/// Adds the parameters that a URL lacks.
pub(super) fn add_missing(url: &mut Url, pairs: &[(String, String)]) {
    add_pairs(url, pairs.iter().map(|(name, value)| (&**name, &**value)));
}

fn add_pairs<'p>(url: &mut Url, pairs: impl Iterator<Item = (&'p str, &'p str)>) {
    let present: BTreeSet<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let missing: Vec<_> = pairs.filter(|(name, _)| !present.contains(*name)).collect();
    if missing.is_empty() {
        return;
    }
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in missing {
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        if !query.is_empty() && !query.ends_with('&') {
            query.push('&');
        }
        query.push_str(&pair);
    }
    url.set_query(Some(&query));
}

/// Recognizes a parameter of the source's URL that selects its first page.
fn selects_page(name: &str, pagination: &Pagination) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_lowercase();
    // `page[number]` and `page[size]` of JSON:API.
    let is_known = PAGING.contains(&&*plain) || plain.starts_with("page");
    is_known || pagination.params().any(|paging| paging == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::config_with;

    fn own(url: &str) -> OwnParams {
        let mut config = config_with("params = { apiKey = \"s3c/ret\" }");
        config.url = parse(url).into();
        OwnParams::of(&config)
    }

    fn parse(url: &str) -> Url {
        Url::parse(url).expect("a URL")
    }

    #[test]
    fn links_get_the_parameters_that_they_lack_except_those_that_select_a_page() {
        let own = own("http://h/m?code=a%2Bb&lang=en&skip=0&page[number]=1&tag=a&tag=b");
        let completed = |url: &str| {
            let mut url = parse(url);
            own.add_to(&mut url);
            url.to_string()
        };
        let all = "apiKey=s3c%2Fret&code=a%2Bb&lang=en&tag=a&tag=b";
        assert_eq!(completed("http://h/m"), format!("http://h/m?{all}"));
        assert_eq!(completed("http://h/m?after=x%20y"), format!("http://h/m?after=x%20y&{all}"));
        let full = format!("http://h/m?{}", all.replace("lang=en", "lang=de"));
        assert_eq!(completed(&full), full, "the link's own values stay");
    }

    #[test]
    fn stored_links_contain_no_secrets() {
        let own = own("http://h/m?code=a%2Bb&lang=en");
        let stripped = |url: &str| {
            let mut url = parse(url);
            own.remove_from(&mut url);
            url.to_string()
        };
        assert_eq!(
            stripped("http://h/m?apiKey=s3c%2Fret&after=x%20y&code=a%2bb&lang=en"),
            "http://h/m?after=x%20y&lang=en"
        );
        assert_eq!(stripped("http://h/m?apiKey=s3c/ret"), "http://h/m");
        assert_eq!(stripped("http://h/m?apiKey=other"), "http://h/m?apiKey=other");
    }

    #[test]
    fn other_hosts_receive_no_secret_that_an_upstream_repeats() {
        let own = own("http://h/m?code=a%2Bb&lang=en&limit=5");
        for (url, expected) in [
            ("http://o/m?page=1&apiKey=s3c%2Fret&limit=5", "http://o/m?page=1&limit=5"),
            ("http://o/m?apiKey=s3c/ret&code=a%2Bb&lang=en&x=%20", "http://o/m?lang=en&x=%20"),
            ("http://o/m?apiKey=s3c/ret", "http://o/m"),
            ("http://o/m?apiKey=its-own&sig=a+b", "http://o/m?apiKey=its-own&sig=a+b"),
            ("http://o/m?token=t0ken-1&page=2", "http://o/m?page=2"),
        ] {
            let mut url = parse(url);
            own.withhold_from(&mut url, |value| value == "t0ken-1");
            assert_eq!(url.as_str(), expected);
        }
    }
}
