//! A repair does the same as the next writer.

use super::*;
use crate::harness::HeldLock;

/// The line that a writer appends.
const FRESH: &str = "fresh\n";

/// Something to repair: how to make it, the options, and what a repair reports.
type Scene = (&'static str, fn(&Site), &'static [&'static str]);

/// Everything that a repair can find.
const SCENES: [Scene; 11] = [
    ("", |_| {}, &["nothing to do"]),
    ("", |site| site.put("app.log.4.gz", "beyond a gap\n", 9), &["nothing to do"]),
    ("", |site| site.put("app.log", "whole\nto", 1), &["ended the partial last line of 'app.log'"]),
    (
        "",
        |site| site.put_bytes(".__app.log.0123456789abcdef.gz", b"x", 1),
        &["removed '.__app.log.0123456789abcdef.gz'"],
    ),
    ("", |site| site.put("app.log.1", "2026-11-22 12:00:03 three\n", 2), &["removed 'app.log.1'"]),
    (
        "",
        |site| site.put("app.log.1", "another generation\n", 1),
        &["renamed 'app.log.1.gz' to 'app.log.2.gz'", "renamed 'app.log.2.gz' to 'app.log.3.gz'"],
    ),
    (
        "",
        |site| site.put("app.log.rotate.1234567890", "orphan\n", 1),
        &[
            "adopted 'app.log.rotate.1234567890' as backup 1",
            "renamed 'app.log.1.gz' to 'app.log.2.gz'",
            "renamed 'app.log.2.gz' to 'app.log.3.gz'",
        ],
    ),
    (
        "--gzip",
        |site| {
            site.put("app.log.rotate.1234567890", "orphan\n", 9);
            site.put_bytes("app.log.rotate.1234567890.gz", b"partial", 1);
        },
        &[
            "adopted 'app.log.rotate.1234567890' as backup 3",
            "removed 'app.log.rotate.1234567890.gz'",
            "made 'app.log.3.gz'",
        ],
    ),
    (
        "--backups 2",
        |site| site.put("app.log.rotate.1234567890.gz", "orphan\n", 1),
        &[
            "adopted 'app.log.rotate.1234567890.gz' as backup 1",
            "renamed 'app.log.1.gz' to 'app.log.2.gz'",
            "removed 'app.log.2.gz'",
        ],
    ),
    (
        "--backups 2",
        |site| site.put("app.log.rotate.1234567890.gz", "too old\n", 9),
        &["removed 'app.log.rotate.1234567890.gz'"],
    ),
    (
        "",
        |site| fs::remove_file(site.0.path("app.log")).expect("remove a file"),
        &["nothing to do"],
    ),
];

/// Returns all files with their content, decompressed.
fn contents(site: &Site) -> Vec<(String, Vec<u8>)> {
    let content = |name: String| (name.clone(), site.0.read(&name));
    site.0.names().into_iter().map(content).collect()
}

#[test]
fn a_repair_does_what_the_next_writer_does_and_says_it() {
    for (args, make, said) in SCENES {
        let [writer, repaired] = [(); 2].map(|()| {
            let site = Site::healthy();
            make(&site);
            site
        });
        let tee = Tee::new(&writer.0).args(args).args("-q app.log");
        tee.run(FRESH.as_bytes()).expect(0);
        let mut wanted = contents(&writer);
        for (name, content) in &mut wanted {
            if name == "app.log" {
                let length = content.len() - FRESH.len();
                assert_eq!(content.split_off(length), FRESH.as_bytes());
            }
        }
        // A writer creates a missing log; a repair has no line for one.
        wanted.retain(|(name, content)| name != "app.log" || !content.is_empty());

        let ended = repaired.run(&format!("--repair {args}"));
        ended.expect_quiet_success();
        assert_eq!(contents(&repaired), wanted);
        let out = String::from_utf8(ended.out.clone()).expect("text");
        assert_eq!(out.lines().collect::<Vec<_>>(), said);

        let again = repaired.run(&format!("--repair {args}"));
        again.expect_quiet_success();
        assert_eq!(again.out, b"nothing to do\n");
    }
}

#[test]
fn what_cannot_be_mended_is_told_and_the_status_is_1() {
    let site = Site::healthy();
    site.put("app.log.rotate.1234567890", "orphan\n", 1);
    fs::create_dir(site.0.path("app.log.3")).expect("make a directory");
    let before = site.seen();
    let ended = site.run("--repair");
    ended.expect(1);
    assert!(ended.out.is_empty());
    assert_eq!(
        ended.stderr(),
        "clh-tee: warning: cannot use 'app.log.3': it is not a regular file; it stays as it is\n"
    );
    assert_eq!(site.seen(), before);
}

#[test]
fn what_forbids_every_rotation_is_told_where_nothing_else_is_wrong() {
    for (name, args) in [("app.log.1", ""), ("app.log.3.gz", ""), ("app.log.1", "--backups 1")] {
        let site = Site::healthy();
        drop(fs::remove_file(site.0.path("app.log.1.gz")));
        site.put("app.log.1", "line\n", 1);
        drop(fs::remove_file(site.0.path(name)));
        fs::create_dir(site.0.path(name)).expect("make a directory");
        let before = site.seen();
        let ended = site.run(&format!("--repair {args}"));
        ended.expect(1);
        let says = format!("cannot use '{name}': it is not a regular file; it stays as it is");
        assert_eq!(ended.stderr(), format!("clh-tee: warning: {says}\n"));
        assert!(ended.out.is_empty());
        assert_eq!(site.seen(), before);
    }
    // A file beyond the backups to keep does no harm.
    let site = Site::healthy();
    fs::create_dir(site.0.path("app.log.9")).expect("make a directory");
    assert_eq!(site.run("--repair --backups 5").out, b"nothing to do\n");
}

#[test]
fn a_repair_waits_for_the_lock_no_longer_than_it_may() {
    let site = Site::healthy();
    site.put("app.log.rotate.1234567890", "orphan\n", 1);
    let held = HeldLock::take(&site.0.path(".__app.lock"));
    let before = site.seen();
    let ended = site.run("--repair --lock-timeout 100ms");
    ended.expect(1);
    let message = "clh-tee: cannot repair 'app.log': timed out after 100ms waiting for the lock\n";
    assert_eq!(ended.stderr(), message);
    assert_eq!(site.seen(), before);
    drop(held);
    site.run("--repair --lock-timeout 20s").expect_quiet_success();
    assert!(!site.0.path("app.log.rotate.1234567890").exists());
}

#[test]
#[ignore = "needs user namespaces"]
fn what_overlayfs_copies_up_is_renamed() {
    let site = Site::healthy();
    site.put("app.log.rotate.1234567890", "orphan\n", 1);
    for dir in ["u", "w", "m"] {
        fs::create_dir(site.0.path(dir)).expect("make a directory");
    }
    let script = format!(
        "mount -t overlay o -olowerdir=.,upperdir=u,workdir=w m && exec '{}' --repair m/app.log",
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let ended = Tee::new(&site.0).program("unshare").args("-Urm sh -c").arg(script).run(b"");
    ended.expect_quiet_success();
    let said = String::from_utf8_lossy(&ended.out);
    let said: Vec<&str> = said.lines().collect();
    let wanted = [
        "adopted 'm/app.log.rotate.1234567890' as backup 1",
        "renamed 'm/app.log.1.gz' to 'm/app.log.2.gz'",
        "renamed 'm/app.log.2.gz' to 'm/app.log.3.gz'",
    ];
    assert_eq!(said, wanted);
}
