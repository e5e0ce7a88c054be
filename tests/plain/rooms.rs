//! Imports run down only: a room uses only rooms on lower floors.
//!
//! Each `crate::ROOM` in a file of the library or the program is looked up in the list of floors
//! below. Unit tests in files of their own (`tests.rs`) may use everything.

use std::fs;
use std::path::{Path, PathBuf};

/// The library's rooms, from the lowest floor to the highest.
const LIBRARY: &[&str] = &[
    "sys", "names", "error", "time", "file", "event", "lock", "active", "compress", "rotation",
    "reader", "log", "status", "lib",
];

/// The program's rooms, from the lowest floor to the highest.
const PROGRAM: &[&str] = &[
    "sys",
    "messages",
    "config",
    "records",
    "transform",
    "tee",
    "args",
    "writer",
    "input",
    "commands",
    "main",
];

/// An import that does not run down: the file, and what it imports.
type Upward = (PathBuf, String);

/// Returns all source files below `dir` except `except`.
fn sources(dir: &Path, except: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with(except) {
            found.extend(sources(&path, except));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// Returns the names that follow `crate::` in `source`, also those in braces. Comments do not
/// count.
fn imported(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n")
        .collect();
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            None => names.push(name(rest)),
            Some(group) => {
                let (mut depth, mut start) = (0, true);
                for (index, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        letter if start && !letter.is_whitespace() => {
                            names.push(name(&group[index..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

/// Returns the imports of `source`, a file of `room`, that do not run down. A name that is not a
/// room is the crate's own, such as `crate::RotatingLog`.
fn upward(floors: &[&str], room: &str, source: &str) -> Vec<String> {
    let floor = |name: &str| floors.iter().position(|known| *known == name);
    let ours = floor(room).unwrap_or_else(|| panic!("'{room}' stands on no floor"));
    let mut names = imported(source);
    names.retain(|name| name != room && floor(name).is_none_or(|theirs| theirs >= ours));
    names
}

/// Checks the rooms in the directory `dir`.
fn check(floors: &[&str], dir: &str, except: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut found: Vec<Upward> = Vec::new();
    let mut files = 0;
    for path in sources(&dir, except) {
        if path.ends_with("tests.rs") {
            continue;
        }
        files += 1;
        let relative = path.strip_prefix(&dir).unwrap();
        let entry = Path::new(relative.components().next().unwrap().as_os_str());
        let room = entry.file_stem().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        let names = upward(floors, room, &source).into_iter();
        found.extend(names.map(|name| (relative.to_owned(), name)));
    }
    let list: Vec<_> = found
        .iter()
        .map(|(file, name)| format!("{} imports crate::{name}, which is no lower", file.display()))
        .collect();
    assert!(list.is_empty(), "imports that run up:\n{}", list.join("\n"));
    assert!(files > 20, "only {files} files were found");
}

#[test]
fn imports_of_the_library_run_down() {
    check(LIBRARY, "src", "bin");
}

#[test]
fn imports_of_the_program_run_down() {
    check(PROGRAM, "src/bin/clh-tee", "-");
}

#[test]
fn an_import_that_runs_up_is_seen_in_every_form() {
    for source in [
        "use crate::log::RotatingLog;",
        "pub(crate) use crate::{error::Error, log};",
        "use crate::{\n    error::{Error, Result},\n    log::state::{Log, Other},\n};",
        "fn f() -> crate::log::Log { todo!() }",
        "use crate::RotatingLog;",
    ] {
        assert_eq!(upward(LIBRARY, "file", source).len(), 1, "{source}");
    }
    for source in
        ["use crate::error::Error;", "use crate::file::file_id;", "// crate::log", "use super::x;"]
    {
        assert_eq!(upward(LIBRARY, "file", source), Vec::<String>::new(), "{source}");
    }
}
