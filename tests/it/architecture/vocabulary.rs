//! Vocabulary rules for comments, documentation and type names.
//!
//! Comments and pages avoid a list of phrases, the first line of a doc comment begins with its subject,
//! and one type name has one meaning in the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;

/// Phrases that stand for a term of the field, or for none.
const PHRASES: &[&str] = &[
    "anew",
    "in vain",
    "whoever",
    "nobody",
    "somebody",
    "so many",
    "is told",
    "is asked",
    "under way",
    "goes on",
    "let in",
];

/// First words that begin a relative clause in place of a subject.
const RELATIVES: &[&str] = &["What", "Whether", "Who", "How", "Where"];

/// Folders with Rust sources.
const SOURCES: &[&str] = &["src", "crates", "migration/src", "tests/it", "benches"];

/// Folders whose type names follow the tables of the database or the types of the schema.
const NAMED_BY_CONTRACT: &[&str] = &["crates/store/src/entity/", "crates/graphql/src/types/", "migration/"];

#[test]
fn comments_and_pages_keep_to_the_vocabulary() {
    assert_none(violations());
}

/// All violations in sources, pages and the schema.
fn violations() -> Vec<String> {
    let mut found = Vec::new();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in SOURCES {
        visit_sources(folder, &mut |path, text| {
            found.extend(in_comments(path, text));
            for name in defined_types(path, text) {
                names.entry(name).or_default().insert(path.to_owned());
            }
        });
    }
    for (path, text) in pages() {
        found.extend(in_page(&path, &text));
    }
    found.extend(names.into_iter().filter(|(_, paths)| paths.len() > 1).map(|(name, paths)| {
        let places = paths.into_iter().collect::<Vec<_>>().join(", ");
        format!("{name}: two types have this name, in {places}")
    }));
    found
}

/// Violations in the comments of a source file.
fn in_comments(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = String::new();
    let mut marker = "";
    let lines = text.lines().chain([""]);
    for (number, line) in (0_usize..).zip(lines) {
        let comment = comment_in(line);
        let is_continued = comment.is_some_and(|(next, _)| next == marker);
        if !is_continued {
            let used = phrases_in(&block).into_iter();
            found.extend(used.map(|phrase| format!("{path}:{number}: the comment above says `{phrase}`")));
            block.clear();
        }
        let Some((next, content)) = comment else {
            marker = "";
            continue;
        };
        let first_word = content.split(|char: char| !char.is_alphabetic()).next().unwrap_or_default();
        if next != "//" && !is_continued && RELATIVES.contains(&first_word) {
            let line = number + 1;
            found.push(format!("{path}:{line}: a doc comment begins with `{first_word}`"));
        }
        marker = next;
        block.push_str(content);
        block.push(' ');
    }
    found
}

/// The marker and the content of a comment in a line.
fn comment_in(line: &str) -> Option<(&'static str, &str)> {
    let whole = line.trim_start();
    for marker in ["///", "//!", "//"] {
        if let Some(content) = whole.strip_prefix(marker) {
            return Some((marker, content.trim()));
        }
    }
    let (code, content) = line.split_once(" // ")?;
    // An odd number of quotes precedes two slashes inside a string.
    code.matches('"').count().is_multiple_of(2).then(|| ("//", content.trim()))
}

/// Violations in the text of a page, outside of code blocks.
fn in_page(path: &str, text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2).collect::<Vec<_>>().join(" ");
    let used = phrases_in(&prose).into_iter();
    used.map(|phrase| format!("{path}: says `{phrase}`")).collect()
}

/// The phrases that a text contains as whole words, across line breaks.
fn phrases_in(text: &str) -> Vec<&'static str> {
    let words: Vec<String> = text
        .split(|char: char| !char.is_alphanumeric() && !"-_".contains(char))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let contains = |phrase: &&&str| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        words.windows(phrase.len()).any(|window| window == phrase)
    };
    PHRASES.iter().filter(contains).copied().collect()
}

/// The pages of the manual and the schema.
fn pages() -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "schema.graphql"]
            .iter()
            .map(|file| root().join(file))
            .collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.iter().map(|file| (relative(file), fs::read_to_string(file).unwrap())).collect()
}

/// The types that production code defines in a file, in modules other than `tests`.
fn defined_types(path: &str, text: &str) -> Vec<String> {
    let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
    if is_test
        || path.starts_with("benches/")
        || NAMED_BY_CONTRACT.iter().any(|folder| path.starts_with(folder))
    {
        return Vec::new();
    }
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut names = Vec::new();
    collect_types(stream, &mut names);
    names
}

fn collect_types(stream: TokenStream, names: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for window in tokens.windows(2) {
        let [TokenTree::Ident(keyword), TokenTree::Ident(name)] = window else { continue };
        if matches!(keyword.to_string().as_str(), "struct" | "enum" | "union" | "trait" | "type") {
            names.push(name.to_string());
        }
    }
    for window in tokens.windows(3) {
        if let [TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Group(body)] = window
            && keyword == "mod"
            && name != "tests"
        {
            collect_types(body.stream(), names);
        }
    }
}

/// Each rule finds its violations, and no others.
mod rules {
    use super::*;

    #[test]
    fn phrases_are_found_as_whole_words_across_lines() {
        let comment = "/// Retries So\n/// many times, whoever calls.\nfn f() {} // Starts anew.\n";
        assert_eq!(
            in_comments("a.rs", comment),
            [
                "a.rs:2: the comment above says `whoever`",
                "a.rs:2: the comment above says `so many`",
                "a.rs:3: the comment above says `anew`",
            ]
        );
        let clean = "// A renewal\n\n// so\n\n// many; a let-in clause; under_way.\n";
        assert_eq!(in_comments("a.rs", clean), [""; 0]);
        let string = format!("let url = {:?};", "http: // anew");
        assert_eq!(in_comments("a.rs", &string), [""; 0]);
        assert_eq!(in_page("a.md", "It goes\non.\n```js\nlet in\n```\n"), ["a.md: says `goes on`"]);
    }

    #[test]
    fn doc_comments_begin_with_their_subject() {
        let text =
            "//! Who calls.\n\n/// What it is.\n/// How it works.\nfn f() {\n    // Where it ends.\n}\n";
        assert_eq!(
            in_comments("a.rs", text),
            ["a.rs:1: a doc comment begins with `Who`", "a.rs:3: a doc comment begins with `What`"]
        );
        assert_eq!(in_comments("a.rs", "/// Whole pages.\nfn f() {}\n"), [""; 0]);
    }

    #[test]
    fn types_are_found_in_modules_but_not_in_tests_and_bodies() {
        let text = "pub struct A; mod b { enum B {} } mod tests { struct C; } fn f() { struct D; }
            impl T for A { type E = u8; } type F = u8; trait G { type H; }";
        assert_eq!(defined_types("src/a.rs", text), ["A", "F", "G", "B"]);
        assert_eq!(defined_types("src/a/tests.rs", text), [""; 0]);
    }
}
