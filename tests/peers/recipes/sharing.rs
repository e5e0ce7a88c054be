//! Python and shell jobs on one log; several users on one log.

use super::kitchen::{Kitchen, ended, expect};
use crate::harness::{Peer, mode, needs_root};

#[test]
#[ignore = "needs python3 with CLH"]
fn python_and_shell_jobs_share_a_log() {
    let peer = Peer::of_version("0.9.31");
    let kitchen = Kitchen::fresh();
    for job in ["fetch", "pack", "send"] {
        let script = format!("for n in $(seq 0 999); do echo \"{job}: item $n\"; done");
        kitchen.program(job, &script);
    }
    kitchen.place.write("worker.py", kitchen.recipe("python").as_bytes());
    let python = peer.bin().join("python3");
    let mut worker = kitchen.command(python.to_str().expect("UTF-8"));
    let mut worker = worker.arg("worker.py").spawn().expect("start Python");
    expect(&kitchen.run("sh", &kitchen.recipe("python-jobs")), 0);
    assert!(worker.wait().expect("wait for Python").success());

    let chain = String::from_utf8(kitchen.place.chain("app.log")).expect("UTF-8");
    for writer in ["fetch: ", "pack: ", "send: ", " worker: "] {
        let lines: Vec<&str> =
            chain.lines().filter_map(|l| Some(l.split_once(writer)?.1)).collect();
        let all: Vec<String> = (0..1000).map(|n| format!("item {n}")).collect();
        assert_eq!(lines, all, "the lines of{writer}");
    }
    assert_eq!(chain.lines().count(), 4000);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn each_python_environment_says_which_version_it_has() {
    for version in ["0.9.20", "0.9.31"] {
        let (peer, kitchen) = (Peer::of_version(version), Kitchen::fresh());
        let python = peer.bin().join("python3");
        let recipe = kitchen.recipe("python-version");
        let recipe = recipe.replace("python3", python.to_str().expect("UTF-8"));
        let output = kitchen.run("sh", &recipe);
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("Version: {version}\n"));
    }
}

#[test]
#[ignore = "needs root"]
fn several_users_share_a_log() {
    needs_root();
    let kitchen = Kitchen::fresh();
    let once = kitchen.here(&kitchen.recipe("users-once"), "/var/log/shared", "shared");
    expect(&kitchen.run("sh", &once), 0);
    let each = kitchen.here(&kitchen.recipe("users-each"), "/var/log/shared", "shared");
    // With this limit, each of them rotates what the others wrote.
    let each = each.replace("64K", "1");
    let users = ["65534", "2", "1", "65534", "2"];
    for user in users {
        let mut command = kitchen.command("setpriv");
        command.args(["--reuid", user, "--regid", "65534", "--groups", "100"]);
        expect(&ended(command.args(["sh", "-c", &each])), 0);
    }
    let lines = users.map(|user| format!("{user} was here\n")).concat();
    assert_eq!(kitchen.text("shared/app.log.4"), "65534 was here\n");
    for name in [".__app.lock", "app.log", "app.log.1", "app.log.4"] {
        assert_eq!(mode(&kitchen.place.path("shared").join(name)), 0o660, "{name}");
    }
    let chain =
        kitchen.run("sh", "cd shared && cat app.log.4 app.log.3 app.log.2 app.log.1 app.log");
    assert_eq!(expect(&chain, 0), lines);
}
