//! The state of a log as JSON, as described by `docs/status.schema.json`.

use std::path::Path;

use clh_tee::status::{Finding, Harm, LogFile, Opener, Process, Status};
use serde_json::{Value, json};

use super::words::{Words, moment};
use crate::messages::{self, Report};

const SCHEMA: u32 = 1;

pub(super) fn of(status: &Status, report: &Report) -> String {
    let findings = status.findings.iter();
    let value = json!({
        "schema": SCHEMA,
        "path": path(&status.path),
        "healthy": status.is_healthy(),
        "total": status.total,
        "limit": status.limit,
        "kept": status.kept,
        "max_total": status.max_total,
        "max_age": status.max_age.as_secs(),
        "log": status.log.as_ref().map(file),
        "backups": status.backups.iter().map(file).collect::<Vec<_>>(),
        "lock": {
            "path": path(&status.lock.path),
            "exists": status.lock.exists,
            "holder": status.lock.holder.as_ref().map(process),
            "waiting": status.lock.waiting,
            "next_rotation": status.lock.next_rotation.map(moment),
        },
        "openers": status.openers.iter().map(opener).collect::<Vec<_>>(),
        "hidden_processes": status.hidden,
        "others": status.others.iter().map(|other| path(other)).collect::<Vec<_>>(),
        "findings": findings.map(|found| finding(found, status, report)).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn path(path: &Path) -> Value {
    text(path.as_os_str().as_encoded_bytes())
}

fn text(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "bytes": bytes }),
    }
}

fn file(file: &LogFile) -> Value {
    json!({
        "path": path(&file.path),
        "slot": file.slot,
        "stamp": file.stamp,
        "compressed": file.compressed,
        "size": file.size,
        "content": file.content,
        "lines": file.lines,
        "modified": messages::moment(file.modified),
        "first": file.first,
        "last": file.last,
        "mode": format!("{:04o}", file.mode),
        "user": file.owner.0,
        "group": file.owner.1,
    })
}

fn process(process: &Process) -> Value {
    json!({ "pid": process.pid, "user": process.user, "command": text(&process.command) })
}

fn opener(opener: &Opener) -> Value {
    let mut value = process(&opener.process);
    value["log"] = opener.log.into();
    value["lock"] = opener.lock.into();
    value["writes"] = opener.writes.into();
    value
}

fn finding(finding: &Finding, status: &Status, report: &Report) -> Value {
    let words = Words::of(finding, status, report);
    json!({
        "finding": words.name,
        "fault": finding.harm() == Harm::Fault,
        "paths": finding.paths().into_iter().map(path).collect::<Vec<_>>(),
        "what": words.what,
        "means": words.means,
        "do": words.remedy,
    })
}
