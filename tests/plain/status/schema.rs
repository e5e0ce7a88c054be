//! The JSON output conforms to the schema in `docs`.
//!
//! A small validator in the harness checks every status that these tests print. Python's
//! `jsonschema` verifies that it reads schemas correctly.

use super::*;
use crate::harness::{Peer, fits};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/status.schema.json");

fn schema() -> Value {
    serde_json::from_slice(&fs::read(PATH).expect("read the schema")).expect("JSON")
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
