use super::*;

/// The sources of resolvers.
const RESOLVERS: &[&str] = &[
    "crates/graphql/src/types/",
    "crates/graphql/src/query.rs",
    "crates/graphql/src/mutation.rs",
    "crates/graphql/src/subscription.rs",
];

/// The types that a `SimpleObject` may hold: scalars and enums, which cannot fail.
const LEAVES: &[&str] =
    &["Option", "String", "str", "static", "i32", "f64", "bool", "ID", "DateTime", "Long", "SuggestionKind"];

#[test]
fn lists_keep_the_paths_of_errors() {
    assert_none(over_sources("crates/graphql/src", bare_lists));
}

#[test]
fn simple_objects_hold_nothing_that_fails() {
    assert_none(over_sources("crates/graphql/src", fallible_simple_objects));
}

/// Resolvers that return a list of async-graphql's, which would cut the paths of errors off.
fn bare_lists(path: &str, text: &str) -> Vec<String> {
    if !RESOLVERS.iter().any(|home| path.starts_with(home)) {
        return Vec::new();
    }
    let tokens = tokens(path, text);
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        let ["async", "fn", name] =
            tokens[start..].iter().map(String::as_str).take(3).collect::<Vec<_>>()[..]
        else {
            continue;
        };
        let returned = returned(&tokens[start + 3..]);
        let is_list = |at: usize| {
            returned[at] == "Vec"
                || returned[at] == "&" && returned.get(at + 1).is_some_and(|next| next == "{")
        };
        let is_wrapped = |at: usize| at >= 2 && returned[at - 2..at] == ["List", "<"];
        if (0..returned.len()).any(|at| is_list(at) && !is_wrapped(at)) {
            found.push(format!("{path}: `{name}` returns a list that is no `List`"));
        }
    }
    found
}

/// The tokens of the type that a function returns, which its arguments stand before and its body after.
fn returned(signature: &[String]) -> &[String] {
    let mut depth = 0;
    let is_end_of_arguments = |token: &String| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        token == "}" && depth == 0
    };
    let Some(end) = signature.iter().position(is_end_of_arguments) else { return &[] };
    let rest = &signature[end + 1..];
    if !rest.starts_with(&["-".to_owned(), ">".to_owned()]) {
        return &[];
    }
    let body = (2..rest.len()).find(|at| rest[*at] == "{" && rest[at - 1] != "&");
    &rest[2..body.unwrap_or(rest.len())]
}

/// Fields of a `SimpleObject` that may fail: it would cut the paths of their errors off.
fn fallible_simple_objects(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(path, text);
    let mut found = Vec::new();
    for derive in (0..tokens.len()).filter(|at| tokens[*at] == "derive") {
        let derived = group(&tokens[derive + 1..]);
        if !derived.iter().any(|name| name == "SimpleObject") {
            continue;
        }
        let rest = &tokens[derive + derived.len()..];
        let Some(body) = rest.iter().position(|token| token == "struct") else { continue };
        let Some(open) = rest[body..].iter().position(|token| token == "{") else { continue };
        let fields = group(&rest[body + open..]);
        for at in (0..fields.len()).filter(|at| fields.get(at + 1).is_some_and(|next| next == ":")) {
            let ty = fields[at + 2..].iter().take_while(|token| *token != ",");
            let mut names = ty.filter(|token| token.starts_with(char::is_alphabetic));
            if let Some(name) = names.find(|name| !LEAVES.contains(&name.as_str())) {
                found.push(format!(
                    "{path}: a SimpleObject holds `{}: {name}`; make it an Object",
                    fields[at]
                ));
            }
        }
    }
    found
}

/// The tokens of the group that begins here, without its delimiters.
fn group(tokens: &[String]) -> &[String] {
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        depth == 0
    });
    tokens.get(1..end.unwrap_or(tokens.len())).unwrap_or_default()
}

#[test]
fn lists_of_every_kind_are_found() {
    let path = "crates/graphql/src/types/source.rs";
    let problem = format!("{path}: `f` returns a list that is no `List`");
    for (text, is_found) in [
        ("impl A { async fn f(&self) -> Vec<B> { g() } }", true),
        ("impl A { async fn f(&self, ctx: &Context<'_>) -> Result<Vec<B>, Failure> { g() } }", true),
        ("impl A { async fn f(&self) -> &[B] { &self.b } }", true),
        ("impl A { async fn f(&self) -> Option<Vec<B>> { g() } }", true),
        ("impl A { async fn f(&self) -> List<Vec<B>> { g() } }", false),
        ("impl A { async fn f(&self) -> Result<List<&[B]>, Failure> { g() } }", false),
        ("impl A { async fn f(&self, b: Vec<B>) -> i32 { g::<Vec<B>>() } }", false),
        ("impl A { fn f(&self) -> Vec<B> { g() } }", false),
    ] {
        let expected: &[String] = if is_found { std::slice::from_ref(&problem) } else { &[] };
        assert_eq!(bare_lists(path, text), expected, "{text}");
    }
    assert!(bare_lists("crates/graphql/src/loaders.rs", "async fn f() -> Vec<B> { g() }").is_empty());
}

#[test]
fn objects_within_simple_objects_are_found() {
    let path = "crates/graphql/src/types/source.rs";
    for (text, held) in [
        (
            "#[derive(Clone, SimpleObject)] pub(crate) struct A { pub(crate) b: i32, c: Document }",
            Some("c: Document"),
        ),
        ("#[derive(SimpleObject)] #[graphql(complex)] struct A { b: Option<Vec<C>>, }", Some("b: Vec")),
        (
            "#[derive(SimpleObject)] struct A { b: Option<DateTime>, c: &'static str, } struct B { c: C }",
            None,
        ),
        ("use async_graphql::{Object, SimpleObject}; struct A { b: B }", None),
        ("#[derive(Clone)] struct A { b: B } #[derive(SimpleObject)] struct C { d: bool }", None),
    ] {
        let expected: Vec<String> = held
            .map(|held| format!("{path}: a SimpleObject holds `{held}`; make it an Object"))
            .into_iter()
            .collect();
        assert_eq!(fallible_simple_objects(path, text), expected, "{text}");
    }
}
