//! The JSON output conforms to the schema in `docs`.
//!
//! A small validator checks every status that these tests print. It knows the keywords of our
//! schema and panics at any other. Python's `jsonschema` verifies that it reads them correctly.

use regex::bytes::Regex;

use super::*;
use crate::harness::Peer;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/status.schema.json");

fn schema() -> Value {
    serde_json::from_slice(&fs::read(PATH).expect("read the schema")).expect("JSON")
}

/// Returns whether `value` has the type that a schema calls `name`.
fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the schema has the type '{other}'"),
    }
}

/// Returns whether `value` conforms to `rule`, a part of the schema `whole`.
fn fits(value: &Value, rule: &Value, whole: &Value) -> bool {
    let rules = rule.as_object().expect("a schema is an object");
    let properties = rule["properties"].as_object();
    rules.iter().all(|(keyword, limit)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" => true,
        "$ref" => {
            let pointer = limit.as_str().expect("a name").trim_start_matches('#');
            fits(value, whole.pointer(pointer).expect("it leads somewhere"), whole)
        }
        "type" => match limit {
            Value::Array(names) => names.iter().any(|n| is_a(value, n.as_str().expect("a name"))),
            name => is_a(value, name.as_str().expect("a name")),
        },
        "const" => value == limit,
        "enum" => limit.as_array().expect("a list").contains(value),
        "oneOf" => {
            let of = limit.as_array().expect("a list").iter();
            of.filter(|rule| fits(value, rule, whole)).count() == 1
        }
        "required" => value.as_object().is_none_or(|object| {
            let names = limit.as_array().expect("a list").iter();
            names.map(|n| n.as_str().expect("a name")).all(|name| object.contains_key(name))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            let known = limit.as_object().expect("an object");
            object.iter().all(|(name, v)| known.get(name).is_none_or(|rule| fits(v, rule, whole)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            assert_eq!(limit, &Value::Bool(false));
            object.keys().all(|name| properties.is_some_and(|known| known.contains_key(name)))
        }),
        "items" => {
            value.as_array().is_none_or(|items| items.iter().all(|item| fits(item, limit, whole)))
        }
        "minimum" => value.as_i64().is_none_or(|number| Some(number) >= limit.as_i64()),
        "maximum" => value.as_i64().is_none_or(|number| Some(number) <= limit.as_i64()),
        "minLength" => value
            .as_str()
            .is_none_or(|text| u64::try_from(text.chars().count()).ok() >= limit.as_u64()),
        "pattern" => value.as_str().is_none_or(|text| {
            let pattern = format!("(?-u){}", limit.as_str().expect("a pattern"));
            Regex::new(&pattern).expect("a pattern").is_match(text.as_bytes())
        }),
        other => panic!("the schema has the keyword '{other}'"),
    })
}

/// Asserts that all of these conform to the schema.
#[track_caller]
pub(super) fn expect_valid(looks: &[Value]) {
    let schema = schema();
    for look in looks {
        assert!(fits(look, &schema, &schema), "it does not fit the schema: {look:#}");
    }
}

/// Returns copies of `value`, each with one part made wrong.
fn spoilt(value: &Value) -> Vec<Value> {
    let mut all = vec![Value::from(-1), Value::from("x"), Value::Null, Value::Bool(true)];
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let with = |v: Option<Value>| {
                    let mut copy = object.clone();
                    copy.remove(name);
                    copy.extend(v.map(|v| (name.clone(), v)));
                    Value::Object(copy)
                };
                all.push(with(None));
                all.extend(spoilt(inner).into_iter().map(|v| with(Some(v))));
            }
            let mut more = object.clone();
            more.insert("more".to_owned(), Value::Null);
            all.push(Value::Object(more));
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate().take(2) {
                let with = |v| {
                    let mut copy = items.clone();
                    copy[index] = v;
                    Value::Array(copy)
                };
                all.extend(spoilt(inner).into_iter().map(with));
            }
        }
        _ => {}
    }
    all
}

#[test]
#[ignore = "needs python3 and PyPI"]
fn an_independent_reader_of_schemas_agrees() {
    let site = Site::healthy();
    site.put("app.log.4.gz", "line\n", 4);
    let (_held, _open) = (
        HeldLock::take(&site.0.path(".__app.lock")),
        fs::File::open(site.0.path("app.log")).expect("open the log"),
    );
    let (_, look) = site.look("--count");
    let schema = schema();
    let mut documents = spoilt(&look);
    documents.push(look);
    let mut command = Peer::with("jsonschema", "4.17.3").script("schema.py");
    command.arg(PATH).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("start Python");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines = documents.clone();
    let feeder = thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").expect("feed Python");
        }
    });
    let output = child.wait_with_output().expect("wait for Python");
    feeder.join().expect("feed Python");
    assert!(output.status.success(), "{}", output.status);
    let theirs = String::from_utf8(output.stdout).expect("text");
    assert_eq!(theirs.lines().count(), documents.len(), "all were looked at");
    assert!(theirs.ends_with("True\n"), "the look itself fits");
    let mut fit = 0;
    for (document, theirs) in documents.iter().zip(theirs.lines()) {
        let ours = fits(document, &schema, &schema);
        assert_eq!(if ours { "True" } else { "False" }, theirs, "{document:#}");
        fit += usize::from(ours);
    }
    assert!(documents.len() > 300 && fit < documents.len() / 3, "{fit} of {}", documents.len());
}
