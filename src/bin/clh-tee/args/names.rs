//! LOG names that cannot be a log's.

use std::path::Path;

use clh_tee::Escaped;

/// Refuses a lock file, a backup of an existing log, and a compressed file.
pub(super) fn fault(log: &Path) -> Option<String> {
    let name = log.file_name()?.to_str()?;
    let shown = Escaped::path(log);
    if name.starts_with(".__") && log.extension().is_some_and(|end| end == "lock") {
        return Some(format!("'{shown}' is a lock file; give the log that it belongs to"));
    }
    let plain = name.strip_suffix(".gz");
    let (base, slot) = plain.unwrap_or(name).rsplit_once('.')?;
    let is_slot = !slot.is_empty() && slot.bytes().all(|byte| byte.is_ascii_digit());
    let base = log.with_file_name(base);
    if is_slot && base.is_file() {
        let base = Escaped::path(&base);
        return Some(format!("'{shown}' is a backup of '{base}'; give '{base}'"));
    }
    let why = "is compressed; a log is plain, and its backups are compressed with --gzip";
    plain.map(|_| format!("'{shown}' {why} (zcat reads it)"))
}
