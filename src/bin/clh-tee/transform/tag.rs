//! The tag before each line, which shows where the line comes from.

use anyhow::anyhow;
use clh_tee::{Escaped, reason};

use crate::sys::{host, user};

const PLACEHOLDERS: [&str; 4] = ["pid", "host", "user", "stream"];

/// A text with valid braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(String);

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("give a text such as 'backup[{pid}]'".into());
        }
        if text.chars().any(char::is_control) {
            return Err("control characters are refused".to_owned());
        }
        let template = Self(text.to_owned());
        template.fill_with(|name| {
            let names = || PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ");
            let known = PLACEHOLDERS.contains(&name).then(String::new);
            known.ok_or_else(|| format!("{{{name}}} is not known; there are {}", names()))
        })?;
        Ok(template)
    }

    pub(super) fn fill(&self, pid: u32, stream: &str) -> anyhow::Result<String> {
        self.fill_with(|name| value(name, pid, stream)).map_err(|error| anyhow!(error))
    }

    /// Replaces each name in braces by its `value`.
    fn fill_with(&self, value: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
        let (mut filled, mut rest) = (String::new(), &*self.0);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, (brace, after)) = (&rest[..at], rest[at..].split_at(1));
            filled += before;
            rest = match (brace, after.strip_prefix(brace), after.split_once('}')) {
                (_, Some(after), _) => {
                    filled += brace;
                    after
                }
                ("{", None, Some((name, after))) => {
                    filled += &value(name)?;
                    after
                }
                _ => return Err(format!("'{brace}' stands alone; as itself it is given twice")),
            };
        }
        Ok(filled + rest)
    }
}

pub(super) fn value(name: &str, pid: u32, stream: &str) -> Result<String, String> {
    match name {
        "pid" => Ok(pid.to_string()),
        "host" => host()
            .map(|host| Escaped(host.as_encoded_bytes()).to_string())
            .map_err(|error| format!("cannot find out the host's name: {}", reason(&error))),
        "user" => Ok(Escaped(user().as_bytes()).to_string()),
        _ => Ok(stream.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Template::parse(text).unwrap().fill(7, "err").unwrap()
    }

    #[test]
    fn fills_in_what_stands_in_braces() {
        assert_eq!(filled("backup[{pid}]"), "backup[7]");
        assert_eq!(filled("{pid}{pid} {stream}é"), "77 erré");
        assert_eq!(filled("{{pid}} {{{pid}}}"), "{pid} {7}");
        assert_eq!(filled("plain"), "plain");
        assert!(!filled("{host}").is_empty());
        assert!(!filled("{user}").is_empty());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (text, hint) in [
            ("", "give a text"),
            ("{pdi}", "{pdi} is not known; there are {pid}, {host}, {user}, {stream}"),
            ("{}", "there are {pid}"),
            ("a{pid", "stands alone"),
            ("a}b", "stands alone"),
            ("{pid}}", "stands alone"),
            ("a\nb", "control"),
            ("a\x1b[1m", "control"),
            ("a\tb", "control"),
        ] {
            let why = Template::parse(text).unwrap_err();
            assert!(why.contains(hint), "{text:?}: {why}");
        }
    }
}
