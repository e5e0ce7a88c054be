//! The tag before each line, which says where the line is from.

use anyhow::Context;
use clh_tee::Escaped;

use crate::sys::{host, user};

const PLACEHOLDERS: [(&str, Part); 4] =
    [("pid", Part::Pid), ("host", Part::Host), ("user", Part::User), ("stream", Part::Stream)];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Pid,
    Host,
    User,
    Stream,
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("give a text such as 'backup[{pid}]'".into());
        }
        if text.chars().any(char::is_control) {
            return Err("control characters are refused".to_owned());
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, (brace, after)) = (&rest[..at], rest[at..].split_at(1));
            parts.push(Part::Text(before.to_owned()));
            parts.push(match (brace, after.strip_prefix(brace), after.split_once('}')) {
                (_, Some(after), _) => {
                    rest = after;
                    Part::Text(brace.to_owned())
                }
                ("{", None, Some((name, after))) => {
                    rest = after;
                    Part::of(name)?
                }
                _ => return Err(format!("'{brace}' stands alone; as itself it is given twice")),
            });
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    pub(super) fn fill(&self, pid: u32, stream: &str) -> anyhow::Result<String> {
        self.0.iter().map(|part| part.fill(pid, stream)).collect()
    }
}

impl Part {
    fn of(name: &str) -> Result<Self, String> {
        let known = PLACEHOLDERS.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, part)| part).ok_or_else(|| {
            let names = PLACEHOLDERS.map(|(name, _)| format!("{{{name}}}")).join(", ");
            format!("{{{name}}} is not known; there are {names}")
        })
    }

    fn fill(&self, pid: u32, stream: &str) -> anyhow::Result<String> {
        Ok(match self {
            Self::Text(text) => text.clone(),
            Self::Pid => pid.to_string(),
            Self::Host => {
                let host = host().context("cannot find out the host's name")?;
                Escaped(host.as_encoded_bytes()).to_string()
            }
            Self::User => Escaped(user().as_bytes()).to_string(),
            Self::Stream => stream.to_owned(),
        })
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
