//! The nearest known name beside an unknown one.

/// Names the nearest of the known names and states its confidence.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    suggest(name, known, |far| format!("the nearest known one is `{far}`"))
}

/// Names the nearest of the known names if it resembles the name.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    suggest(name, known, |_| "no known one resembles it: see docs/configuration.md".to_owned())
}

fn suggest<'k>(
    name: &str,
    known: impl Iterator<Item = &'k str>,
    otherwise: impl FnOnce(&str) -> String,
) -> String {
    match known.min_by_key(|known| strsim::damerau_levenshtein(name, known)) {
        None => "no key is known here".to_owned(),
        Some(nearest) if is_near(name, nearest) => format!("did you mean `{nearest}`?"),
        Some(far) => otherwise(far),
    }
}

/// Suggests the known names that continue a name by words: `author_key` for `author`.
pub(crate) fn continued(name: &str, known: &[&str]) -> Option<String> {
    let continues = |known: &&&str| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'));
    let quoted: Vec<String> = known.iter().filter(continues).map(|known| format!("`{known}`")).collect();
    (!quoted.is_empty()).then(|| format!("did you mean {}?", quoted.join(" or ")))
}

/// Returns the nearest of the known names if the name is probably a slip of it.
pub(crate) fn slip_of<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known));
    nearest.copied().filter(|known| is_near(name, known))
}

/// Recognizes a name that few edits turn into a known one: probably a slip.
pub(crate) fn is_near(name: &str, known: &str) -> bool {
    let (edits, length) = (strsim::damerau_levenshtein(name, known), name.chars().count());
    // Two edits turn any word of three letters into many others.
    edits <= (length / 3).max(2) && 2 * edits < length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_far_from_all_known_ones_have_no_suggestion() {
        let known = ["log", "listen", "data_dir", "database_url"];
        for (name, meant) in [
            ("lgo", Some("log")),
            ("logs", Some("log")),
            ("lissen", Some("listen")),
            ("data_url", None),
            ("foo", None),
            ("null", None),
            ("it", None),
            ("datadir", Some("data_dir")),
        ] {
            let text = did_you_mean(name, known.into_iter());
            assert_eq!(meant.is_some(), text.starts_with("did you mean"), "{name}: {text}");
            assert!(meant.is_none_or(|meant| text.contains(meant)), "{name}: {text}");
        }
    }

    #[test]
    fn a_name_without_its_last_word_has_its_own_suggestions() {
        let known = ["title", "author_key", "author_name", "authority"];
        let expected = Some("did you mean `author_key` or `author_name`?".to_owned());
        assert_eq!(continued("author", &known), expected);
        assert_eq!(continued("titles", &known), None);
    }
}
