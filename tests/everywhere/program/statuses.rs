//! Exit statuses of `clh-tee` itself.

use super::tee;
use crate::harness::{Place, Tee};

#[test]
fn all_lines_are_in() {
    let place = Place::fresh();
    tee(&place, "").run(b"one\ntwo").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\ntwo\n");
}

#[test]
fn the_input_is_echoed() {
    let place = Place::fresh();
    let ended = Tee::new(&place).arg("app.log").run(b"one\r\ntwo\ntorn");
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"one\r\ntwo\ntorn");
}

#[test]
fn the_log_cannot_be_opened() {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("-q missing/app.log").run(b"");
    ended.expect(1);
    assert!(
        ended.stderr().starts_with("clh-tee: cannot create 'missing"),
        "says: {}",
        ended.stderr()
    );
}

#[test]
fn wrong_usage() {
    for args in ["", "--no-such-option app.log", "--max-bytes much app.log", "app.log extra"] {
        let place = Place::fresh();
        let ended = Tee::new(&place).args(args).run(b"");
        ended.expect(2);
        assert!(ended.stderr().starts_with("clh-tee: "), "says: {}", ended.stderr());
        assert_eq!(place.names(), [""; 0], "nothing was made");
    }
}

#[test]
fn help_and_version() {
    let place = Place::fresh();
    for args in ["--help", "-h", "--version"] {
        let ended = Tee::new(&place).args(args).run(b"");
        ended.expect_quiet_success();
        assert!(String::from_utf8_lossy(&ended.out).contains("clh-tee"));
    }
}

#[test]
fn a_chain_is_rotated_read_and_looked_at() {
    let place = Place::fresh();
    tee(&place, "").run(b"one\n").expect_quiet_success();
    Tee::new(&place).args("--rotate --gzip app.log").run(b"").expect(0);
    tee(&place, "").run(b"two\n").expect_quiet_success();
    let ended = Tee::new(&place).args("--read app.log").run(b"");
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"one\ntwo\n");
    Tee::new(&place).args("--status app.log").run(b"").expect(0);
    Tee::new(&place).args("--repair app.log").run(b"").expect(0);
}
