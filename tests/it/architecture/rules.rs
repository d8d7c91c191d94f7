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
    check(rule, "src/crawl/client.rs", "use crate::graphql::Query;", &[up]);
    check(rule, "src/crawl/mod.rs", "use crate::{store::Store, graphql::{a, b}, search};", &[up, sideways]);
    check(rule, "src/crawl.rs", "fn f() { crate :: search :: g(); }", &[sideways]);
    check(rule, "src/crawl/plan.rs", "fn f() { select! { x = crate::search::g() => {} } }", &[sideways]);
    check(rule, "src/crawl/mod.rs", "use super::search::Search;", &[sideways]);
    check(rule, "src/crawl/client.rs", "use super::super::{graphql, store};", &[up]);
    check(rule, "src/crawl/client.rs", "pub(crate) use crate::r#search as s;", &[sideways]);
    check(rule, "src/domain/mod.rs", "use crate::retry;", &["uses `retry`, upward from `domain`"]);
    check(rule, "src/config/kind.rs", "use crate::telemetry;", &["uses `telemetry`, sideways from `config`"]);
    check(rule, "src/store/mod.rs", "use crate::simulator;", &["uses `simulator`, upward from `store`"]);
    check(rule, "src/misc/mod.rs", "", &["`misc` has no floor"]);
}

#[test]
fn downward_and_inward_imports_are_left_alone() {
    let rule = upward_imports;
    check(
        rule,
        "src/crawl/client.rs",
        "use crate::{crawl::plan, store::Store, domain::*}; use super::search;",
        &[],
    );
    check(rule, "src/crawl/mod.rs", "// use crate::graphql;\nconst A: &str = \"crate::graphql\";", &[]);
    check(rule, "src/crawl/mod.rs", "/// See [`crate::search`].\npub(crate) fn f() {}", &[]);
    check(rule, "src/main.rs", "use quarry::cli; use crate::app;", &[]);
    check(rule, "src/cli/mod.rs", "use crate::{app, http};", &[]);
}

#[test]
fn libraries_outside_their_homes_are_found() {
    let rule = strayed_libraries;
    for (library, path) in [
        ("sea_orm", "src/graphql/query.rs"),
        ("sqlx", "src/crawl/mod.rs"),
        ("migration", "src/app.rs"),
        ("tantivy", "src/search/engine.rs"),
        ("reqwest", "src/crawl/crawler.rs"),
        ("async_graphql", "src/search/request.rs"),
        ("async_graphql_axum", "src/app.rs"),
        ("figment", "src/cli/mod.rs"),
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
    check(rule, "src/store/documents.rs", "use sea_orm::Set; fn f() { sqlx::query(); }", &[]);
    check(rule, "src/search/tantivy_engine/plan.rs", "use tantivy::Term;", &[]);
    check(rule, "src/search/tantivy.rs", "use tantivy::Term;", &[]);
    check(rule, "src/crawl/client.rs", "use reqwest::Client;", &[]);
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
    check(rule, "src/config/environment.rs", "fn f() { std::env::var(\"X\"); }", &[]);
    check(rule, "src/app.rs", "fn f() { std::env::temp_dir(); let var = env!(\"X\"); }", &[]);
}

#[test]
fn tasks_that_nobody_watches_are_found() {
    let problem = "starts a task that no supervisor watches";
    check(unwatched_tasks, "src/app/logging.rs", "fn f() { tokio::spawn(g()); }", &[problem]);
    check(unwatched_tasks, "src/app.rs", "use tokio::task::JoinSet;", &[problem]);
    check(unwatched_tasks, "src/cache/flights.rs", "fn f() { tokio::spawn(g()); }", &[]);
    check(unwatched_tasks, "src/app.rs", "fn f() { supervisor.spawn(g()); task::spawn_blocking(h) }", &[]);
}

#[test]
fn files_of_too_many_lines_are_found() {
    check(overlong, "src/a.rs", &"\n".repeat(MAX_LINES), &[]);
    check(overlong, "src/a.rs", &"\n".repeat(MAX_LINES + 1), &["has 451 lines, more than 450"]);
}
