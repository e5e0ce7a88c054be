//! Everything that the pages in `docs/` mention exists: options, pages, and a test for each recipe.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{getegid, geteuid};

use super::kitchen::{ended, expect};
use crate::harness::{Page, Place, Tee};

const PAGES: [&str; 5] = ["guide.md", "recipes.md", "migrating.md", "shippers.md", "compared.md"];

/// Options of other commands that the pages mention.
const OF_OTHERS: &[&str] = &[
    "--locked",
    "--path",
    "--include-ignored",
    "--test",
    "--line-buffered",
    "--log-path",
    "--compress",
    "--err",
    "--group",
    "--line-buffer",
    "--will-cite",
    "--find-links",
    "--no-index",
];

/// Returns the long options in `text`.
fn long_options(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let is_option = |word: &&str| {
        word.strip_prefix("--").is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic()))
    };
    text.split(move |c: char| !is_part(c)).filter(is_option).collect()
}

#[test]
fn no_page_names_an_option_that_is_not_there() {
    let help = ended(Command::new(env!("CARGO_BIN_EXE_clh-tee")).arg("--help"));
    let help = expect(&help, 0);
    let known = long_options(&help);
    for name in PAGES {
        let page = Page::of(name);
        for option in long_options(page.text()) {
            assert!(
                known.contains(option) || OF_OTHERS.contains(&option),
                "docs/{name} names {option}"
            );
        }
    }
}

#[test]
fn every_recipe_is_tried() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/recipes");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        fs::read_to_string(entry.expect("list the directory").path()).expect("read a file")
    };
    let tests: String = fs::read_dir(dir).expect("list the directory").map(read).collect();
    let names = Page::of("recipes.md").names("recipe");
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(tests.contains(&format!("\"{name}\"")), "nothing tries the recipe '{name}'");
    }
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    for name in PAGES.iter().chain(&["../README.md"]) {
        let page = Page::of(name);
        for link in page.text().split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                docs().join(name)
            } else {
                docs().join(name).parent().expect("a page's directory").join(file)
            };
            assert!(target.exists(), "docs/{name} links to {link}");
            if !heading.is_empty() {
                let text = fs::read_to_string(target).expect("read a page");
                let mut headings = text.lines().filter(|line| line.starts_with("## "));
                assert!(headings.any(|line| anchor(line) == heading), "docs/{name}: {link}");
            }
        }
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// Returns the name of a heading's anchor, by GitHub's rules.
fn anchor(heading: &str) -> String {
    let name = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    name.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

/// The placeholders in `migrating.md`, with values for them.
const FILLINGS: [(&str, &str); 7] = [
    ("PROGRAM", "true"),
    ("SIZE", "1M"),
    ("NUM", "5"),
    ("TEXT", "text"),
    ("REGEX", "x*"),
    ("DIR", "locks"),
    ("LOG2", "other.log"),
];

#[test]
fn every_option_to_migrate_to_is_taken() {
    let page = Page::of("migrating.md");
    let columns = page.text().lines().filter(|line| line.starts_with('|'));
    let middle = columns.filter_map(|line| line.split(" | ").nth(1));
    let options: BTreeSet<&str> =
        middle.flat_map(|cell| cell.split('`')).filter(|part| part.starts_with("--")).collect();
    assert!(options.len() > 25, "{options:?}");
    for option in options {
        let fill = |text: String, (name, filling): &(&str, &str)| text.replace(name, filling);
        // Only root may give files away, but a user may always "give" them to himself.
        let owner = format!("{}:{}", geteuid(), getegid());
        let filled = FILLINGS.iter().fold(option.replace("USER:GROUP", &owner), fill);
        let place = Place::fresh();
        let ended = Tee::new(&place).args(&filled).arg("app.log").run(b"line\n");
        ended.expect(0);
        let holds_line = String::from_utf8_lossy(&place.read("app.log")).contains("line");
        let leaves_out = ["select", "divert"].iter().any(|name| option.contains(name));
        assert!(holds_line || leaves_out, "{option}");
    }
}
