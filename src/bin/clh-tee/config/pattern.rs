//! Which logs a section is about. The only user of the crate glob.

use std::path::{self, Path};

use glob::{MatchOptions, Pattern as Glob};

use crate::sys::{NAMES_HAVE_CASE, plain};

/// `*` and `?` do not match `/`, as in a shell; but they match a leading dot.
const AS_IN_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: NAMES_HAVE_CASE,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

#[derive(Debug)]
pub(super) enum Pattern {
    /// Matches the absolute path.
    Path(Glob),
    /// Matches the name, in any directory.
    Name(Glob),
}

/// A log. What is not UTF-8 in its path becomes U+FFFD, which `?` matches.
#[derive(Debug)]
pub(super) struct Target {
    /// Its absolute path as given, and with the links among its directories resolved, if possible.
    paths: Vec<String>,
    name: String,
}

impl Pattern {
    /// Parses a pattern: an absolute path, or a name without a separator.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let is_absolute = Path::new(text).is_absolute();
        if text.is_empty() || (text.contains(path::is_separator) && !is_absolute) {
            return Err(format!(
                "'{text}' is neither an absolute path nor a name; only these say which log is \
                 meant, wherever clh-tee is started"
            ));
        }
        let glob = Glob::new(text).map_err(|error| {
            format!("'{text}' is no pattern: {} (character {})", error.msg, error.pos + 1)
        })?;
        Ok(if is_absolute { Self::Path(glob) } else { Self::Name(glob) })
    }

    pub(super) fn matches(&self, target: &Target) -> bool {
        match self {
            Self::Name(glob) => glob.matches_with(&target.name, AS_IN_A_SHELL),
            Self::Path(glob) => {
                target.paths.iter().any(|path| glob.matches_with(path, AS_IN_A_SHELL))
            }
        }
    }
}

impl Target {
    pub(super) fn new(log: &Path) -> Self {
        let name = log.file_name().unwrap_or_default();
        // It has none if the working directory is gone; then opening the log fails too.
        let absolute = path::absolute(log).ok();
        let directory = absolute.as_deref().and_then(Path::parent);
        let resolved = directory.and_then(|directory| directory.canonicalize().ok());
        let resolved = resolved.map(|directory| plain(directory).join(name));
        let paths = absolute.into_iter().chain(resolved);
        Self {
            paths: paths.map(|path| path.to_string_lossy().into_owned()).collect(),
            name: name.to_string_lossy().into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes `path` absolute on Windows too.
    fn rooted(path: &str) -> String {
        match path.strip_prefix('/') {
            Some(rest) if cfg!(windows) => format!("C:\\{rest}"),
            _ => path.to_owned(),
        }
    }

    fn is_meant(pattern: &str, path: &str) -> bool {
        let pattern = Pattern::new(&rooted(pattern)).expect("a pattern");
        pattern.matches(&Target::new(Path::new(&rooted(path))))
    }

    #[test]
    fn a_star_stays_in_its_directory_and_two_do_not() {
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
        ] {
            assert_eq!(is_meant(pattern, path), meant, "{pattern} {path}");
        }
    }

    #[test]
    fn a_name_is_meant_anywhere() {
        for (pattern, path, meant) in [
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
            assert!(
                Pattern::new(&rooted(text)).is_err_and(|error| error.contains("no pattern")),
                "{text}"
            );
        }
    }
}
