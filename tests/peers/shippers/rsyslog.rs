//! Two rsyslogd, set up as in `docs/shippers.md`: one reads the log; the other receives its lines
//! over RELP and stores them in a file.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Page, Place, until};

/// How long a daemon may take to start or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// One rsyslogd. It is killed when this is dropped.
struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts one with the settings in `name.conf`; its output goes to `name.err`.
    fn start(place: &Place, name: &str) -> Self {
        let err = fs::File::options().create(true).append(true).open(file(place, name, "err"));
        let mut command = Command::new("/usr/sbin/rsyslogd");
        command.arg("-n").arg("-i").arg(file(place, name, "pid"));
        command.arg("-f").arg(file(place, name, "conf"));
        command.stdin(Stdio::null()).stderr(err.expect("open a file for stderr"));
        let child = command.spawn().unwrap_or_else(|e| {
            panic!("cannot run {command:?}: {e}; Debian's packages are rsyslog and rsyslog-relp")
        });
        Self { child }
    }

    /// Stops it as a service manager does and waits for its end.
    fn stop(mut self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("send a signal");
        until(PATIENCE, "rsyslogd ends", || !self.alive());
    }

    fn alive(&mut self) -> bool {
        self.child.try_wait().expect("ask for the status").is_none()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.alive() {
            self.child.kill().expect("kill rsyslogd");
            self.child.wait().expect("wait for rsyslogd");
        }
    }
}

fn file(place: &Place, name: &str, end: &str) -> PathBuf {
    place.path(&format!("{name}.{end}"))
}

/// Both daemons, and what has arrived.
pub(crate) struct Shipping<'a> {
    /// The directory of both, with the log `app.log`.
    place: &'a Place,
    /// The daemon that reads the log, unless it is stopped.
    sender: Option<Daemon>,
    /// The daemon that receives the lines.
    receiver: Daemon,
    /// The file of received lines.
    arrived: fs::File,
    /// How many of its lines have been counted.
    count: usize,
}

impl<'a> Shipping<'a> {
    /// Starts both, with the page's settings.
    pub(crate) fn start(place: &'a Place) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("find a free port");
        let port = free.local_addr().expect("a local address").port();
        drop(free);
        for (name, marker) in [("sender", "rsyslog-sender"), ("receiver", "rsyslog-receiver")] {
            configure(place, name, marker, port);
        }
        fs::File::create(place.path("arrived")).expect("make a file");
        let receiver = Daemon::start(place, "receiver");
        until(PATIENCE, "the receiver listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let arrived = fs::File::open(place.path("arrived")).expect("open a file");
        let mut shipping = Self { place, sender: None, receiver, arrived, count: 0 };
        shipping.start_sender();
        shipping
    }

    pub(crate) fn start_sender(&mut self) {
        self.sender = Some(Daemon::start(self.place, "sender"));
    }

    pub(crate) fn stop_sender(&mut self) {
        self.sender.take().expect("the sender runs").stop();
    }

    /// Returns how many lines have arrived so far.
    pub(crate) fn arrived(&mut self) -> usize {
        let mut more = Vec::new();
        self.arrived.read_to_end(&mut more).expect("read what arrived");
        self.count += memchr::memchr_iter(b'\n', &more).count();
        self.count
    }

    pub(crate) fn until_arrived(&mut self, count: usize) {
        until(PATIENCE, &format!("{count} lines arrive"), || self.arrived() >= count);
    }

    /// Stops both, which sends what is pending, and returns all lines that have arrived.
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.stop_sender();
        self.receiver.stop();
        let all = fs::read_to_string(self.place.path("arrived")).expect("read what arrived");
        all.lines().map(str::to_owned).collect()
    }
}

/// Writes a daemon's settings: the page's, with this test's paths and port.
fn configure(place: &Place, name: &str, marker: &str, port: u16) {
    let work = place.path(&format!("{name}-work"));
    fs::create_dir(&work).expect("make a directory");
    let own = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let mut text = Page::of("shippers.md").block("shipper", marker);
    let here = [
        ("/var/spool/rsyslog", own(work)),
        ("/var/log/app/app.log", own(place.path("app.log"))),
        ("/var/log/collected/app.log", own(place.path("arrived"))),
        ("logs.example.com", "127.0.0.1".to_owned()),
        ("2514", port.to_string()),
    ];
    for (there, here) in here {
        text = text.replace(there, &here);
    }
    fs::write(file(place, name, "conf"), text).expect("write the settings");
}
