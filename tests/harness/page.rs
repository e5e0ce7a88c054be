//! A page of the documentation, and the blocks of it that tests run.
//!
//! Such a fenced block follows a line `<!-- KIND: NAME -->`. The tests take it from the page, so
//! they try exactly what a reader copies.

use std::fs;
use std::path::Path;

/// A page in `docs/`.
pub(crate) struct Page {
    /// The file's name, for messages.
    file: String,
    text: String,
}

impl Page {
    /// Reads `docs/NAME`.
    pub(crate) fn of(name: &str) -> Self {
        let file = format!("docs/{name}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("cannot read {file}: {e}"));
        Self { file, text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the block of this kind and name.
    ///
    /// # Panics
    /// If there is none, or more than one.
    pub(crate) fn block(&self, kind: &str, name: &str) -> String {
        let marker = format!("\n<!-- {kind}: {name} -->\n");
        let mut after = self.text.split(&marker).skip(1);
        let (Some(rest), None) = (after.next(), after.next()) else {
            panic!("{} should have {marker:?} once", self.file);
        };
        let fenced = rest.strip_prefix("```").and_then(|rest| rest.split_once('\n'));
        let (_, body) = fenced.unwrap_or_else(|| panic!("no block follows {marker:?}"));
        let (body, _) = body.split_once("\n```").expect("the block ends");
        format!("{body}\n")
    }

    /// Returns the names of all blocks of this kind, in the page's order.
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let marker = format!("<!-- {kind}: ");
        let name = |line: &str| line.strip_prefix(&marker)?.strip_suffix(" -->").map(str::to_owned);
        self.text.lines().filter_map(name).collect()
    }
}
