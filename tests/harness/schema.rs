//! A small validator for JSON schemas. It knows the keywords of ours, and panics at any other.

use regex::bytes::Regex;
use serde_json::Value;

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
pub(crate) fn fits(value: &Value, rule: &Value, whole: &Value) -> bool {
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
