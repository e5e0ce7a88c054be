//! Random cases: settings, and which writer does what at which time.

use crate::harness::Dice;

/// Zones, each with instants near a change of its clock; and some without a change.
const ZONES: [(&str, &[i64]); 8] = [
    ("Europe/Berlin", &[1_774_746_000, 1_792_890_000]),
    ("America/New_York", &[1_772_953_200, 1_793_512_800]),
    ("Australia/Lord_Howe", &[1_775_314_800, 1_791_041_400]),
    ("America/St_Johns", &[1_772_947_800, 1_793_507_400]),
    ("CET-1CEST,M3.5.0,M10.5.0/3", &[1_774_746_000, 1_792_890_000]),
    ("Asia/Kolkata", &[1_782_907_200]),
    ("Asia/Kathmandu", &[1_772_323_200]),
    ("UTC", &[1_798_761_600]),
];

/// All units, in either case.
pub(crate) const UNITS: [&str; 12] =
    ["S", "m", "H", "d", "MIDNIGHT", "w0", "W1", "W2", "W3", "W4", "W5", "W6"];

/// The settings of all writers.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) zone: &'static str,
    pub(crate) when: &'static str,
    /// The interval, in units.
    pub(crate) interval: i64,
    /// The time of day, if there is one.
    pub(crate) at: Option<String>,
    /// Whether times are in UTC.
    pub(crate) utc: bool,
    /// How many backups to keep; 0 keeps all.
    pub(crate) backups: usize,
    /// The limit in bytes; 0 is none.
    pub(crate) max_bytes: usize,
    /// Whether to compress backups.
    pub(crate) gzip: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The clock is set to this time.
    Time(i64),
    /// A writer starts.
    Start(usize),
    /// A writer gets this line.
    Line(usize, String),
    Stop(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The settings of all writers.
    pub(crate) settings: Settings,
    /// The log and the lock file that exist beforehand, if any.
    pub(crate) before: (Option<&'static str>, Option<&'static str>),
    pub(crate) events: Vec<Event>,
}

impl Settings {
    /// Returns random settings with this unit.
    fn random(dice: &mut Dice, when: &'static str, zone: &'static str) -> Self {
        let daily = when.len() > 1;
        let at = (daily && dice.one_in(2)).then(|| {
            let times = ["00:00", "01:30", "02:00", "02:30:15", "12:00", "23:59:59"];
            (*dice.pick(&times)).to_owned()
        });
        let max_bytes = if dice.one_in(3) { 60 + dice.below(100) } else { 0 };
        let backups = match dice.below(3) {
            0 => 0,
            // If both size and time rotate and some backups of an interval are gone, CLH no longer
            // knows which backups are its newest.
            _ if max_bytes > 0 => 60,
            _ => 1 + dice.below(4),
        };
        let interval = *dice.pick(&[1, 1, 1, 2, 3, 10]);
        let (utc, gzip) = (dice.one_in(4), dice.one_in(2));
        Self { zone, when, interval, at, utc, backups, max_bytes, gzip }
    }

    /// Returns the approximate length of an interval in seconds.
    fn period(&self) -> i64 {
        let unit = match self.when.to_ascii_uppercase().as_str() {
            "S" => 1,
            "M" => 60,
            "H" => 3600,
            "D" | "MIDNIGHT" => 86_400,
            _ => 7 * 86_400,
        };
        unit * self.interval
    }

    /// Returns the program's options.
    pub(crate) fn options(&self) -> String {
        let Self { when, interval, backups, max_bytes, .. } = self;
        let at = self.at.as_ref().map(|at| format!("--at-time {at}"));
        let flags = [(self.utc, "--utc"), (self.gzip, "--gzip")];
        let flags = flags.iter().filter(|(given, _)| *given).map(|(_, option)| *option);
        let given: Vec<&str> = at.as_deref().into_iter().chain(flags).collect();
        format!(
            "-q --when {when} --interval {interval} --backups {backups} --max-bytes {max_bytes} {}",
            given.join(" ")
        )
    }

    /// Returns the settings as words for the Python script.
    pub(crate) fn words(&self) -> Vec<String> {
        let flag = |flag: bool| u8::from(flag).to_string();
        vec![
            self.when.to_owned(),
            self.interval.to_string(),
            self.at.clone().unwrap_or_default(),
            flag(self.utc),
            self.backups.to_string(),
            self.max_bytes.to_string(),
            flag(self.gzip),
        ]
    }
}

impl Case {
    /// Returns a random case: two writers that come and go near a clock change.
    pub(crate) fn random(dice: &mut Dice, when: &'static str) -> Self {
        let (zone, changes) = *dice.pick(&ZONES);
        let settings = Settings::random(dice, when, zone);
        let period = settings.period();
        let back = i64::try_from(dice.below(12)).expect("a small number");
        let mut now = *dice.pick(changes) - back * period.min(86_400 * 2) / 4;
        let mut events = vec![Event::Time(now)];
        let mut running = [false; 2];
        for number in 0..10 + dice.below(14) {
            let writer = dice.below(2);
            if !running[writer] {
                events.push(Event::Start(writer));
                running[writer] = true;
            } else if dice.one_in(6) {
                events.push(Event::Stop(writer));
                running[writer] = false;
            } else {
                let length = 5 + dice.below(40);
                let line = format!("line {number} of {writer} {}", "x".repeat(length));
                events.push(Event::Line(writer, line));
            }
            let step = [0, 0, 1, 1, period / 3, period / 2, period - 1, period, period + 1];
            now += match dice.below(12) {
                9 => 3600,
                10 => 4 * period + 7,
                11 => 86_400,
                index => step[index],
            };
            events.push(Event::Time(now));
        }
        events.extend((0..2).filter(|writer| running[*writer]).map(Event::Stop));
        let log = *dice.pick(&[None, None, Some(""), Some("a line of before\n")]);
        let lock =
            *dice.pick(&[None, None, Some(""), Some("no time"), Some("1600000000"), Some("86400")]);
        Self { settings, before: (log, lock), events }
    }
}
