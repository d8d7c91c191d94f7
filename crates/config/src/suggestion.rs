//! The nearest known name beside an unknown one.

/// Names the nearest of the known names and states its confidence.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    match known.min_by_key(|known| strsim::damerau_levenshtein(name, known)) {
        None => "no key is known here".to_owned(),
        Some(nearest) if is_near(name, nearest) => format!("did you mean `{nearest}`?"),
        Some(nearest) => format!("the nearest known one is `{nearest}`"),
    }
}

/// Returns the nearest of the known names if the name is probably a slip of it.
pub(crate) fn slip_of<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known));
    nearest.copied().filter(|known| is_near(name, known))
}

/// Recognizes a name that few edits turn into a known one: probably a slip.
pub(crate) fn is_near(name: &str, known: &str) -> bool {
    strsim::damerau_levenshtein(name, known) <= (name.chars().count() / 3).max(2)
}
