//! Decides which logs a section applies to. Only this file uses the crate glob.

use std::path::{self, Path};

use glob::{MatchOptions, Pattern as Glob};

use crate::sys::{NAMES_HAVE_CASE, plain};

/// As in a shell, `*` and `?` do not match `/`; unlike there, they match a leading dot.
const AS_IN_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: NAMES_HAVE_CASE,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Matches a log's absolute path, or its name in any directory. A star does not match a separator,
/// so a pattern without a separator matches no path.
#[derive(Debug)]
pub(super) struct Pattern(Glob);

impl Pattern {
    /// Parses a pattern, which must be an absolute path or a name without a separator.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let is_absolute = Path::new(text).is_absolute();
        if text.is_empty() || (text.contains(path::is_separator) && !is_absolute) {
            return Err(format!(
                "'{text}' is neither an absolute path nor a name; only these say which log is \
                 meant, wherever clh-tee is started"
            ));
        }
        Glob::new(text).map(Self).map_err(|error| {
            format!("'{text}' is no pattern: {} (character {})", error.msg, error.pos + 1)
        })
    }

    pub(super) fn matches(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.0.matches_with(name, AS_IN_A_SHELL))
    }
}

/// Returns the name of a log, its absolute path as given, and, if possible, that path with the
/// links among its directories resolved. Bytes that are not UTF-8 become U+FFFD, which `?` matches.
pub(super) fn names(log: &Path) -> Vec<String> {
    let name = log.file_name().unwrap_or_default();
    // If the working directory is gone, there is none; then opening the log fails, too.
    let absolute = path::absolute(log).ok();
    let directory = absolute.as_deref().and_then(Path::parent);
    let resolved = directory.and_then(|directory| directory.canonicalize().ok());
    let resolved = resolved.map(|directory| plain(directory).join(name));
    let names = [Some(name.into()), absolute, resolved].into_iter().flatten();
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooted(path: &str) -> String {
        match path.strip_prefix('/') {
            Some(rest) if cfg!(windows) => format!("C:\\{rest}"),
            _ => path.to_owned(),
        }
    }

    fn is_meant(pattern: &str, path: &str) -> bool {
        let pattern = Pattern::new(&rooted(pattern)).expect("a pattern");
        pattern.matches(&names(Path::new(&rooted(path))))
    }

    #[test]
    fn a_name_is_meant_anywhere_and_a_star_stays_in_its_directory_but_two_do_not() {
        for (pattern, path, meant) in [
            ("/no/such/*.log", "/no/such/app.log", true),
            ("/no/such/*.log", "/no/such/.app.log", true),
            ("/no/such/*.log", "/no/such/deep/app.log", false),
            ("/no/such/**/*.log", "/no/such/deep/app.log", true),
            ("/no/such/**/*.log", "/no/such/app.log", true),
            ("/no/*/app.log", "/no/such/app.log", true),
            ("/no/such/app.log", "/no/such/app.log", true),
            ("/no/such/app.log", "/no/such/App.log", !NAMES_HAVE_CASE),
            ("/no/such/job[0-9].log", "/no/such/job7.log", true),
            ("/no/such/app.log", "/no/./such//app.log", true),
            ("app.log", "/no/such/app.log", true),
            ("app.log", "app.log", true),
            ("*.log", "logs/app.log", true),
            ("*.log", "app.log.old", false),
            ("app.log", "my-app.log", false),
        ] {
            assert_eq!(is_meant(pattern, path), meant, "{pattern} {path}");
        }
    }

    #[test]
    fn what_depends_on_the_working_directory_is_refused() {
        for text in ["", "logs/app.log", "./app.log", "~/app.log", "*/app.log"] {
            assert!(Pattern::new(text).is_err(), "{text}");
        }
        for text in ["/a/**.log", "app[.log", "***"] {
            let error = Pattern::new(&rooted(text)).expect_err("no pattern");
            assert!(error.contains("no pattern"), "{text}");
        }
    }
}
