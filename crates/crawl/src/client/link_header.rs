//! The target of `rel="next"` in `Link` headers (RFC 8288).

/// Returns the target of the first link with the relation `next`, as written.
pub(super) fn next_target<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    headers.into_iter().find_map(next_target_of_one)
}

fn next_target_of_one(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        // A separator or junk precedes the `<` of a link.
        let (target, params) = rest.split_once('<')?.1.split_once('>')?;
        let (is_next, after) = read_params(params);
        if is_next {
            return Some(target.trim());
        }
        rest = after;
    }
}

/// Returns true for the relation `next`, and the text after the comma of the link.
fn read_params(params: &str) -> (bool, &str) {
    let mut rel: Option<&str> = None;
    let mut rest = params;
    loop {
        rest = rest.trim_start();
        let Some(after) = rest.strip_prefix(';') else {
            let left = rest.split_once(',').map_or("", |(_, left)| left);
            return (rel.is_some_and(contains_next), left);
        };
        let name_end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let name = after[..name_end].trim();
        rest = &after[name_end..];
        let Some(value) = rest.strip_prefix('=') else { continue };
        let (value, left) = read_value(value.trim_start());
        rest = left;
        // RFC 8288 ignores all but the first `rel`.
        if name.eq_ignore_ascii_case("rel") && rel.is_none() {
            rel = Some(value);
        }
    }
}

/// Returns a quoted string (with its escapes) or a token, and the text after it.
fn read_value(text: &str) -> (&str, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim_end(), &text[end..]);
    };
    let mut escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (&quoted[..at], &quoted[at + 1..]),
            _ => {}
        }
    }
    (quoted, "")
}

fn contains_next(relations: &str) -> bool {
    relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_at_any_position() {
        for (header, expected) in [
            (r#"</m?page=2>; rel="next""#, Some("/m?page=2")),
            ("</m?page=2>; rel=next", Some("/m?page=2")),
            ("</m?page=2> ; REL = Next ", Some("/m?page=2")),
            (r#"</a>; rel="prev", </b>; rel="next", </c>; rel="last""#, Some("/b")),
            (r#"</a>; title="a, b; rel=\"next\" <x>"; rel="prev",</b>;rel="first next""#, Some("/b")),
            (r#"</a,b;c>; rel="next""#, Some("/a,b;c")),
            (r#"</a>; rel="prev"; rel="next""#, None),
            (r#"</a>; rel="nextish""#, None),
            (r#"</a>; crossorigin; rel="next""#, Some("/a")),
            ("</a>", None),
            ("", None),
            ("next", None),
            (r#"</a>; rel="next"#, Some("/a")),
            ("<é>; title=é; rel=next", Some("é")),
        ] {
            assert_eq!(next_target([header]), expected, "{header}");
        }
    }

    #[test]
    fn several_header_lines_are_one_list() {
        assert_eq!(next_target([r#"</a>; rel="prev""#, r#"</b>; rel="next""#]), Some("/b"));
    }
}
