//! The parts of the man page and the completions that are generated from the definition of the
//! command line. They are files of the package, so that installing needs no generator. These tests
//! compare them; `UPDATE=1 cargo test --locked generated` writes them.

use std::path::Path;
use std::{env, fs};

use clap::{Arg, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;

const BEGIN: &str = ".\\\" OPTIONS begin: generated from the clap definition\n";
const END: &str = ".\\\" OPTIONS end\n";

/// Options of other commands that the README mentions.
const OF_OTHERS: [&str; 6] =
    ["--find-links", "--include-ignored", "--locked", "--no-index", "--path", "--release"];

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

/// Asserts that the package's `file` equals `made`, or writes it.
#[track_caller]
fn compare(file: &str, made: &str) {
    if env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        fs::write(path, made).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
        return;
    }
    let kept = read(file);
    let same = kept.lines().zip(made.lines()).take_while(|(kept, made)| kept == made).count();
    let [line, wanted] = [&*kept, made].map(|text| text.lines().nth(same));
    let advice = "UPDATE=1 cargo test --locked generated    writes it anew";
    assert!(kept == made, "{file}:{}: {line:?}\n should be: {wanted:?}\n{advice}", same + 1);
}

fn options_section() -> String {
    let mut made = Vec::new();
    Man::new(Cli::command()).render_options_section(&mut made).expect("write to memory");
    let made = String::from_utf8(made).expect("UTF-8");
    let (_, section) = made.split_once(".SH OPTIONS\n").expect("a section of this name");
    // The style of man pages: a request instead of an empty line between paragraphs, a line for
    // each sentence, value names without brackets, and no string for the apostrophe.
    let forms = [
        ("\n\n", "\n.IP\n"),
        (". ", ".\n"),
        ("<\\fI", "\\fI"),
        ("\\fI<", "\\fI"),
        (">\\fR", "\\fR"),
        ("\\fR>", "\\fR"),
        ("\\*(Aq", "\\(aq"),
    ];
    let section = forms.iter().fold(section.to_owned(), |text, (from, to)| text.replace(from, to));
    // For clap each group of options is a section.
    let heading = |line: &str| match line.strip_prefix(".SH ") {
        Some(group) => {
            let group = group.trim_matches('"');
            format!(".SS {}{}\n", &group[..1], group[1..].to_lowercase())
        }
        None => format!("{line}\n"),
    };
    format!(".SH OPTIONS\n{}", section.lines().map(heading).collect::<String>())
}

fn long_options(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    text.split(move |c: char| !is_part(c)).filter(|word| {
        word.strip_prefix("--").is_some_and(|name| name.starts_with(char::is_alphabetic))
    })
}

#[test]
fn man_page() {
    let file = "man/clh-tee.1";
    let page = read(file);
    let (before, rest) = page.split_once(BEGIN).expect("the line that begins OPTIONS");
    let (_, after) = rest.split_once(END).expect("the line that ends OPTIONS");
    compare(file, &format!("{before}{BEGIN}{}{END}{after}", options_section()));
    let version = concat!("\"clh-tee ", env!("CARGO_PKG_VERSION"), "\"");
    assert!(page.contains(version), "its first line should say {version}");
}

#[test]
fn completions() {
    for (shell, file) in [
        (Shell::Bash, "completions/clh-tee.bash"),
        (Shell::Zsh, "completions/_clh-tee"),
        (Shell::Fish, "completions/clh-tee.fish"),
    ] {
        let mut made = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "clh-tee", &mut made);
        compare(file, &String::from_utf8(made).expect("UTF-8"));
    }
}

#[test]
fn no_page_names_an_option_that_is_not_there() {
    let mut command = Cli::command();
    command.build();
    let names = |arg: &Arg| -> Vec<String> {
        let aliases = arg.get_all_aliases().unwrap_or_default();
        arg.get_long().into_iter().chain(aliases).map(|name| format!("--{name}")).collect()
    };
    let known: Vec<String> = command.get_arguments().flat_map(names).collect();
    let is_known = |option: &str| known.iter().any(|name| name == option);
    for file in ["README.md", "CHANGELOG.md", "docs/guide.md", "man/clh-tee.1"] {
        let page = read(file).replace("\\-", "-");
        for option in long_options(&page) {
            assert!(is_known(option) || OF_OTHERS.contains(&option), "{file} names {option}");
        }
    }
}
