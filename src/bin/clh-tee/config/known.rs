//! The known settings. The only user of the crate strsim.

/// How alike two names must be for a guess; clap's number.
const ALIKE: f64 = 0.7;

/// The same for a name that another program may use.
const NEARLY: f64 = 0.9;

/// An option, as a file sees it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: String,
    /// The first is the one to show.
    pub(crate) names: Vec<String>,
    /// `None`: it is for the command line only.
    pub(crate) kind: Option<Kind>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// One text or number. `true` stands for `bare`, and `false` may mean "not given".
    One { bare: Option<String>, may_be_off: bool },
    /// A list of texts.
    Many,
}

pub(super) fn find<'a>(known: &'a [Known], name: &str) -> Option<&'a Known> {
    known.iter().find(|option| option.names.iter().any(|known| known == name))
}

pub(super) fn unknown(known: &[Known], name: &str) -> String {
    let settings = known.iter().filter(|option| option.kind.is_some());
    let names = settings.flat_map(|option| &option.names).map(String::as_str);
    match nearest(&name.replace('_', "-"), names.chain([super::document::SECTIONS]), ALIKE) {
        Some(nearest) => format!("unknown setting '{name}'; did you mean '{nearest}'?"),
        None => format!("unknown setting '{name}'; --print-config shows all"),
    }
}

/// Returns the option that a name is nearly but not quite.
pub(crate) fn misspelt<'a>(known: &'a [Known], name: &str) -> Option<&'a str> {
    let names = known.iter().flat_map(|option| &option.names).map(String::as_str);
    if find(known, name).is_some() { None } else { nearest(name, names, NEARLY) }
}

fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>, alike: f64) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro(name, other);
    let nearest = names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.filter(|nearest| likeness(nearest) > alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Known> {
        let option = |name: &str, kind| Known { id: name.into(), names: vec![name.into()], kind };
        let one = Kind::One { bare: None, may_be_off: false };
        vec![
            option("max-bytes", Some(one.clone())),
            option("max-line", Some(one)),
            option("gzip", Some(Kind::Flag)),
            option("version", None),
        ]
    }

    #[test]
    fn only_the_nearest_name_is_a_guess() {
        for (wrong, right) in [
            ("max-byts", "max-bytes"),
            ("max_line", "max-line"),
            ("maxbytes", "max-bytes"),
            ("gzipp", "gzip"),
            ("logs", "log"),
        ] {
            let message = unknown(&known(), wrong);
            assert_eq!(message, format!("unknown setting '{wrong}'; did you mean '{right}'?"));
        }
        for wrong in ["xyz", "", "version", "\u{1f980}"] {
            assert!(!unknown(&known(), wrong).contains("did you mean"), "{wrong}");
        }
    }
}
