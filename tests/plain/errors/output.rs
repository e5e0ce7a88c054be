//! Output arrives complete on every kind of standard output. One rule covers all errors there: a
//! reader that stops reading is no failure; any other error is reported in the system's words, with
//! status 1.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

/// Modes that print more than the smallest pipe holds.
const ALL: [&str; 4] = ["--read", "--status", "--status --json", "--print-config"];

/// Returns a place with a log, backups, and settings.
fn site() -> Place {
    let place = Place::fresh();
    place.write(".__app.lock", b"");
    place.write("app.log", "a line that is written again and again\n".repeat(5000).as_bytes());
    for slot in 1..300 {
        place.write(&format!("app.log.{slot}"), b"line\n");
    }
    let setting = "\"a pattern that is given again and again\", ".repeat(200);
    place.write("settings.toml", format!("select = [{setting}]\nbackups = 300\n").as_bytes());
    place
}

fn command(place: &Place, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
    command.args(args.split_whitespace()).args(["--config", "settings.toml", "app.log"]);
    command.current_dir(place.dir()).stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Returns a non-blocking standard output and its other end.
fn ends(socket: bool) -> (OwnedFd, File) {
    let (theirs, ours): (OwnedFd, OwnedFd) = if socket {
        let (theirs, ours) = UnixStream::pair().expect("make a pair of sockets");
        (theirs.into(), ours.into())
    } else {
        let (ours, theirs) = io::pipe().expect("make a pipe");
        fcntl(&theirs, FcntlArg::F_SETPIPE_SZ(4096)).expect("make it small");
        (theirs.into(), ours.into())
    };
    fcntl(&theirs, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("set it not to wait");
    (theirs, ours.into())
}

/// Starts the program, and waits until its output is full or it has ended.
fn start_and_fill(mut command: Command, output: OwnedFd) -> Child {
    let copy = output.try_clone().expect("copy a descriptor");
    let mut child = command.stdout(output).spawn().expect("start the program");
    drop(command);
    until(SOON, "its output is full", || {
        let mut room = [PollFd::new(copy.as_fd(), PollFlags::POLLOUT)];
        let full = poll(&mut room, PollTimeout::ZERO).expect("poll") == 0;
        full || child.try_wait().expect("ask for the status").is_some()
    });
    child
}

#[test]
fn is_whole_where_it_is_set_not_to_wait() {
    let place = site();
    for args in ALL {
        let whole = command(&place, args).output().expect("run it");
        for socket in [false, true] {
            let (output, mut other) = ends(socket);
            let child = start_and_fill(command(&place, args), output);
            let mut read = Vec::new();
            other.read_to_end(&mut read).expect("read it");
            let ended = child.wait_with_output().expect("wait for it");
            let told = String::from_utf8_lossy(&ended.stderr);
            assert_eq!((ended.status.code(), &*told), (whole.status.code(), ""), "{args}");
            // The processes that `--status` sees differ from run to run.
            let comparable = args != "--status" && args != "--status --json";
            assert!(!comparable || read == whole.stdout, "{args}: {} bytes", read.len());
            assert!(read.len() > 4096 && read.ends_with(b"\n"), "{args}: {} bytes", read.len());
            assert_eq!(read.starts_with(b"{"), args.ends_with("json"));
        }
    }
}

#[test]
fn a_reader_that_follows_hears_term_there() {
    let place = site();
    for socket in [false, true] {
        let (output, mut other) = ends(socket);
        let child = start_and_fill(command(&place, "--read -f"), output);
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).expect("send a signal");
        let mut read = Vec::new();
        other.read_to_end(&mut read).expect("read it");
        let ended = child.wait_with_output().expect("wait for it");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*told), (Some(0), ""));
        assert!(read.ends_with(b"\n"), "whole lines only");
    }
}

#[test]
fn that_nobody_reads_on_is_no_failure() {
    let place = site();
    for args in ALL.into_iter().chain(["--read -f", "--repair", "--help", "--version"]) {
        let (other, output) = io::pipe().expect("make a pipe");
        drop(other);
        let code = if args == "--read -f" { Some(0) } else { None };
        let whole = code.or_else(|| command(&place, args).output().expect("run it").status.code());
        let ended = command(&place, args).stdout(output).output().expect("run it");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*told), (whole, ""), "{args}");
    }
}

#[test]
fn that_it_takes_nothing_is_said() {
    let place = site();
    for args in ALL.into_iter().chain(["--read -f", "--repair", "--help", "--version"]) {
        let full = File::options().write(true).open("/dev/full").expect("open /dev/full");
        let ended = command(&place, args).stdout(full).output().expect("run it");
        let told = "clh-tee: cannot write to standard output: No space left on device\n";
        assert_eq!(
            (ended.status.code(), &*String::from_utf8_lossy(&ended.stderr)),
            (Some(1), told)
        );
    }
}
