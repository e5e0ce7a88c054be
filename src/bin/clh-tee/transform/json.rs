//! Records as JSON objects, one per line, as `docs/log.schema.json` describes them.
//!
//! The time comes first, so that it is found at the same place as in other lines. No byte is lost:
//! bytes that are not UTF-8 are U+FFFD in the message, and then the message follows again in
//! base64.

use std::io::Write;
use std::time::SystemTime;

use clh_tee::Escaped;

use super::stamp::{Format, Stamp};

/// The text before the time.
pub(super) const BEFORE_TIME: &str = "{\"time\":\"";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn stamp(utc: bool) -> Stamp {
    Stamp::new(Format::rfc3339(), utc)
}

/// Returns the text between the time and the message: the other members, as far as they are known.
pub(super) fn after_time(texts: &[(&str, Option<&str>)], pid: Option<u32>) -> String {
    let mut out = b"\"".to_vec();
    for (name, text) in texts {
        if let Some(text) = text {
            write!(out, ",\"{name}\":\"").expect("memory takes it");
            escape(text, &mut out);
            out.push(b'"');
        }
    }
    if let Some(pid) = pid {
        write!(out, ",\"pid\":{pid}").expect("memory takes it");
    }
    out.extend_from_slice(b",\"message\":\"");
    String::from_utf8(out).expect("made of text")
}

/// Appends the message with these lines and ends the object.
pub(super) fn end_with<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone, out: &mut Vec<u8>) {
    let mut is_text = true;
    for (number, line) in lines.clone().enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\\n");
        }
        // The usual case. `fold` is faster than `all`: it is vectorised.
        if line.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
            out.extend_from_slice(line);
            continue;
        }
        for chunk in line.utf8_chunks() {
            escape(chunk.valid(), out);
            if !chunk.invalid().is_empty() {
                is_text = false;
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
    out.push(b'"');
    if !is_text {
        out.extend_from_slice(b",\"message_base64\":\"");
        base64(&lines.collect::<Vec<_>>().join(&b'\n'), out);
        out.push(b'"');
    }
    out.push(b'}');
}

/// Returns a line of our own that belongs to no input.
pub(crate) fn note(text: &str, now: SystemTime) -> String {
    let mut line = [BEFORE_TIME, &stamp(true).show(now), &after_time(&[], None)].concat().into();
    end_with([text.as_bytes()].into_iter(), &mut line);
    String::from_utf8(line).expect("made of text") + "\n"
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')
}

/// Escapes what JSON requires and what [`Escaped`] escapes, so that a log can be shown on a
/// terminal.
fn escape(mut text: &str, out: &mut Vec<u8>) {
    while let Some(at) = text.bytes().position(|byte| !is_plain(byte)) {
        out.extend_from_slice(&text.as_bytes()[..at]);
        let mut rest = text[at..].chars();
        match rest.next() {
            Some('\t') => out.extend_from_slice(b"\\t"),
            Some('\r') => out.extend_from_slice(b"\\r"),
            Some(character @ ('"' | '\\')) => {
                out.extend_from_slice(&[b'\\', character as u8]);
            }
            Some(character) if Escaped::escapes(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("memory takes it");
                }
            }
            character => {
                let plain = character.map_or(0, char::len_utf8);
                out.extend_from_slice(&text.as_bytes()[at..at + plain]);
            }
        }
        text = rest.as_str();
    }
    out.extend_from_slice(text.as_bytes());
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    for three in bytes.chunks(3) {
        let byte = |index| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit) & 63) as usize;
            out.push(if digit <= three.len() { ALPHABET[value] } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn object(lines: &[Vec<u8>]) -> Value {
        let mut out = br#"{"message":""#.to_vec();
        end_with(lines.iter().map(Vec::as_slice), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(Escaped::escapes), "{text:?}");
        serde_json::from_str(&text).unwrap()
    }

    /// Decodes base64 as defined in RFC 4648.
    fn decoded(text: &str) -> Vec<u8> {
        let digits = text.trim_end_matches('=').bytes();
        let bits = digits.flat_map(|digit| {
            let value = ALPHABET.iter().position(|other| *other == digit).unwrap();
            (0..6).rev().map(move |bit| u8::from(value >> bit & 1 == 1))
        });
        let bits: Vec<u8> = bits.collect();
        bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = Vec::new();
            base64(text.as_bytes(), &mut out);
            assert_eq!(out, encoded.as_bytes());
        }
    }

    #[test]
    fn what_is_hidden_or_steers_a_terminal_is_escaped() {
        for (text, shown) in [
            ("a \"b\" \\ c", r#"a \"b\" \\ c"#),
            ("\t\r\x1b[31m\x7f", r"\t\r\u001b[31m\u007f"),
            ("\u{9b}\u{202e}\u{200b}", r"\u009b\u202e\u200b"),
            ("déjà € 𝄞", "déjà € 𝄞"),
            ("\u{e0001}", r"\udb40\udc01"),
        ] {
            let mut out = Vec::new();
            escape(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), shown);
        }
    }

    proptest! {
        #[test]
        fn every_text_is_itself(lines in prop::collection::vec("[^\n]*", 1..4)) {
            let bytes: Vec<_> = lines.iter().map(|line| line.clone().into_bytes()).collect();
            prop_assert_eq!(object(&bytes), serde_json::json!({ "message": lines.join("\n") }));
        }

        #[test]
        fn no_byte_is_lost(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..4)) {
            let (object, all) = (object(&lines), lines.join(&b'\n'));
            prop_assert_eq!(object["message"].as_str(), Some(&*String::from_utf8_lossy(&all)));
            let base64 = object.get("message_base64").and_then(Value::as_str);
            prop_assert_eq!(base64.is_some(), str::from_utf8(&all).is_err());
            prop_assert!(base64.is_none_or(|base64| decoded(base64) == all));
        }
    }
}
