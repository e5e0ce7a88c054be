//! Which logs a section is about. The one place that knows glob.

use std::path::{self, Path};

use glob::{MatchOptions, Pattern as Glob};

use crate::sys::{NAMES_HAVE_CASE, plain};

/// `*` and `?` do not cross a `/`, as in a shell; hidden files are nothing
/// special, for a log's lock and backups are never asked about.
const AS_IN_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: NAMES_HAVE_CASE,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Says which logs are meant.
#[derive(Debug)]
pub(super) enum Pattern {
    /// Those whose absolute path is like this.
    Path(Glob),
    /// Those whose name is like this, wherever they are.
    Name(Glob),
}

/// A log, as patterns see it. What is not UTF-8 in its path is like `?`.
#[derive(Debug)]
pub(super) struct Target {
    /// Its absolute path as it was given, and with the links resolved that
    /// are among its directories, if these can be found.
    paths: Vec<String>,
    /// Its name.
    name: String,
}

impl Pattern {
    /// Reads a pattern: an absolute path, or a name without a separator.
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

    /// Tells whether `target` is meant.
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
    /// Looks at where `log` is.
    pub(super) fn new(log: &Path) -> Self {
        let name = log.file_name().unwrap_or_default();
        // A log that has no place, for want of a working directory, has no
        // path that a pattern could be like; opening it will fail too.
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

    /// Makes `path` what is absolute on this system.
    fn rooted(path: &str) -> String {
        match path.strip_prefix('/') {
            Some(rest) if cfg!(windows) => format!("C:\\{rest}"),
            _ => path.to_owned(),
        }
    }

    /// Tells whether a log at `path` is meant by `pattern`.
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
