//! The rule that no cycle exists among the files of a folder.
//!
//! A module and its folder count as one: `x.rs` together with `x/`. Imports of a parent do not count, and
//! neither do those of `mod tests`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The imports among the modules of one folder.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn files_of_a_folder_form_no_cycle() {
    let mut packages: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for folder in ["src", "crates", "migration/src"] {
        visit_sources(folder, &mut |path, text| {
            let (package, _) = split_package(path);
            packages.entry(package.to_owned()).or_default().push((path.to_owned(), text.to_owned()));
        });
    }
    assert_none(packages.values().flat_map(|files| cycles(files)).collect());
}

/// The cycles among the files of one package, given their paths and texts.
pub(super) fn cycles(files: &[(String, String)]) -> Vec<String> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    let files: Vec<_> = files.iter().filter(|(path, _)| !is_test(path)).collect();
    let modules: BTreeSet<Vec<String>> = files.iter().map(|(path, _)| module_in_package(path)).collect();
    let mut folders: BTreeMap<Vec<String>, Imports> = BTreeMap::new();
    for (path, text) in &files {
        let module = module_in_package(path);
        for target in imported_paths(&tokens(path, text), &module) {
            let depth = (0..=target.len()).rev().find(|depth| modules.contains(&target[..*depth]));
            let target = &target[..depth.unwrap_or(0)];
            let common = module.iter().zip(target).take_while(|(one, other)| one == other).count();
            if let (Some(from), Some(to)) = (module.get(common), target.get(common)) {
                let imports = folders.entry(module[..common].to_vec()).or_default();
                imports.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    let package = files.first().map_or("", |(path, _)| split_package(path).0);
    folders
        .iter()
        .flat_map(|(folder, imports)| {
            let folder = folder.join("/");
            components(imports).into_iter().map(move |component| {
                let names: Vec<&str> = component.into_iter().collect();
                let folder = format!("{package}src/{folder}");
                format!("{}: a cycle of {}", folder.trim_end_matches('/'), names.join(", "))
            })
        })
        .collect()
}

/// The strongly connected components with more than one module.
fn components(imports: &Imports) -> BTreeSet<BTreeSet<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|module| (module.as_str(), reached_from(module, imports))).collect();
    let is_mutual = |one: &str, other: &str| {
        reached.get(one).is_some_and(|reached| reached.contains(other))
            && reached.get(other).is_some_and(|reached| reached.contains(one))
    };
    let component = |module| reached.keys().copied().filter(|other| is_mutual(module, other)).collect();
    reached.keys().copied().filter(|module| is_mutual(module, module)).map(component).collect()
}

/// The modules that a module imports, directly or through others.
fn reached_from<'i>(start: &str, imports: &'i Imports) -> BTreeSet<&'i str> {
    let imported = |module: &str| imports.get(module).into_iter().flatten().map(String::as_str);
    let mut open: Vec<&str> = imported(start).collect();
    let mut reached = BTreeSet::new();
    while let Some(module) = open.pop() {
        if reached.insert(module) {
            open.extend(imported(module));
        }
    }
    reached
}

/// The absolute paths within a package that tokens of a module name by `crate`, `self` and `super`.
fn imported_paths(tokens: &[String], module: &[String]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    // The inline modules around a token, with the depth of their braces.
    let mut inline: Vec<(usize, String)> = Vec::new();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at].as_str());
        match token.as_str() {
            "{" => {
                if before(2) == "mod" {
                    inline.push((depth, before(1).to_owned()));
                }
                depth += 1;
            }
            "}" => {
                depth -= 1;
                inline.pop_if(|(outer, _)| *outer == depth);
            }
            "crate" | "self" | "super"
                if before(1) != "::"
                    && is_path(tokens, at)
                    && inline.iter().all(|(_, name)| name != "tests") =>
            {
                let inner = inline.iter().map(|(_, name)| name.clone());
                let base: Vec<String> = module.iter().cloned().chain(inner).collect();
                expand(tokens, &mut at.clone(), base, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Adds the paths of a use tree that begins at a token, relative to a base.
fn expand(tokens: &[String], at: &mut usize, mut base: Vec<String>, found: &mut BTreeSet<Vec<String>>) {
    loop {
        match tokens.get(*at).map_or("", String::as_str) {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    expand(tokens, at, base.clone(), found);
                    // Behind a path: `as name`, the comma.
                    while tokens.get(*at).is_some_and(|token| token != "}" && token != ",") {
                        *at += 1;
                    }
                    if tokens.get(*at).is_some_and(|token| token == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            name => base.push(name.to_owned()),
        }
        *at += 1;
        if tokens.get(*at).is_none_or(|token| token != "::") {
            found.insert(base);
            return;
        }
        *at += 1;
    }
}
