//! The examples of README.md and of the guide. Each marked block is run unchanged in a fresh
//! directory. The lines below a command must be what it prints, except for numbers.

use super::kitchen::{Kitchen, ended, expect};
use crate::harness::{Page, Peer};

const PAGES: [&str; 2] = ["../README.md", "guide.md"];

fn example(name: &str) -> String {
    let has = |page: &Page| page.names("readme").iter().any(|other| other == name);
    let page = PAGES.map(Page::of).into_iter().find(has);
    page.unwrap_or_else(|| panic!("no page has the example '{name}'")).block("readme", name)
}

/// Returns a directory with programs of these names, which print who they are.
fn kitchen_with(programs: &[&str]) -> Kitchen {
    let kitchen = Kitchen::fresh();
    for program in programs {
        kitchen.program(program, &format!("echo {program} \"$@\""));
    }
    kitchen
}

/// Returns the lines of `text`, sorted, because a command's two streams may be mixed in any order.
/// Numbers of more than one digit become `#`, and runs of spaces become one.
fn lines_of(text: &str) -> Vec<String> {
    let mut without_numbers = String::new();
    let mut number = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() || c == '.' {
            number.push(c);
            continue;
        }
        let digits = number.chars().filter(char::is_ascii_digit).count();
        without_numbers += if digits > 1 { "#" } else { &number };
        number.clear();
        without_numbers.push(c);
    }
    let one_space = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = without_numbers.trim_end().lines().map(one_space).collect();
    lines.sort();
    lines
}

/// Runs the commands of an example in one shell and compares what they print; `…` stands for any
/// lines. `/etc` and `/var/log` become `.config`.
#[track_caller]
fn converse(kitchen: &Kitchen, name: &str) {
    let here = kitchen.place.path(".config");
    let here = here.to_str().expect("UTF-8");
    let session = example(name).replace("/etc", here).replace("/var/log", here);
    let (commands, shown): (Vec<&str>, Vec<&str>) =
        session.lines().partition(|line| line.starts_with("$ "));
    let script: Vec<&str> = commands.iter().map(|line| &line[2..]).collect();
    let output = kitchen.run("bash", &format!("exec 2>&1\n{}", script.join("\n")));
    let printed = lines_of(&String::from_utf8_lossy(&output.stdout));
    let mut wanted = lines_of(&shown.join("\n"));
    if shown.contains(&"…") {
        wanted.retain(|line| line != "…");
        for line in wanted {
            assert!(printed.contains(&line), "{name}: {line} is not in {printed:#?}");
        }
    } else {
        assert_eq!(printed, wanted, "{name}");
    }
}

#[test]
fn first_pipeline_logs_and_echoes() {
    let kitchen = kitchen_with(&["myapp"]);
    assert_eq!(expect(&kitchen.run("sh", &example("pipeline")), 0), "myapp\n");
    assert_eq!(kitchen.text("app.log"), "myapp\n");
}

#[test]
fn job_of_cron_mails_only_when_it_fails() {
    let kitchen = Kitchen::fresh();
    let line = kitchen.here(&example("cron"), "/usr/local/bin", "bin");
    let line = kitchen.here(&line, "/var/log/", ".").replace("/.backup", "/backup");
    let (_, job) = line.split_once("*  ").expect("a schedule");
    kitchen.program("backup", "echo \"$1 saved\"");
    assert_eq!(expect(&kitchen.run("sh", job), 0), "");
    kitchen.program("backup", "echo no disk; exit 4");
    assert_eq!(expect(&kitchen.run("sh", job), 4), "no disk\n");
    let log = kitchen.text("backup.log");
    for part in ["all saved\n", "no disk\n", "started", "with status 4 after"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn command_ends_as_it_is_shown() {
    converse(&Kitchen::fresh(), "command");
}

#[test]
fn unit_runs_the_program() {
    let kitchen = kitchen_with(&["app"]);
    let unit = kitchen.here(&example("unit"), "/usr/bin", "bin");
    let unit = kitchen.here(&unit, "/var/log/app/", ".").replace("/.app", "/app");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("ExecStart");
    assert_eq!(expect(&kitchen.run("sh", command), 0), "");
    assert_eq!(kitchen.text("app.log"), "app serve\n");
}

#[test]
fn weeks_of_json_are_kept() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo line");
    expect(&kitchen.run("sh", &example("caps")), 0);
    assert!(kitchen.text("app.log").ends_with(",\"message\":\"line\"}\n"));
}

#[test]
fn clock_is_set() {
    let kitchen = kitchen_with(&["backup-db"]);
    expect(&kitchen.run("sh", &example("clock")), 0);
    assert_eq!(kitchen.text("backup.log"), "backup-db\n");
    assert_eq!(kitchen.text(".__backup.lock").len(), 10, "seconds since the epoch");
}

#[test]
fn errors_and_noise_have_logs_of_their_own() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myserver", "echo one; echo ERROR >&2; echo 'GET /healthz'");
    assert_eq!(expect(&kitchen.run("sh", &example("several")), 0), "");
    let logs = ["app.log", "errors.log", "health.log"].map(|log| kitchen.text(log));
    assert_eq!(logs, ["one\nERROR\n", "ERROR\n", "GET /healthz\n"]);
}

#[test]
fn lines_are_dressed_as_shown() {
    let kitchen = Kitchen::fresh();
    kitchen.program("backup", "echo /home: 318 files, 41 MB; echo done");
    converse(&kitchen, "dressed");
}

#[test]
fn build_log_can_be_read() {
    let kitchen = Kitchen::fresh();
    kitchen.program("npm", r"printf '1%%\r2%%\r\033[31m%s\033[0m\n' $1");
    let echo = expect(&kitchen.run("sh", &example("ci")), 0);
    assert_eq!(echo, "1%\r2%\r\u{1b}[31mci\u{1b}[0m\n");
    assert_eq!(lines_of(&kitchen.text("build.log")), ["#:#:# ci"]);
}

#[test]
fn strangers_can_forge_nothing() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myserver", r"printf 'GET /healthz\nGET /\033[2J\rforged\n'");
    expect(&kitchen.run("sh", &example("strangers")), 0);
    let log = kitchen.text("server.log");
    let shown = r" myserver: GET /\x1B[2J\x0Dforged";
    assert!(log.trim_end().to_lowercase().ends_with(&shown.to_lowercase()), "{log}");
    assert_eq!(log.lines().count(), 1);
}

#[test]
#[ignore = "needs root"]
fn status_is_as_shown() {
    let kitchen = Kitchen::fresh();
    let fill = "echo | clh-tee -q app.log
        yes '2026-11-22 16:31:37 line' | head -c 524300 | gzip > app.log.1.gz
        { echo '2026-11-22 16:42:20 line'; yes line | head -c 375240; } > app.log
        echo '2026-11-22 16:50:00 line' >> app.log
        echo line > app.log.rotate.13843000918273645";
    expect(&kitchen.run("sh", fill), 0);
    converse(&kitchen, "status");
}

#[test]
fn log_is_read_from_its_oldest_line() {
    let kitchen = kitchen_with(&[]);
    kitchen.program("my-shipper", "exec head -n 2");
    let fill = "echo 2100-01-01 00:00:00 ERROR 1 | clh-tee -q app.log --max-bytes 1 --gzip
        echo 2100-01-01 00:00:00 ERROR 2 | clh-tee -q app.log --max-bytes 1 --gzip";
    expect(&kitchen.run("sh", fill), 0);
    for line in example("read").lines() {
        let output = ended(kitchen.command("timeout").args(["60", "bash", "-c", line]));
        let lines = "2100-01-01 00:00:00 ERROR 1\n2100-01-01 00:00:00 ERROR 2\n";
        assert_eq!(expect(&output, 0), lines, "{line}");
    }
}

#[test]
#[ignore = "needs python3 with CLH"]
fn python_logs_into_the_same_log() {
    let kitchen = kitchen_with(&["myapp"]);
    expect(&kitchen.run("sh", &example("pipeline")), 0);
    kitchen.place.write("program.py", example("python").as_bytes());
    let peer = Peer::of_version("0.9.31");
    let python = peer.bin().join("python3");
    expect(&ended(kitchen.command(python.to_str().expect("UTF-8")).arg("program.py")), 0);
    assert_eq!(kitchen.text("app.log"), "myapp\none line from Python\n");
}

#[test]
fn settings_are_shown_as_they_are() {
    let kitchen = Kitchen::fresh();
    kitchen.place.write("typo.toml", b"# one\n\n[log.\"app.log\"]\nmax-byts = 1\n");
    let dir = kitchen.place.path(".config");
    std::fs::create_dir(&dir).expect("make a directory");
    let settings = example("config").replace("/var/log", dir.to_str().expect("UTF-8"));
    kitchen.place.write(".config/clh-tee.toml", settings.as_bytes());
    converse(&kitchen, "settings");
}

#[test]
fn every_example_is_tried() {
    let names: Vec<String> = PAGES.iter().flat_map(|page| Page::of(page).names("readme")).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let tried = include_str!("readme.rs").contains(&format!("\"{name}\""));
        assert!(tried, "nothing tries the example '{name}'");
    }
}
