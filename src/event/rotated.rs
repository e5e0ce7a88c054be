//! A backup that a rotation of ours made, and where it is later.
//!
//! Any writer's rotation moves a numbered backup up, so it is found by its identity, not its
//! name. No lock is needed: a chain shifts from its end, so a search from slot 1 upwards meets
//! every backup, though a slot or two may be empty for a moment.

use std::path::PathBuf;

use crate::file::file_id;
use crate::names::{self, Form, Names};
use crate::sys;

/// How many empty slots in a row end the chain.
const GAP: u64 = 8;

/// A rotation of ours, and the backup it made.
#[derive(Debug, Clone)]
pub struct Rotated {
    pub(crate) identity: u64,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In one of so many slots.
    Slots(Names, u64),
    /// At this path, or compressed beside it.
    Plain(PathBuf),
}

impl Rotated {
    /// Returns where the backup is now; `None` if it was removed or has a name that no backup
    /// has. It may move at any moment.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Plain(plain) => self.among(&[names::compressed(plain), plain.clone()]).ok(),
            Place::Slots(names, backups) => {
                let mut empty = 0;
                for slot in 1..=*backups {
                    let forms = [Form::Gzip, Form::Plain];
                    match self.among(&forms.map(|form| names.backup(slot, form))) {
                        Ok(path) => return Some(path),
                        Err(0) => empty += 1,
                        Err(_) => empty = 0,
                    }
                    if empty > GAP {
                        break;
                    }
                }
                None
            }
        }
    }

    /// Returns the path at which the backup is, or how many others exist.
    fn among(&self, paths: &[PathBuf]) -> Result<PathBuf, usize> {
        let mut others = 0;
        for path in paths {
            if let Ok(metadata) = sys::look_at(path) {
                if metadata.is_file() && file_id(&metadata) == self.identity {
                    return Ok(path.clone());
                }
                others += 1;
            }
        }
        Err(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_backup_is_found_wherever_it_has_moved() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let names = Names::new(&path("app.log")).unwrap();
        fs::write(path("app.log.1"), "one").unwrap();
        let identity = file_id(&sys::look_at(&path("app.log.1")).unwrap());
        let rotated = Rotated { identity, place: Place::Slots(names, 5) };
        assert_eq!(rotated.path(), Some(path("app.log.1")));
        // A gap, as in the middle of a shift.
        fs::rename(path("app.log.1"), path("app.log.4")).unwrap();
        fs::write(path("app.log.2.gz"), "two").unwrap();
        assert_eq!(rotated.path(), Some(path("app.log.4")));
        fs::rename(path("app.log.4"), path("app.log.6")).unwrap();
        assert_eq!(rotated.path(), None, "it has left the chain");
    }
}
