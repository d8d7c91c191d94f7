//! Parses `Link` headers (RFC 8288) as far as paging needs them: the target of `rel="next"`.

/// The target of the first link with the relation `next`, as it is written.
pub(super) fn next_target<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    headers.into_iter().find_map(next_target_of_one)
}

fn next_target_of_one(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        // Anything before a `<` is a separator, or junk that no link begins with.
        let (target, params) = rest.split_once('<')?.1.split_once('>')?;
        let (is_next, after) = read_params(params);
        if is_next {
            return Some(target.trim());
        }
        rest = after;
    }
}

/// Reads the parameters of one link; tells whether its relations hold `next`, and what is
/// left after the link's comma.
fn read_params(params: &str) -> (bool, &str) {
    let mut rel: Option<&str> = None;
    let mut rest = params;
    loop {
        rest = rest.trim_start();
        let Some(after) = rest.strip_prefix(';') else {
            let left = rest.split_once(',').map_or("", |(_, left)| left);
            return (rel.is_some_and(holds_next), left);
        };
        let name_end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let name = after[..name_end].trim();
        rest = &after[name_end..];
        let Some(value) = rest.strip_prefix('=') else { continue };
        let (value, left) = read_value(value.trim_start());
        rest = left;
        // The first `rel` counts; further ones are to be ignored.
        if name.eq_ignore_ascii_case("rel") && rel.is_none() {
            rel = Some(value);
        }
    }
}

/// A quoted string (escapes are stepped over, not resolved) or a token, and what follows it.
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

fn holds_next(relations: &str) -> bool {
    relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_wherever_it_stands() {
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
