//! A crontab in a recipe, run as cron would run it.

use super::kitchen::{Kitchen, ended};

/// The commands of a crontab, and what cron would mail.
pub(crate) struct Crontab {
    /// Where the commands run.
    pub(crate) kitchen: Kitchen,
    /// The `PATH` that the table sets.
    path: String,
    pub(crate) commands: Vec<String>,
}

impl Crontab {
    /// Reads the table in a recipe; `/var/log` becomes `log` in its directory.
    pub(crate) fn of(recipe: &str) -> Self {
        let kitchen = Kitchen::fresh();
        let table = kitchen.here(&kitchen.recipe(recipe), "/usr/local/bin", "bin");
        let table = table.replace("/var/log", kitchen.place.path("log").to_str().expect("UTF-8"));
        let path = table.lines().find_map(|line| line.strip_prefix("PATH=")).expect("a PATH");
        let is_job = |line: &&str| line.starts_with(|c: char| c == '*' || c.is_ascii_digit());
        let command = |line: &str| line.splitn(6, ' ').nth(5).expect("five fields").to_owned();
        let commands: Vec<String> = table.lines().filter(is_job).map(command).collect();
        assert!(commands.iter().all(|c| !c.contains('%')), "cron ends a command at a percent sign");
        Self { path: path.to_owned(), commands, kitchen }
    }

    /// Runs all commands one after another; returns what they print.
    pub(crate) fn run(&self) -> String {
        self.commands.iter().map(|command| self.mail_of(command)).collect()
    }

    /// Runs one command; returns what it prints.
    pub(crate) fn mail_of(&self, command: &str) -> String {
        let mut shell = self.kitchen.command("env");
        let home = format!("HOME={}", self.kitchen.place.dir().display());
        let path = format!("PATH={}", self.path);
        shell.args(["-i", &home, &path, "SHELL=/bin/sh", "LOGNAME=me", "/bin/sh", "-c"]);
        let output = ended(shell.arg(command));
        [output.stdout, output.stderr]
            .map(|said| String::from_utf8_lossy(&said).into_owned())
            .concat()
    }
}
