//! What programs that use the library may rely on: appending in a child process, writing in pieces,
//! and reading line by line.
#![cfg(unix)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, Read, Write, pipe};
use std::process;
use std::time::Duration;

use clh_tee::{LogReader, RotatingLog};
use fork::{Fork, fork};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn a_child_takes_turns_with_its_parent() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("app.log");
    let mut log = RotatingLog::options().open(&path)?;
    log.append(b"before\n")?;
    let (mut go, mut ready) = pipe()?;
    let (mut answer, mut answers) = pipe()?;
    let Ok(Fork::Parent(child)) = fork().inspect(|fork| {
        if matches!(fork, Fork::Child) {
            let mut run = || -> Outcome {
                go.read_exact(&mut [0])?;
                let excluded = log.try_hold()?.is_none()
                    && log.hold_within(Duration::from_millis(10))?.is_none();
                answers.write_all(&[0])?;
                log.append(b"child\n")?;
                if excluded { Ok(()) } else { Err("it had the lock too".into()) }
            };
            process::exit(i32::from(run().is_err()));
        }
    }) else {
        panic!("cannot fork");
    };
    let mut ours = log.hold()?;
    ready.write_all(&[0])?;
    answer.read_exact(&mut [0])?;
    ours.append(b"parent\n")?;
    ours.finish()?;
    let ended = waitpid(Pid::from_raw(child), None)?;
    assert!(matches!(ended, WaitStatus::Exited(_, 0)), "{ended:?}");
    assert_eq!(fs::read_to_string(&path)?, "before\nparent\nchild\n");
    Ok(())
}

#[test]
fn a_hold_that_rotates_often_keeps_few_files_open() -> Outcome {
    let dir = tempfile::tempdir()?;
    let options = RotatingLog::options().max_bytes(512).backups(2000);
    let mut log = options.open(dir.path().join("app.log"))?;
    let mut hold = log.hold()?;
    hold.append(&[&[b'x'; 63][..], b"\n"].concat().repeat(8 * 256))?;
    let open = fs::read_dir("/dev/fd")?.count();
    assert!(open < 150, "{open} files are open after 255 rotations");
    Ok(hold.finish()?)
}

#[test]
fn lines_are_whole_however_they_are_written() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("app.log");
    let options = RotatingLog::options().max_bytes(64).backups(1000).gzip(Some(6));
    let mut other = options.clone().open(&path)?;
    let mut log = options.open(&path)?.into_writer();
    for number in 0..100 {
        write!(log, "line ")?;
        other.append(format!("other {number}").as_bytes())?;
        writeln!(log, "{number}\nand another")?;
    }
    write!(log, "the end")?;
    drop(log);
    let lines: Vec<String> = LogReader::options().open(&path)?.lines().collect::<Result<_, _>>()?;
    let expected = (0..100)
        .flat_map(|n| [format!("other {n}"), format!("line {n}"), "and another".to_owned()]);
    let expected: Vec<String> = expected.chain(["the end".to_owned()]).collect();
    assert_eq!(lines, expected);
    Ok(())
}

#[test]
fn what_makes_no_sense_is_an_error() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("app.log");
    for (options, why) in [
        (RotatingLog::options().gzip(Some(10)), "levels"),
        (RotatingLog::options().mode(Some(0o1000)), "permission bits"),
        (
            RotatingLog::options()
                .schedule(Some(clh_tee::Schedule::new(clh_tee::When::Day).interval(0))),
            "interval",
        ),
    ] {
        let error = options.open(&path).expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
    assert_eq!(fs::read_dir(dir.path())?.count(), 0);
    Ok(())
}
