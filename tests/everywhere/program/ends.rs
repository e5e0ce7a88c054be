//! Line ends: kept as they are, or made `\r\n`.

use super::tee;
use crate::harness::Place;

#[test]
fn are_kept() {
    let place = Place::fresh();
    tee(&place, "").run(b"one\r\ntwo\n\r\n\n\0\x1a\xff\n").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\r\ntwo\n\r\n\n\0\x1a\xff\n");
}

#[test]
fn are_two_bytes_if_asked_for() {
    let place = Place::fresh();
    tee(&place, "--crlf").run(b"one\ntwo\ntorn").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\r\ntwo\r\ntorn\r\n");
}
