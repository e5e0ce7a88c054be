//! Ctrl-C, which Wine simulates when it gets INT.

use nix::sys::signal::Signal::SIGINT;

use crate::harness::{Place, stays, until};
use crate::{A_WHILE, SOON, started};

#[test]
fn once_leaves_the_end_to_the_input() {
    let place = Place::fresh();
    let mut tee = started(&place, "", "one\n");
    tee.kill(SIGINT);
    stays(A_WHILE, "it runs", || tee.alive());
    tee.feed(b"last words\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\nlast words\n");
    tee.feed(b"torn");
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\nlast words\ntorn\n");
}

#[test]
fn twice_drains() {
    let place = Place::fresh();
    let mut tee = started(&place, "", "one\n");
    tee.kill(SIGINT);
    stays(A_WHILE, "it runs", || tee.alive());
    tee.feed(b"two\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\ntwo\n");
    tee.feed(b"torn");
    tee.kill(SIGINT);
    tee.end_within(SOON).expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\ntwo\ntorn\n");
}
