//! Parses a settings file. Only this file uses the crate toml.
//!
//! ```toml
//! max-bytes = "512K"        # for every log
//!
//! [log."/var/log/jobs/*.log"]
//! gzip = true               # for these
//! ```

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::pattern::Pattern;
use super::{Found, Kind, Known, Section, Setting, known_as, unknown};

pub(super) const SECTIONS: &str = "log";

type Name<'a> = Spanned<DeString<'a>>;
type Value<'a> = Spanned<DeValue<'a>>;

type Entries<'a, 't> = Vec<(&'t Name<'a>, &'t Value<'a>)>;

/// Parses all sections, in order; the settings for every log come first.
pub(crate) fn sections(file: &Found, known: &[Known]) -> Result<Vec<Section>, String> {
    let document = DeTable::parse(&file.text)
        .map_err(|error| file.fault(error.span().map_or(0, |span| span.start), error.message()))?;
    let (tables, settings): (Entries, Entries) =
        in_order(document.get_ref()).into_iter().partition(|(name, _)| *name.get_ref() == SECTIONS);
    let section = |pattern, entries: Entries| -> Result<Section, String> {
        let mut settings: Vec<Setting> = Vec::new();
        for (name, value) in entries {
            let setting =
                Setting { is_own: Option::is_some(&pattern), ..setting(file, known, name, value)? };
            if settings.iter().any(|earlier| earlier.id == setting.id) {
                let fault = format!("'{}' is set here already", name.get_ref());
                return Err(file.fault(name.span().start, &fault));
            }
            settings.push(setting);
        }
        Ok(Section { pattern, settings })
    };
    let mut sections = vec![section(None, settings)?];
    for (name, sections_of_table) in tables {
        for (name, entries) in table(file, name, sections_of_table)? {
            let entries = table(file, name, entries)?;
            let pattern = Pattern::new(name.get_ref())
                .map_err(|fault| file.fault(name.span().start, &fault))?;
            sections.push(section(Some(pattern), entries)?);
        }
    }
    Ok(sections)
}

fn table<'a, 't>(
    file: &Found,
    name: &Name<'_>,
    value: &'t Value<'a>,
) -> Result<Entries<'a, 't>, String> {
    let fault = "this takes sections, as in [log.\"app.log\"]";
    let table = value.get_ref().as_table().map(in_order);
    table.ok_or_else(|| file.fault(name.span().start, fault))
}

fn in_order<'a, 't>(table: &'t DeTable<'a>) -> Entries<'a, 't> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn setting(
    file: &Found,
    known: &[Known],
    name: &Name<'_>,
    value: &Value<'_>,
) -> Result<Setting, String> {
    let (at, value_at, text) = (name.span().start, value.span().start, name.get_ref());
    let Some(option) = known_as(known, text) else {
        let fault = if value.get_ref().is_table() {
            format!("unknown section '{text}'; a log's is [log.\"NAME\"], with the quotes")
        } else {
            unknown(known, text)
        };
        return Err(file.fault(at, &fault));
    };
    let Some(kind) = &option.kind else {
        return Err(file.fault(at, &format!("'{text}' is for the command line only")));
    };
    let values = texts(kind, value.get_ref())
        .map_err(|fault| file.fault(value_at, &format!("'{text}' takes {fault}")))?;
    let ((origin, _), (line, column)) = (file.place(at), file.place(value_at));
    let (id, name) = (option.id.clone(), option.names[0].clone());
    let value_at = format!("{line}:{column}");
    Ok(Setting { id, name, is_own: false, values, origin, value_at })
}

/// Returns the texts that `value` means, or, as an error, what the setting accepts.
fn texts(kind: &Kind, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    match (kind, value) {
        (Kind::Flag, DeValue::Boolean(yes)) => Ok(vec![yes.to_string()]),
        (Kind::Flag, _) => Err("true or false"),
        (Kind::One { may_be_off: true, .. }, DeValue::Boolean(false)) => Ok(Vec::new()),
        (Kind::One { bare: Some(bare), .. }, DeValue::Boolean(true)) => Ok(vec![bare.clone()]),
        (Kind::One { .. }, value) => Ok(vec![text(value, "one text or number")?]),
        (Kind::Many, DeValue::Array(values)) => {
            values.iter().map(|value| text(value.get_ref(), "a list of texts")).collect()
        }
        (Kind::Many, value) => Ok(vec![text(value, "a list of texts")?]),
    }
}

/// Returns the text as on the command line, or, as an error, what is `wanted`.
fn text(value: &DeValue<'_>, wanted: &'static str) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        // A mode is 640, not 0o640: the digits count, not the value.
        DeValue::Integer(_) => Err("digits without a prefix, as on the command line"),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Datetime(time) => Ok(time.to_string()),
        DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => Err(wanted),
    }
}

/// Returns a text as a TOML value: a number bare, anything else in quotes.
pub(crate) fn value(text: &str) -> String {
    if text.parse::<i64>().is_ok_and(|number| number.to_string() == text) {
        return text.to_owned();
    }
    let quoted = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        _ if character.is_control() => format!("\\u{:04X}", u32::from(character)),
        _ => character.to_string(),
    });
    format!("\"{}\"", quoted.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Known> {
        let known = [
            ("flag", Some(Kind::Flag)),
            ("one", Some(Kind::One { bare: None, may_be_off: false })),
            ("other", Some(Kind::One { bare: Some("rfc3339".into()), may_be_off: true })),
            ("many", Some(Kind::Many)),
            ("never", None),
        ];
        let known = known.map(|(id, kind)| Known { id: id.into(), names: vec![id.into()], kind });
        known.into()
    }

    fn file(text: &str) -> Found {
        Found { path: "f".into(), text: text.to_owned() }
    }

    fn first(text: &str) -> Result<Vec<String>, String> {
        Ok(sections(&file(text), &known())?[0].settings[0].values.clone())
    }

    #[test]
    fn values_are_what_stands_on_the_command_line() {
        for (text, values) in [
            ("flag = true", &["true"][..]),
            ("flag = false", &["false"]),
            ("one = \"512K\"", &["512K"]),
            ("one = 'C:\\n'", &["C:\\n"]),
            ("one = 4_096", &["4096"]),
            ("one = -1", &["-1"]),
            ("one = 2.5", &["2.5"]),
            ("one = 03:30:00", &["03:30:00"]),
            ("other = true", &["rfc3339"]),
            ("other = false", &[]),
            ("many = []", &[]),
            ("many = \"a\"", &["a"]),
            ("many = [\"a\", 7,\n \"b\"]", &["a", "7", "b"]),
        ] {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            assert_eq!(first(text), Ok(values), "{text}");
        }
    }

    #[test]
    fn what_an_option_does_not_take_is_refused_where_it_stands() {
        for (text, fault) in [
            ("flag = \"yes\"", "8: 'flag' takes true or false"),
            ("one = true", "7: 'one' takes one text or number"),
            ("one = [1]", "7: 'one' takes one text or number"),
            ("one = {a = 1}", "7: 'one' takes one text or number"),
            ("one = 0o640", "7: 'one' takes digits without a prefix, as on the command line"),
            ("many = [[1]]", "8: 'many' takes a list of texts"),
            ("never = 1", "1: 'never' is for the command line only"),
            ("log = 1", "1: this takes sections, as in [log.\"app.log\"]"),
        ] {
            assert_eq!(first(text), Err(format!("f:1:{fault}")), "{text}");
        }
    }

    #[test]
    fn sections_keep_the_order_of_the_file() {
        let text = "log.\"z.log\".one = 1\none = 0\n[log.\"b.log\"]\none = 2\nflag = true\n\
                    [log.\"a.log\"]\none = 3";
        let sections = sections(&file(text), &known()).expect("it is right");
        let firsts = sections.iter().map(|section| &*section.settings[0].values[0]);
        assert_eq!(firsts.collect::<Vec<_>>(), ["0", "1", "2", "3"]);
        assert_eq!(sections[2].settings[1].origin, "f:5");
        assert_eq!(sections[2].settings[1].value_at, "f:5:8");
    }

    #[test]
    fn places_are_counted_in_characters() {
        let text = "a\n\u{e9}\u{1f980}b\n";
        let place = |offset| file(text).place(offset);
        assert_eq!(place(text.find('b').expect("it is there")), ("f:2".to_owned(), 3));
        assert_eq!(place(text.len()), ("f:3".to_owned(), 1));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "\\PC*|[\\x00-\\x7f\\x80-\\xa0]*|-?[0-9]{1,20}") {
            let document = format!("one = {}", value(&text));
            proptest::prop_assert_eq!(document.lines().count(), 1);
            proptest::prop_assert_eq!(first(&document), Ok(vec![text]));
        }
    }
}
