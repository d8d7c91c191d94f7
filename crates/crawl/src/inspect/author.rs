//! The author in the members of unknown items.

use super::member::{Member, is_url, is_wrapper};
use super::names::{normalized, rank};
use super::vocabulary::{AUTHOR_KEYS, AUTHOR_NAMES, AUTHORS};

/// Finds the key and the name of the author, in an object or in members such as `user_id`.
pub(super) fn find_author<'m, 'a>(
    members: &'m [Member<'a>],
) -> (Option<&'m Member<'a>>, Option<&'m Member<'a>>) {
    for author in AUTHORS {
        let inside = |names: &[&str]| {
            let within = members.iter().filter_map(|member| {
                let (last, around) = member.path.split_last()?;
                Some((rank(&normalized(last), names)?, member)).filter(|_| is_at(around, author))
            });
            within.min_by_key(|(rank, _)| *rank).map(|(_, member)| member)
        };
        let flat = |suffixes: &[&str]| {
            suffixes.iter().find_map(|suffix| {
                let name = format!("{author}{suffix}");
                members
                    .iter()
                    .find(|member| member.is_own() && normalized(member.path[member.path.len() - 1]) == name)
            })
        };
        let (key, name) = (inside(AUTHOR_KEYS), inside(AUTHOR_NAMES));
        if key.is_some() || name.is_some() {
            return (key, name);
        }
        let (mut key, mut name) = (flat(&["id", "uuid", "key"]), flat(&["name"]));
        match flat(&[""]) {
            Some(own) if own.is_text() && !own.texts().all(is_url) => name = name.or(Some(own)),
            Some(own) if !own.is_text() && own.is_key_like() => key = key.or(Some(own)),
            _ => {}
        }
        let name = name.or_else(|| flat(&["fullname", "displayname", "login"]));
        // A list of authors has none of these, and other words would name someone else.
        let is_listed =
            |member: &Member<'a>| member.is_element && is_at(&member.path[..member.path.len() - 1], author);
        if key.is_some() || name.is_some() || members.iter().any(is_listed) {
            return (key, name);
        }
    }
    (None, None)
}

/// Returns true for the path of an author in an item, or of the first one of a list of them.
fn is_at(path: &[&str], author: &str) -> bool {
    let (path, is_listed) = match path {
        [path @ .., "0"] => (path, true),
        path => (path, false),
    };
    let Some((last, wrappers)) = path.split_last() else { return false };
    let name = normalized(last);
    let is_named = name == author || is_listed && name.strip_suffix('s') == Some(author);
    is_named && wrappers.iter().all(|name| is_wrapper(name))
}

/// Returns true for a member of an author.
pub(super) fn is_author(member: &Member<'_>) -> bool {
    member.path.iter().any(|name| rank(&normalized(name), AUTHORS).is_some())
}
