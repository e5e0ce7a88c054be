//! Man page and completions, as far as the command line's definition makes
//! them.
//!
//! They are files of the package, so that nobody has to run anything to
//! install them. Each test makes one of them anew and compares. When the
//! definition has changed, this writes them:
//!
//! ```text
//! UPDATE=1 cargo test --locked generated
//! ```

use std::path::Path;
use std::{env, fs};

use clap::{Arg, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;

/// The line of the man page that its generated part follows.
const BEGIN: &str = ".\\\" OPTIONS begin: generated from the clap definition\n";

/// The line of the man page that its generated part ends before.
const END: &str = ".\\\" OPTIONS end\n";

/// Options in the README that are not ours but those of other commands.
const OF_OTHERS: [&str; 3] = ["--locked", "--path", "--release"];

/// Returns what the package's `file` holds.
fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

/// Asserts that the package's `file` is as it was `made` now, or makes it so.
#[track_caller]
fn compare(file: &str, made: &str) {
    if env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        fs::write(path, made).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
        return;
    }
    let kept = read(file);
    if kept != made {
        let same = kept.lines().zip(made.lines()).take_while(|(kept, made)| kept == made).count();
        panic!(
            "{file} is not what the command line's definition makes\n\
             line {}: {:?}\n should be: {:?}\n\
             UPDATE=1 cargo test --locked generated    writes it anew",
            same + 1,
            kept.lines().nth(same),
            made.lines().nth(same),
        );
    }
}

/// Compares the completions for `shell` with `file`.
#[track_caller]
fn compare_completions(shell: Shell, file: &str) {
    let mut made = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "clh-tee", &mut made);
    compare(file, &String::from_utf8(made).expect("UTF-8"));
}

/// Returns the section of the man page that lists the options.
fn options_section() -> String {
    let mut made = Vec::new();
    Man::new(Cli::command()).render_options_section(&mut made).expect("write to memory");
    let made = String::from_utf8(made).expect("UTF-8");
    let (_, section) = made.split_once(".SH OPTIONS\n").expect("a section of this name");
    // As man pages have it: a paragraph is a request and no empty line, a
    // sentence ends its line, a value's name is slanted and has no brackets,
    // and the apostrophe needs no string that is defined at the top.
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
    format!(".SH OPTIONS\n{section}")
}

/// Returns the long options that stand in `text`.
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
}

#[test]
fn completions_for_bash() {
    compare_completions(Shell::Bash, "completions/clh-tee.bash");
}

#[test]
fn completions_for_zsh() {
    compare_completions(Shell::Zsh, "completions/_clh-tee");
}

#[test]
fn completions_for_fish() {
    compare_completions(Shell::Fish, "completions/clh-tee.fish");
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
    for file in ["README.md", "CHANGELOG.md", "man/clh-tee.1"] {
        let page = read(file).replace("\\-", "-");
        for option in long_options(&page) {
            assert!(is_known(option) || OF_OTHERS.contains(&option), "{file} names {option}");
        }
    }
}

#[test]
fn man_page_is_that_of_this_version() {
    let version = concat!("\"clh-tee ", env!("CARGO_PKG_VERSION"), "\"");
    assert!(read("man/clh-tee.1").contains(version), "its first line should say {version}");
}
