//! The settings that there are. The one place that knows strsim.

/// How alike two names must be for one to be meant by the other; what clap
/// takes for names on the command line.
const ALIKE: f64 = 0.7;

/// How alike a name that might be anybody's must be to one of ours.
const NEARLY: f64 = 0.9;

/// An option, as far as a file has to do with it.
#[derive(Debug)]
pub(crate) struct Known {
    /// What the program knows it as.
    pub(crate) id: String,
    /// Its names, the one to be shown first.
    pub(crate) names: Vec<String>,
    /// What it takes; nothing if it is for the command line only.
    pub(crate) kind: Option<Kind>,
}

/// What a setting takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// One text or number.
    One {
        /// The text that `true` stands for.
        bare: Option<String>,
        /// Whether `false` means that it is not given.
        may_be_off: bool,
    },
    /// A list of texts.
    Many,
}

/// Returns the option of this name.
pub(super) fn find<'a>(known: &'a [Known], name: &str) -> Option<&'a Known> {
    known.iter().find(|option| option.names.iter().any(|known| known == name))
}

/// Says that there is no such setting, and which one might be meant.
pub(super) fn unknown(known: &[Known], name: &str) -> String {
    let settings = known.iter().filter(|option| option.kind.is_some());
    let names = settings.flat_map(|option| &option.names).map(String::as_str);
    match nearest(&name.replace('_', "-"), names.chain([super::document::SECTIONS]), ALIKE) {
        Some(nearest) => format!("unknown setting '{name}'; did you mean '{nearest}'?"),
        None => format!("unknown setting '{name}'; --print-config shows all"),
    }
}

/// Returns the option that is meant, if the name is nearly one's, but none's.
pub(crate) fn misspelt<'a>(known: &'a [Known], name: &str) -> Option<&'a str> {
    let names = known.iter().flat_map(|option| &option.names).map(String::as_str);
    if find(known, name).is_some() { None } else { nearest(name, names, NEARLY) }
}

/// Returns which of the `names` is most like this one, if it is `alike`.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>, alike: f64) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro(name, other);
    let nearest = names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.filter(|nearest| likeness(nearest) > alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a few options.
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
    fn the_nearest_name_is_told() {
        for (wrong, right) in [
            ("max-byts", "max-bytes"),
            ("max_line", "max-line"),
            ("maxbytes", "max-bytes"),
            ("gzipp", "gzip"),
            ("logs", "log"),
        ] {
            let told = unknown(&known(), wrong);
            assert_eq!(told, format!("unknown setting '{wrong}'; did you mean '{right}'?"));
        }
    }

    #[test]
    fn what_is_like_no_setting_gets_no_guess() {
        for wrong in ["xyz", "", "version", "\u{1f980}"] {
            assert!(!unknown(&known(), wrong).contains("did you mean"), "{wrong}");
        }
    }
}
