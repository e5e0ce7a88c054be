//! The differences between regular expressions of grep -E and those of the crate regex.

use super::select::Pattern;

/// What needs care: an escaped character, a bracket expression, or the beginning of `{,3}`.
const TOKEN: &str = r"(?-u)\\[\x00-\x7f]|\[\^?\]?(\\[\x00-\x7f]|\[[:.=][^\]]*\]|[^\]])*\]|\{,";

/// The classes of POSIX.
const CLASSES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "xdigit",
];

/// Rewrites `{,3}` as `{0,3}`, and refuses anything else whose meaning would silently differ from
/// grep's.
pub(super) fn as_in_grep(text: &str) -> Result<String, String> {
    let mut written = String::new();
    let mut done = 0;
    let tokens = if text.contains(['[', '{']) {
        Some(Pattern::new(TOKEN).expect("a sound pattern"))
    } else {
        None
    };
    for token in tokens.iter().flat_map(|tokens| tokens.find_iter(text.as_bytes())) {
        written += &text[done..token.start()];
        done = token.end();
        match &text[token.range()] {
            "{," => written += "{0,",
            bracket => {
                written += bracket;
                refuse_classes(bracket)?;
            }
        }
    }
    Ok(written + &text[done..])
}

/// Refuses unknown classes in a bracket expression.
fn refuse_classes(bracket: &str) -> Result<(), String> {
    if bracket.starts_with("[:") && bracket.ends_with(":]") {
        return Err(format!("give [{bracket}]"));
    }
    for part in bracket.get(1..).unwrap_or_default().split('[').skip(1) {
        let name = part.strip_prefix(':').and_then(|part| part.split_once(":]"));
        if let Some((name, _)) = name.filter(|(name, _)| !CLASSES.contains(name)) {
            let known = CLASSES.join(", ");
            return Err(format!("there is no class [:{name}:]; there are {known}"));
        }
        if part.starts_with(['.', '=']) {
            return Err("give the character itself for [.x.] and [=x=]".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::select::pattern;

    #[test]
    fn classes_that_there_are_not_are_refused() {
        for wrong in ["[[:foo:]]", "a[^x[:Alpha:]]", "[[:^alpha:]]", "[[:word:]]"] {
            assert!(pattern(wrong).unwrap_err().contains("there are alnum, alpha"), "{wrong}");
        }
        assert_eq!(pattern("[:digit:]+").unwrap_err(), "give [[:digit:]]");
        assert!(pattern("[[.a.]]").is_err() && pattern("[a[=b=]]").is_err());
        for sound in [r"\[x:foo:]", "[:a]", "[a:]", "[][:digit:]x]", r"[\]:]", "ä[[:alpha:]]{,2}"]
        {
            drop(pattern(sound).map_err(|reason| panic!("{sound}: {reason}")));
        }
    }
}
