//! Our own private files, and files that belong to others.

use super::*;

#[test]
fn a_private_file_of_no_use_goes() {
    for content in [&gz(b"line\n")[..], b"", b"\x1f\x8b\x08"] {
        let site = Site::new();
        site.put("app.log", "line\n", 5).put("app.log.1", "line\n", 5);
        site.put_bytes(".__app.log.0123456789abcdef.gz", content, 5);
        site.next("").expect_quiet_success();
        site.expect(&[("app.log", "line\nfresh\n"), ("app.log.1", "line\n")]);
    }
}

#[test]
fn a_private_file_whose_maker_lives_is_left_alone() {
    let site = Site::new();
    let name = ".__app.log.0123456789abcdef.gz";
    site.put_bytes(name, b"in the making", 5);
    let maker = File::open(site.0.path(name)).expect("open");
    fs2::FileExt::lock_exclusive(&maker).expect("lock");
    site.next("").expect_quiet_success();
    assert_eq!(fs::read(site.0.path(name)).expect("still there"), b"in the making");
    drop(maker);
    site.next("").expect_quiet_success();
    site.expect(&[("app.log", "fresh\nfresh\n")]);
}

#[test]
fn what_only_looks_similar_is_left_alone() {
    let site = Site::new();
    let strangers = [
        "app.log.rotate",
        "app.log.rotate.",
        "app.log.rotate.1234567",
        "app.log.rotate.12345678x",
        "app.log.rotate.x12345678",
        "app.log.rotate.12345678.gz.gz",
        "app.log.rotate.12345678.bak",
        "app.log.rotate.-12345678",
        "app.log.rotate.١٢٣٤٥٦٧٨",
        "app.log.rotated.12345678",
        "app.logrotate.12345678",
        "xapp.log.rotate.12345678",
        "APP.LOG.rotate.12345678",
        "app.log.0",
        "app.log.01",
        "app.log.1.bak",
        "app.log.1.gz.gz",
        "app.log.-1",
        "app.log.99999999999999999999999",
        "app.log.gz",
        ".__app.log.gz",
        ".__app.log.0123456789ABCDEF.gz",
        ".__app.log.0123456789abcdef",
        ".__app.log.0123456789abcde.gz",
        ".__other.log.0123456789abcdef.gz",
    ];
    // Windows removes a dot from the end of a name.
    let is_name = |name: &&str| cfg!(unix) || !name.ends_with('.');
    let strangers: Vec<&str> = strangers.into_iter().filter(is_name).collect();
    for name in &strangers {
        site.put_bytes(name, b"a stranger's\n", 30);
    }
    site.put("app.log", "log\n", 1);
    for args in ["", "--gzip"] {
        site.next(&format!("{args} --max-bytes 1")).expect_quiet_success();
    }
    for name in &strangers {
        let bytes = fs::read(site.0.path(name)).expect("still there");
        assert_eq!(bytes, b"a stranger's\n", "{name}");
    }
    assert_eq!(site.0.names().len(), strangers.len() + 4, "{}", site.0.listing());
}

#[test]
#[cfg(unix)]
fn what_is_no_regular_file_is_left_alone_and_no_link_is_followed() {
    use std::os::unix::fs::symlink;

    let site = Site::new();
    let path = |name: &str| site.0.path(name);
    site.put_bytes("precious", b"precious\n", 30);
    fs::create_dir(path("app.log.rotate.11111111")).expect("make a directory");
    symlink("precious", path("app.log.rotate.22222222")).expect("make a link");
    symlink("precious", path("app.log.rotate.33333333.gz")).expect("make a link");
    symlink("nowhere", path("app.log.rotate.44444444")).expect("make a link");
    symlink("precious", path(".__app.log.0123456789abcdef.gz")).expect("make a link");
    fs::create_dir(path(".__app.log.1123456789abcdef.gz")).expect("make a directory");
    fifo(&path("app.log.rotate.55555555"));
    fifo(&path(".__app.log.2123456789abcdef.gz"));
    let before = site.0.names();
    site.put("app.log", "log\n", 1);
    for args in ["", "--gzip"] {
        let ended = Tee::new(&site.0)
            .args(&format!("-q {args} --max-bytes 1 app.log"))
            .run(FRESH.as_bytes());
        ended.expect(0);
    }
    assert_eq!(site.0.read("precious"), b"precious\n");
    for name in before {
        let is = fs::symlink_metadata(path(&name)).expect("still there");
        assert!(name == "precious" || !is.is_file(), "{name} is now a file");
    }
    assert_eq!(site.0.chain("app.log"), b"log\nfresh\nfresh\n");
}

#[cfg(unix)]
fn fifo(path: &std::path::Path) {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL");
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o644);
    nix::unistd::mkfifo(path.as_c_str(), mode).expect("make a FIFO");
}

#[test]
fn an_orphan_that_has_no_place_stays_and_costs_nothing() {
    // The last slot is a directory, so nothing can move.
    let site = Site::new();
    fs::create_dir(site.0.path("app.log.2")).expect("make a directory");
    site.put("app.log.1", "one\n", 20).put("app.log.rotate.12345678", "orphan\n", 10);
    let mut tee = Tee::new(&site.0).args("-q --backups 2 --max-bytes 5 app.log").start();
    for _ in 0..5 {
        let before = site.0.read("app.log");
        tee.feed(FRESH.as_bytes());
        let grown = [&before[..], FRESH.as_bytes()].concat();
        until(SOON, "the line is in", || site.0.read("app.log") == grown);
    }
    let told = tee.stderr_so_far();
    assert!(told.contains("cannot use 'app.log.2'"), "{told}");
    fs::remove_dir(site.0.path("app.log.2")).expect("remove the directory");
    stays(Duration::from_millis(1100), "it waits before it tries again", || {
        !site.0.path("app.log.2").exists()
    });
    tee.feed(b"last\n");
    let ended = tee.finish();
    ended.expect(0);
    site.expect(&[
        ("app.log", "last\n"),
        ("app.log.1", &FRESH.repeat(5)),
        ("app.log.2", "orphan\n"),
    ]);
    let stderr = ended.stderr();
    let mut lines: Vec<&str> = stderr.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), stderr.lines().count(), "each told once: {stderr}");
}
