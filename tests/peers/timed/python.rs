//! A Python peer that carries out orders.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::harness::Peer;

/// A Python process with any number of writers.
pub(crate) struct Python {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start() -> Self {
        let mut command = Peer::of_version("0.9.31").script("timed.py");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start Python");
        let orders = child.stdin.take().expect("stdin is a pipe");
        let answers = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Self { child, orders, answers }
    }

    /// Sends an order and waits until it is done.
    #[track_caller]
    pub(crate) fn order(&mut self, words: &[&str]) {
        let order = words.join("\t") + "\n";
        self.orders.write_all(order.as_bytes()).expect("tell Python");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("hear from Python");
        assert_eq!(answer, "ok\n", "{words:?}");
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.child.kill().expect("end Python");
        self.child.wait().expect("wait for Python");
    }
}
