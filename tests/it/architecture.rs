//! The rules of the layout, kept by reading the source: imports point downward only, each
//! library is named in its own folder only, and no file grows too long to be read at once.
//! Folders of `crates/` and modules of `src/` stand on floors; Cargo alone would allow neighbours.
//!
//! The source is read as tokens, so comments and texts may name what they like.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// From the ground up. A crate or module may use those below its floor, never its neighbours.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &["config", "runtime"],
    &["access", "store", "cache"],
    &["crawl", "search", "keystroke", "interaction", "report", "simulator", "load_test"],
    &["graphql"],
    &["http"],
    &["app"],
    &["cli"],
];

/// The modules of `runtime`, which the root package names as its own.
const RUNTIME: &[&str] = &["instance", "memory", "redis_link", "retry", "supervisor", "telemetry"];

/// Libraries, and the places that alone may name them.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["sea_orm", "sea_orm_migration", "migration"], &["crates/store/"]),
    (&["tantivy", "tantivy_fst", "tantivy_common"], &["crates/search/src/tantivy"]),
    (
        &["reqwest"],
        &[
            "crates/crawl/src/client",
            "crates/load-test/src/client.rs",
            "crates/runtime/src/telemetry/exporter",
            "crates/search/src/opensearch_engine/",
        ],
    ),
    (&["async_graphql"], &["crates/graphql/", "src/http/"]),
    (&["axum"], &["src/app", "src/http/", "crates/simulator/"]),
    (&["hyper", "hyper_util", "tokio_tungstenite"], &["src/http/"]),
    (&["rlimit"], &["src/app/limits"]),
    (&["toml"], &["crates/config/"]),
    (&["governor"], &["crates/access/src/rate_limit"]),
    (&["sha2"], &["crates/access/src/key", "src/http/persisted/hash"]),
    (&["subtle"], &["crates/access/src/key_store"]),
    (&["redis"], &["crates/runtime/src/redis_link", "crates/cache/src/redis", "crates/keystroke/src/redis"]),
    (&["tracing_subscriber"], &["crates/runtime/src/telemetry"]),
    (
        &[
            "opentelemetry",
            "opentelemetry_http",
            "opentelemetry_otlp",
            "opentelemetry_sdk",
            "tracing_opentelemetry",
        ],
        &["crates/runtime/src/telemetry/"],
    ),
    (
        &["prometheus_client"],
        &[
            "crates/cache/src/metrics",
            "crates/crawl/src/metrics",
            "crates/keystroke/",
            "crates/report/src/metrics",
            "crates/runtime/",
            "crates/search/",
            "crates/store/src/metrics",
            "src/http/",
        ],
    ),
];

/// The functions of `std::env` that read settings, and the place that alone may call them.
const ENVIRONMENT_READERS: &[&str] = &["var", "var_os", "vars", "vars_os"];
const ENVIRONMENT_HOME: &str = "crates/config/";

/// The composition root, which starts only supervised workers, so that none dies in silence.
const SUPERVISED: &str = "src/app";

/// A longer file has more than one reason to change.
const MAX_LINES: usize = 450;

#[test]
fn imports_point_downward() {
    assert_none(over_code(upward_imports));
}

#[test]
fn every_module_has_a_floor() {
    let names = |folder: &str| fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let homeless: Vec<String> = names("src")
        .chain(names("crates"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.replace('-', "_")))
        .filter(|name| name != "main" && name != "lib" && floor_of(name).is_none())
        .collect();
    assert_none(homeless);
}

#[test]
fn libraries_stay_in_their_homes() {
    assert_none(over_code(strayed_libraries));
}

#[test]
fn homes_belong_to_dependencies() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap().replace('-', "_");
    let is_dependency =
        |library: &&str| manifest.lines().any(|line| line.starts_with(&format!("{library} = ")));
    let libraries = HOMES.iter().flat_map(|(libraries, _)| *libraries);
    assert_none(libraries.filter(|library| !is_dependency(library)).map(ToString::to_string).collect());
}

#[test]
fn settings_alone_read_the_environment() {
    assert_none(over_code(environment_reads));
}

#[test]
fn the_composition_root_starts_nothing_but_workers() {
    assert_none(over_sources("src", unwatched_tasks));
}

#[test]
fn files_can_be_read_at_once() {
    for folder in ["src", "crates", "tests", "migration/src", "benches"] {
        assert_none(over_sources(folder, overlong));
    }
}

/// Imports of a file that do not point downward.
fn upward_imports(path: &str, text: &str) -> Vec<String> {
    let module = module_of(path);
    let Some(own) = module.first() else {
        // main.rs and lib.rs of the root package stand above every floor.
        return Vec::new();
    };
    let Some(own_floor) = floor_of(own) else {
        return vec![format!("{path}: `{own}` has no floor")];
    };
    let tokens = tokens(path, text);
    let mut used: Vec<String> = named_crates(&tokens);
    if !path.starts_with("crates/") {
        used.extend(used_modules(&tokens, module.len()));
    }
    let mut found = Vec::new();
    for used in used {
        match floor_of(&used) {
            Some(floor) if used != *own && floor >= own_floor => {
                let way = if floor == own_floor { "sideways" } else { "upward" };
                found.push(format!("{path}: uses `{used}`, {way} from `{own}`"));
            }
            _ => {}
        }
    }
    found
}

/// The crates of the workspace that tokens name, by their folders' names.
fn named_crates(tokens: &[String]) -> Vec<String> {
    tokens.iter().filter_map(|token| token.strip_prefix("quarry_")).map(str::to_owned).collect()
}

/// Libraries that a file names although it is not their home.
fn strayed_libraries(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(path, text);
    let mut found = Vec::new();
    for (libraries, homes) in HOMES {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        for library in *libraries {
            if names_library(&tokens, library) {
                found.push(format!("{path}: names `{library}`, which belongs to {}", homes.join(" and ")));
            }
        }
    }
    found
}

fn environment_reads(path: &str, text: &str) -> Vec<String> {
    if path.starts_with(ENVIRONMENT_HOME) {
        return Vec::new();
    }
    let tokens = tokens(path, text);
    let reads = |reader: &&str| {
        let called = ["env", "::", reader];
        let imported = tokens.windows(4).position(|window| window == ["std", "::", "env", "::"]);
        let in_group = imported.is_some_and(|at| {
            tokens[at..].iter().take_while(|token| *token != ";").any(|token| token == reader)
        });
        in_group || tokens.windows(3).any(|window| window == called)
    };
    let readers = ENVIRONMENT_READERS.iter().copied().filter(reads);
    readers.map(|reader| format!("{path}: reads the environment by `{reader}`")).collect()
}

/// Tasks that no supervisor would see the end of. What blocks is waited for where it is begun.
fn unwatched_tasks(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with(SUPERVISED) {
        return Vec::new();
    }
    let tokens = tokens(path, text);
    let spawns = |task: &[String]| ["tokio", "task"].iter().any(|from| task == [from, "::", "spawn"]);
    let found = tokens.windows(3).any(spawns) || tokens.iter().any(|token| token == "JoinSet");
    found.then(|| format!("{path}: starts a task that no supervisor watches")).into_iter().collect()
}

fn overlong(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let problem = || format!("{path}: has {lines} lines, more than {MAX_LINES}");
    (lines > MAX_LINES).then(problem).into_iter().collect()
}

/// The modules at the root of the package that tokens name, in a file that is `depth` deep.
fn used_modules(tokens: &[String], depth: usize) -> Vec<String> {
    let mut used = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        let mut ups = 0;
        while tokens.get(at).is_some_and(|token| token == "super") && is_path(tokens, at) {
            ups += 1;
            at += 2;
        }
        // Enough steps up lead to the root as well.
        let from_root = ups >= depth && ups > 0;
        if start == at && tokens[at] == "crate" && is_path(tokens, at) {
            at += 2;
        } else if !from_root {
            at = at.max(start + 1);
            continue;
        }
        collect_first_names(tokens, &mut at, &mut used);
    }
    used
}

/// The first name of a path, or of each path in a group.
fn collect_first_names(tokens: &[String], at: &mut usize, names: &mut Vec<String>) {
    if tokens.get(*at).is_none_or(|token| token != "{") {
        names.extend(tokens.get(*at).cloned());
        *at += 1;
        return;
    }
    let mut depth = 0;
    let mut begins = false;
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match token.as_str() {
            "{" => {
                depth += 1;
                begins = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
            "," => begins = depth == 1,
            name if begins => {
                names.push(name.to_owned());
                begins = false;
            }
            _ => {}
        }
    }
}

fn is_path(tokens: &[String], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| token == "::")
}

fn names_library(tokens: &[String], library: &str) -> bool {
    tokens.iter().enumerate().filter(|(_, token)| *token == library).any(|(at, _)| {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at].as_str());
        // `::name` stands for a library unless something that has parts comes before it.
        let is_part = before(1) == "::" && before(2) != "use" && before(2).ends_with(is_name_end);
        !is_part && (is_path(tokens, at) || matches!(before(1), "use" | "crate" | "::"))
    })
}

fn is_name_end(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '>'
}

/// The module path of a file: `src/http/origin.rs` is `http::origin`, `crates/load-test/src/plan.rs` is
/// `load_test::plan`.
fn module_of(path: &str) -> Vec<String> {
    let (package, _) = split_package(path);
    let own = package.strip_prefix("crates/").map(|folder| folder.trim_end_matches('/').replace('-', "_"));
    own.into_iter().chain(module_in_package(path)).collect()
}

/// The folder of a package and the path of a file in its `src`.
fn split_package(path: &str) -> (&str, &str) {
    let at = path.find("src/").unwrap_or(0);
    (&path[..at], path[at..].trim_start_matches("src/"))
}

/// The module path of a file within its package.
fn module_in_package(path: &str) -> Vec<String> {
    let (_, inner) = split_package(path);
    let inner = inner.trim_end_matches(".rs").trim_end_matches("/mod");
    inner.split('/').filter(|name| *name != "lib" && *name != "main").map(str::to_owned).collect()
}

fn floor_of(module: &str) -> Option<usize> {
    let name = if RUNTIME.contains(&module) { "runtime" } else { module };
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// Identifiers and signs in order, `::` as one.
fn tokens(path: &str, text: &str) -> Vec<String> {
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut flat = Vec::new();
    flatten(stream, &mut flat);
    flat
}

fn flatten(stream: TokenStream, flat: &mut Vec<String>) {
    for token in stream {
        match token {
            TokenTree::Group(group) => {
                flat.push("{".to_owned());
                flatten(group.stream(), flat);
                flat.push("}".to_owned());
            }
            TokenTree::Ident(ident) => flat.push(ident.to_string().trim_start_matches("r#").to_owned()),
            TokenTree::Punct(sign)
                if sign.as_char() == ':' && flat.last().is_some_and(|last| last == ":") =>
            {
                flat.pop();
                flat.push("::".to_owned());
            }
            TokenTree::Punct(sign) => flat.push(sign.as_char().to_string()),
            TokenTree::Literal(_) => flat.push("\"\"".to_owned()),
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The problems that a rule finds in the root package and in all crates.
fn over_code(rule: fn(&str, &str) -> Vec<String>) -> Vec<String> {
    ["src", "crates"].into_iter().flat_map(|folder| over_sources(folder, rule)).collect()
}

/// The problems that a rule finds in all files of a folder.
fn over_sources(folder: &str, rule: fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    visit_sources(folder, &mut |path, text| found.extend(rule(path, text)));
    found
}

/// Calls a function with the path and the text of each source file in a folder.
fn visit_sources(folder: &str, visit: &mut dyn FnMut(&str, &str)) {
    let mut folders = vec![root().join(folder)];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                visit(&relative(&path), &fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(files > 0, "{folder} has no source");
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn assert_none(mut found: Vec<String>) {
    found.sort();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

mod cycles;
/// Resolvers keep the paths of errors.
mod resolvers;
/// Each rule finds what it forbids, and nothing else.
mod rules;
mod vocabulary;
