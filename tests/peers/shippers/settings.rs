//! The settings for shippers that the tests do not run are valid, and name the log itself.

use yaml_rust2::{Yaml, YamlLoader};

use crate::harness::Page;

/// The log in all of them.
const LOG: &str = "/var/log/app/app.log";

/// Collects all texts except keys.
fn texts(of: &Yaml) -> Vec<&str> {
    match of {
        Yaml::String(text) => vec![text],
        Yaml::Array(items) => items.iter().flat_map(texts).collect(),
        Yaml::Hash(entries) => entries.iter().flat_map(|(_, value)| texts(value)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn records_as_json_are_taken_apart_by_members_that_they_have() {
    let page = Page::of("shippers.md");
    let schema = Page::of("log.schema.json");
    for (name, members) in
        [("vector", &["message", "time"][..]), ("loki", &["time", "stream", "message"])]
    {
        let block = page.block("json", name);
        let documents = YamlLoader::load_from_str(&block);
        assert_eq!(documents.unwrap_or_else(|e| panic!("{name}: {e}")).len(), 1);
        for member in members {
            assert!(block.contains(member), "{name}: {member}");
            assert!(schema.text().contains(&format!("\"{member}\": {{")), "{member}");
        }
    }
}

#[test]
fn all_read_the_log_by_its_exact_path() {
    let page = Page::of("shippers.md");
    let names = page.names("shipper");
    let yaml = names.iter().filter(|name| !name.starts_with("rsyslog"));
    assert_eq!(yaml.clone().count(), 5, "{names:?}");
    for name in yaml {
        let documents = YamlLoader::load_from_str(&page.block("shipper", name));
        let documents = documents.unwrap_or_else(|e| panic!("{name}: {e}"));
        let texts: Vec<&str> = documents.iter().flat_map(texts).collect();
        assert!(texts.contains(&LOG), "{name}: {texts:?}");
        let patterns = texts.iter().filter(|text| text.contains(['*', '?', '[']));
        assert!(patterns.clone().all(|p| p.contains("gz")), "{name}: {texts:?}");
    }
}
