//! Makes control characters and invisible ones visible.

use clh_tee::Escaped;

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// Appends `text` to `out`. Bytes that are not UTF-8, and those of characters that [`Escaped`]
/// escapes, except the tab, become `\xNN`. A backslash stays one backslash, so text without control
/// characters does not change.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    // The usual case. `fold` is faster than `all`: it is vectorised.
    if text.iter().fold(true, |plain, byte| plain & matches!(byte, b'\t' | 0x20..0x7f)) {
        out.extend_from_slice(text);
        return;
    }
    for chunk in text.utf8_chunks() {
        let (valid, mut copied) = (chunk.valid(), 0);
        for (at, control) in valid.match_indices(|c| Escaped::escapes(c) && c != '\t') {
            out.extend_from_slice(&valid.as_bytes()[copied..at]);
            show(control.as_bytes(), out);
            copied = at + control.len();
        }
        out.extend_from_slice(&valid.as_bytes()[copied..]);
        show(chunk.invalid(), out);
    }
}

fn show(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
        out.extend_from_slice(&[b'\\', b'x', high, low]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &[u8]) -> String {
        let mut out = Vec::new();
        escape(text, &mut out);
        String::from_utf8(out).expect("what is no UTF-8 is shown")
    }

    #[test]
    fn shows_what_would_steer_a_terminal_or_is_no_text_and_leaves_the_rest() {
        for (text, shown) in [
            (&b"a\x1b[31mb\r\0\x7f"[..], r"a\x1b[31mb\x0d\x00\x7f"),
            (b"\x07bell\x08back", r"\x07bell\x08back"),
            ("\u{85}next\u{9b}31m".as_bytes(), r"\xc2\x85next\xc2\x9b31m"),
            (b"\xffbad\xc3 torn \xe2\x82", r"\xffbad\xc3 torn \xe2\x82"),
            (b"\xed\xa0\x80", r"\xed\xa0\x80"),
            ("\u{202e}gnp\u{2066}\u{2028}".as_bytes(), r"\xe2\x80\xaegnp\xe2\x81\xa6\xe2\x80\xa8"),
            ("so\u{ad}ft \u{200b}\u{feff}".as_bytes(), r"so\xc2\xadft \xe2\x80\x8b\xef\xbb\xbf"),
        ] {
            assert_eq!(escaped(text), shown, "{text:?}");
        }
        for text in ["", "plain", "a\tb", "déjà vu €𝄞", r"C:\new\x41", "\u{a0}", "❤\u{fe0f}"]
        {
            assert_eq!(escaped(text.as_bytes()), text);
        }
    }

    proptest! {
        #[test]
        fn leaves_no_control_character(text in prop::collection::vec(any::<u8>(), 0..100)) {
            let shown = escaped(&text);
            prop_assert!(!shown.chars().any(|c| Escaped::escapes(c) && c != '\t'), "{:?}", shown);
        }

        #[test]
        fn leaves_printable_text_alone(text in r"\PC*") {
            let text = text.replace(Escaped::escapes, "");
            prop_assert_eq!(escaped(text.as_bytes()), text);
        }
    }
}
