//! Recipes for continuous integration and for a container's entry point.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use yaml_rust2::{Yaml, YamlLoader};

use super::kitchen::{Kitchen, ended, expect};

/// What a failing `make` prints: colours and a progress bar.
const MAKE: &str = r"printf '1%%\r2%%\r\033[31mred\033[0m\n'; echo wrong >&2; exit 2";

fn yaml(kitchen: &Kitchen, recipe: &str) -> Yaml {
    let documents = YamlLoader::load_from_str(&kitchen.recipe(recipe)).expect("YAML");
    documents.into_iter().next().expect("one document")
}

/// Returns the text at `key`.
fn text<'a>(of: &'a Yaml, key: &str) -> Option<&'a str> {
    of[key].as_str()
}

/// Asserts that the step failed, that its output was copied unchanged, and that the log has the
/// output without colours and progress bar, each line with its time.
fn check(kitchen: &Kitchen, output: &std::process::Output) {
    let echo = expect(output, 2);
    assert!(echo.contains("2%\r\u{1b}[31mred\u{1b}[0m\n") && echo.contains("wrong\n"), "{echo}");
    let log = kitchen.text("logs/tests.log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("20") && lines[0].ends_with(" red"), "{log}");
    assert!(lines[1].starts_with("20") && lines[1].ends_with(" wrong"), "{log}");
}

#[test]
fn github_step_fails_with_the_tests() {
    let kitchen = Kitchen::fresh();
    kitchen.program("make", MAKE);
    let workflow = yaml(&kitchen, "github");
    let steps = workflow["jobs"]["tests"]["steps"].as_vec().expect("steps");
    let step = steps.iter().find(|step| text(step, "run").is_some()).expect("a step that runs");
    assert_eq!(text(step, "shell"), Some("bash"), "otherwise there is no pipefail");
    // What GitHub runs for `shell: bash`.
    kitchen.place.write("step.sh", text(step, "run").expect("run").as_bytes());
    let mut bash = kitchen.command("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "step.sh"]);
    check(&kitchen, &ended(&mut bash));
    let upload = steps.last().expect("a last step");
    assert_eq!(text(upload, "if"), Some("always()"));
    assert_eq!(text(&upload["with"], "path"), Some("logs"));
}

#[test]
fn gitlab_job_fails_with_the_tests() {
    let kitchen = Kitchen::fresh();
    kitchen.program("make", MAKE);
    let job = &yaml(&kitchen, "gitlab")["tests"];
    let script = job["script"].as_vec().expect("a script");
    let script: Vec<&str> = script.iter().map(|line| line.as_str().expect("a line")).collect();
    check(&kitchen, &kitchen.run("bash", &format!("set -e\n{}", script.join("\n"))));
    assert_eq!(text(&job["artifacts"], "when"), Some("always"));
    assert_eq!(job["artifacts"]["paths"][0].as_str(), Some("logs/"));
}

/// Makes the recipe's entry point, with the log in the test's directory.
fn entry_point(kitchen: &Kitchen) -> std::process::Command {
    kitchen.program("entrypoint.sh", &kitchen.recipe("entrypoint"));
    let mut command = kitchen.command("entrypoint.sh");
    command.env("APP_LOG", kitchen.place.path("volume/app.log"));
    command
}

#[test]
fn entry_point_ends_as_the_program_does() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo \"$1\"; echo two >&2; exit 3");
    let output = ended(entry_point(&kitchen).args(["myapp", "one word"]));
    assert_eq!(expect(&output, 3), "one word\n");
    assert_eq!(kitchen.text("volume/app.log"), "one word\ntwo\n");
}

#[test]
#[ignore = "needs python3"]
fn entry_point_passes_the_signal_on() {
    let kitchen = Kitchen::fresh();
    kitchen.program_with_last_words("myapp");
    let mut child = entry_point(&kitchen).arg("myapp").spawn().expect("start it");
    kitchen.until_holds("volume/app.log", "one\n");
    let first = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    kill(first, Signal::SIGTERM).expect("send a signal");
    assert!(child.wait().expect("wait").success());
    assert_eq!(kitchen.text("volume/app.log"), "one\nlast\n");
}

#[test]
#[ignore = "needs user namespaces and python3"]
fn a_first_process_that_writes_through_a_pipe_keeps_its_last_words() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "seq 20000; echo last; exit 3");
    let script = kitchen.recipe("entrypoint-exec");
    kitchen.place.write("entrypoint.sh", script.as_bytes());
    let mut command = kitchen.command("unshare");
    command.args(["-Urpf", "--mount-proc", "bash", "entrypoint.sh"]).env("APP_LOG", "app.log");
    let copy = expect(&ended(&mut command), 3);
    let log = kitchen.text("app.log");
    assert!(log.ends_with("20000\nlast\n") && copy == log, "{} and {}", log.len(), copy.len());
}

#[test]
fn a_traceback_stays_together() {
    let kitchen = Kitchen::fresh();
    let lines = "2026-11-22 one\n  more of it\nTraceback:\n  at a\nValueError: b\n2026-11-22 two\n";
    kitchen.place.write("lines", lines.as_bytes());
    kitchen.program("myapp", "cat lines");
    // Each record is as long as it may be before the next one.
    let recipe = kitchen.recipe("traceback").replace("10M", "1B").replace("--gzip", "");
    assert_eq!(expect(&kitchen.run("sh", &recipe), 0), "");
    assert_eq!(kitchen.text("app.log.2"), "2026-11-22 one\n  more of it\n");
    assert_eq!(kitchen.text("app.log.1"), "Traceback:\n  at a\nValueError: b\n");
    assert_eq!(kitchen.text("app.log"), "2026-11-22 two\n");
}

#[test]
fn parallel_jobs_are_not_mixed() {
    let kitchen = Kitchen::fresh();
    let all = "until [ \"$(ls begun-* | wc -l)\" = 8 ]; do sleep 0.05; done";
    let script = format!("echo begins; touch begun-$1; {all}; echo ends >&2; [ $1 != 7 ]");
    kitchen.program("run-tests", &script);
    assert_eq!(expect(&kitchen.run("sh", &kitchen.recipe("jobs")), 1), "");
    let log = kitchen.text("tests.log");
    let texts: Vec<&str> =
        log.lines().filter_map(|line| line.split_once(' ')).map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 16, "{log}");
    for pair in texts.chunks(2) {
        let (shard, _) = pair[0].split_once(": begins").expect("a beginning");
        assert_eq!(pair[1], format!("{shard}: ends"), "{log}");
    }
}
