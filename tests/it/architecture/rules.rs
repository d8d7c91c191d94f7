use super::*;

#[track_caller]
fn check(rule: fn(&str, &str) -> Vec<String>, path: &str, text: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|problem| format!("{path}: {problem}")).collect();
    assert_eq!(rule(path, text), expected, "{text}");
}

#[test]
fn upward_and_sideways_imports_are_found_however_they_are_written() {
    let rule = upward_imports;
    let up = "uses `graphql`, upward from `crawl`";
    let sideways = "uses `search`, sideways from `crawl`";
    check(rule, "crates/crawl/src/client.rs", "use quarry_graphql::Query;", &[up]);
    check(rule, "crates/crawl/src/lib.rs", "use {quarry_graphql::{a, b}, quarry_search};", &[up, sideways]);
    check(rule, "crates/crawl/src/plan.rs", "fn f() { quarry_search :: g(); }", &[sideways]);
    check(
        rule,
        "crates/crawl/src/plan.rs",
        "fn f() { select! { x = quarry_search::g() => {} } }",
        &[sideways],
    );
    check(
        rule,
        "crates/domain/src/lib.rs",
        "use quarry_runtime::retry;",
        &["uses `runtime`, upward from `domain`"],
    );
    check(
        rule,
        "crates/config/src/kind.rs",
        "extern crate quarry_runtime;",
        &["uses `runtime`, sideways from `config`"],
    );
    check(
        rule,
        "crates/load-test/src/plan.rs",
        "use quarry_simulator::Drift;",
        &["uses `simulator`, sideways from `load_test`"],
    );
    let up = "uses `app`, upward from `http`";
    check(rule, "src/http/listener.rs", "use crate::app::App;", &[up]);
    check(
        rule,
        "src/http/mod.rs",
        "use crate::{store::Store, app::{a, b}, cli};",
        &[up, "uses `cli`, upward from `http`"],
    );
    check(rule, "src/http.rs", "fn f() { crate :: app :: g(); }", &[up]);
    check(rule, "src/http/mod.rs", "use super::app::App;", &[up]);
    check(rule, "src/http/listener.rs", "use super::super::{app, store};", &[up]);
    check(rule, "src/http/listener.rs", "pub(crate) use crate::r#app as a;", &[up]);
    check(rule, "src/misc/mod.rs", "", &["`misc` has no floor"]);
}

#[test]
fn downward_and_inward_imports_are_left_alone() {
    let rule = upward_imports;
    check(
        rule,
        "src/http/listener.rs",
        "use crate::{http::plan, store::Store, domain::*}; use super::search;",
        &[],
    );
    check(rule, "crates/crawl/src/lib.rs", "use quarry_store::Store; use crate::search;", &[]);
    check(
        rule,
        "crates/crawl/src/lib.rs",
        "// use quarry_graphql;\nconst A: &str = \"quarry_graphql\";",
        &[],
    );
    check(rule, "crates/crawl/src/lib.rs", "/// See [`quarry_search`].\npub(crate) fn f() {}", &[]);
    check(rule, "src/main.rs", "use quarry::cli; use crate::app;", &[]);
    check(rule, "src/cli/mod.rs", "use crate::{app, http};", &[]);
}

#[test]
fn libraries_outside_their_homes_are_found() {
    let rule = strayed_libraries;
    for (library, path) in [
        ("sea_orm", "crates/graphql/src/query.rs"),
        ("sea_orm_migration", "crates/crawl/src/lib.rs"),
        ("migration", "src/app.rs"),
        ("tantivy", "crates/search/src/engine.rs"),
        ("reqwest", "crates/crawl/src/crawler.rs"),
        ("async_graphql", "crates/search/src/request.rs"),
        ("async_graphql", "src/app.rs"),
        ("toml", "src/cli/mod.rs"),
    ] {
        for text in [
            format!("use {library}::Thing;"),
            format!("fn f() -> {library}::Result<()> {{}}"),
            format!("use ::{library} as other;"),
            format!("use {library};"),
            format!("extern crate {library};"),
            format!("use {{std::fmt, {library}::Thing}};"),
            format!("fn f() {{ select! {{ x = ::{library}::g() => {{}} }} }}"),
        ] {
            let found = rule(path, &text);
            assert!(
                found.len() == 1 && found[0].contains(&format!("names `{library}`")),
                "{text}: {found:?}"
            );
        }
    }
}

#[test]
fn libraries_at_home_and_other_things_of_their_name_are_left_alone() {
    let rule = strayed_libraries;
    check(rule, "crates/store/src/documents.rs", "use sea_orm::Set; fn f() { migration::Migrator; }", &[]);
    check(rule, "crates/search/src/tantivy_engine/plan.rs", "use tantivy::Term;", &[]);
    check(rule, "crates/search/src/tantivy.rs", "use tantivy::Term;", &[]);
    check(rule, "crates/crawl/src/client.rs", "use reqwest::Client;", &[]);
    check(rule, "src/http/websocket.rs", "use async_graphql::Data;", &[]);
    check(rule, "src/app.rs", "// tantivy::Index\nlet migration = crate::store::migration::latest();", &[]);
}

#[test]
fn reading_the_environment_is_found() {
    let rule = environment_reads;
    let problem = "reads the environment by `var`";
    check(rule, "src/app.rs", "fn f() { std::env::var(\"X\"); }", &[problem]);
    check(rule, "src/app.rs", "use std::env::{self, var};", &[problem]);
    check(
        rule,
        "src/app.rs",
        "use std::env; fn f() { env::vars_os(); }",
        &["reads the environment by `vars_os`"],
    );
    check(rule, "crates/config/src/environment.rs", "fn f() { std::env::var(\"X\"); }", &[]);
    check(rule, "src/app.rs", "fn f() { std::env::temp_dir(); let var = env!(\"X\"); }", &[]);
}

#[test]
fn tasks_that_nobody_watches_are_found() {
    let problem = "starts a task that no supervisor watches";
    check(unwatched_tasks, "src/app/keystrokes.rs", "fn f() { tokio::spawn(g()); }", &[problem]);
    check(unwatched_tasks, "src/app.rs", "use tokio::task::JoinSet;", &[problem]);
    check(unwatched_tasks, "crates/cache/src/flights.rs", "fn f() { tokio::spawn(g()); }", &[]);
    check(unwatched_tasks, "src/app.rs", "fn f() { supervisor.spawn(g()); task::spawn_blocking(h) }", &[]);
}

#[test]
fn files_of_too_many_lines_are_found() {
    check(overlong, "src/a.rs", &"\n".repeat(MAX_LINES), &[]);
    check(overlong, "src/a.rs", &"\n".repeat(MAX_LINES + 1), &["has 451 lines, more than 450"]);
}

#[track_caller]
fn check_cycles(files: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(cycles::cycles(&files), expected, "{files:?}");
}

#[test]
fn cycles_among_the_files_of_a_folder_are_found() {
    let both = |one, other| [("crates/a/src/b.rs", one), ("crates/a/src/c.rs", other)];
    let cycle = &["crates/a/src: a cycle of b, c"];
    for (one, other) in [
        ("use super::c::C;", "use crate::b::B;"),
        ("use super::{d, c::{self, C}};", "fn f() -> crate::b::B { super::b::g() }"),
        ("use crate::{d::{D, E as F}, c as x};", "mod inner { use super::super::b::B; }"),
        ("fn f() { select! { x = super::c::g() => {} } }", "use super::b::{B};"),
    ] {
        check_cycles(&both(one, other), cycle);
    }
    check_cycles(
        &[
            ("src/x/one.rs", "use super::two::A;"),
            ("src/x/two/mod.rs", ""),
            ("src/x/two/deep.rs", "use crate::x::three::A;"),
            ("src/x/three.rs", "use super::one::A;"),
            ("src/x/four.rs", "use super::one::A;"),
        ],
        &["src/x: a cycle of one, three, two"],
    );
}

#[test]
fn imports_of_parents_children_and_tests_form_no_cycle() {
    let both = |one, other| [("crates/a/src/b.rs", one), ("crates/a/src/c.rs", other)];
    for (one, other) in [
        ("use super::c::C;", ""),
        ("use super::c::C;", "mod tests { use super::super::b::B; use crate::b::B; }"),
        (
            "use super::c::C;",
            "// use super::b::B;\nconst A: &str = \"super::b\"; mod inner { use super::b; }",
        ),
        ("use super::c::C;", "use quarry_b::super_b; pub(crate) fn b() { self::b(); other::crate_b() }"),
    ] {
        check_cycles(&both(one, other), &[]);
    }
    check_cycles(
        &[("src/x.rs", "mod y; use self::y::Y;"), ("src/x/y.rs", "use super::X; use crate::x::X;")],
        &[],
    );
    check_cycles(&[("src/lib.rs", "use self::x::X;"), ("src/x.rs", "use crate::X; use super::Y;")], &[]);
    check_cycles(
        &[("src/x.rs", "use super::y::Y;"), ("src/y.rs", ""), ("src/y/tests.rs", "use crate::x::X;")],
        &[],
    );
}
