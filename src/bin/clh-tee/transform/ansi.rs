//! Removes escape sequences: those of ECMA-48 in seven-bit form, which begin with ESC. Crates such
//! as strip-ansi-escapes and anstream also remove other control characters and bytes that are not
//! UTF-8; here no byte outside a sequence changes.

use std::borrow::Cow;

use memchr::memchr;

use super::select::{Pattern, pattern};

const ESC: u8 = 0x1b;

/// A sequence. Its end is always optional: the line may end first, and an invalid byte aborts the
/// sequence, as on a terminal. So no ESC ever remains.
const SEQUENCE: &str = r"(?xs-u) \x1b (?:
    \[ [0-?]* [\x20-/]* [@-~]?                          # CSI: colour, cursor
  | \] [^\x07\x18\x1a\x1b]* (?: \x07 | \x1b\\ )?        # OSC: title, link
  | [PX^_] [^\x18\x1a\x1b]* (?: \x1b\\ )?               # DCS, SOS, PM, APC
  | [\x20-/]+ [0-~]?                                    # character sets
  | [0-~]                                               # all of two bytes
)?";

pub(super) fn sequence() -> Pattern {
    pattern(SEQUENCE).expect("a sound pattern")
}

pub(super) fn strip<'a>(sequence: &Pattern, text: &'a [u8]) -> Cow<'a, [u8]> {
    match memchr(ESC, text) {
        Some(_) => sequence.replace_all(text, &b""[..]),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stripped(text: &str) -> String {
        String::from_utf8(strip(&sequence(), text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn drops_what_programs_send_to_terminals() {
        for (text, left) in [
            ("\x1b[1;31mred\x1b[0m", "red"),
            ("\x1b[38:2::255:0:0mred\x1b[m", "red"),
            ("\x1b[?25l\x1b[2K\x1b[1Gspinner\x1b[?25h", "spinner"),
            ("\x1b[3 qbar cursor", "bar cursor"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]0;title\x1b\\text", "text"),
            ("\x1b]8;;http://a/b\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1bPq#0;2;0;0;0\x1b\\sixel", "sixel"),
            ("\x1b_APC\x1b\\\x1b^PM\x1b\\\x1bXSOS\x1b\\text", "text"),
            ("\x1b(B\x1b)0\x1b#8\x1b%Gcharset", "charset"),
            ("\x1b7saved\x1b8\x1bM\x1bc\x1b=\x1b>", "saved"),
            ("\x1bPtmux;\x1b\x1b]0;title\x07\x1b\\through tmux", "through tmux"),
        ] {
            assert_eq!(stripped(text), left, "{text:?}");
        }
    }

    #[test]
    fn the_end_of_the_line_or_an_invalid_byte_ends_a_sequence() {
        for cut in ["\x1b", "\x1b[", "\x1b[1;3", "\x1b[1 ", "\x1b]0;tit", "\x1bPq", "\x1b("] {
            assert_eq!(stripped(&format!("text{cut}")), "text", "{cut:?}");
        }
        for (text, left) in [
            ("\x1b[31é", "é"),
            ("\x1b[3\r1m", "\r1m"),
            ("\x1b\ttab", "\ttab"),
            ("\x1b\x1b[1mbold", "bold"),
            ("\x1b]0;title\x18text", "\x18text"),
            ("\x1b]0;title\x1b[1mtext", "text"),
        ] {
            assert_eq!(stripped(text), left, "{text:?}");
        }
    }

    fn is_left_of(part: &[u8], whole: &[u8]) -> bool {
        let mut whole = whole.iter();
        part.iter().all(|byte| whole.any(|other| other == byte))
    }

    proptest! {
        #[test]
        fn never_touches_text_without_esc(
            text in prop::collection::vec(any::<u8>().prop_filter("no ESC", |b| *b != ESC), 0..200),
        ) {
            prop_assert_eq!(strip(&sequence(), &text), text.as_slice());
        }

        #[test]
        fn leaves_no_esc_and_makes_nothing_up(
            text in prop::collection::vec(prop_oneof![
                Just(ESC), Just(b'['), Just(b']'), Just(b'P'), Just(b'm'), Just(7), any::<u8>(),
            ], 0..200),
        ) {
            let left = strip(&sequence(), &text).into_owned();
            prop_assert!(memchr(ESC, &left).is_none());
            prop_assert!(is_left_of(&left, &text));
        }
    }
}
