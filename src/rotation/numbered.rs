//! Backups by number: the log becomes slot 1, every backup moves up by one.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::file::regular_file;
use crate::names::Form;
use crate::rotation::plan::{Backup, Chain, Found, plan};
use crate::rotation::{Backups, Rotation};

impl Backups {
    /// Plans how the log becomes slot 1.
    pub(crate) fn plan_numbered(&mut self) -> Result<Rotation> {
        let room = plan(&self.chain()?, Some(1), self.options.backups);
        Ok(Rotation { room, backup: self.names.backup(1, Form::Plain) })
    }

    /// Looks which backups there are, newest first. A slot that holds one
    /// generation in both forms loses the plain one first: moved on like two
    /// generations, it would be doubled.
    ///
    /// # Errors
    ///
    /// If a slot's name is taken by what is no regular file, or cannot be
    /// looked at: only "no such file" means that a name is free. If it cannot
    /// be told whether two files are one generation.
    pub(crate) fn chain(&mut self) -> Result<Chain> {
        let mut chain = Chain::new();
        for slot in 1..=self.options.backups {
            let mut found = Vec::new();
            for form in [Form::Plain, Form::Gzip] {
                found.extend(self.look_at(Backup { slot, form })?);
            }
            if found.is_empty() {
                break;
            }
            if found.len() == 2 && self.settle_double(&self.names.backup(slot, Form::Plain))? {
                found.retain(|found| found.backup.form == Form::Gzip);
            }
            // Of two generations in one slot the newer stands first.
            found.sort_by_key(|found: &Found| std::cmp::Reverse(found.modified));
            chain.push(found);
        }
        Ok(chain)
    }

    /// Returns what stands at the name of `backup`, if anything does.
    fn look_at(&self, backup: Backup) -> Result<Option<Found>> {
        let path = self.path(backup);
        let look = || Error::on("look at", &path);
        let Some(metadata) = regular_file(&path)? else {
            return Ok(None);
        };
        let modified = metadata.modified().map_err(look())?;
        Ok(Some(Found { backup, modified }))
    }

    /// Returns the paths of the backups in the chain that are plain only.
    pub(crate) fn plain_numbered(&mut self) -> Result<Vec<PathBuf>> {
        let chain = self.chain()?;
        let alone = chain.iter().filter(|slot| slot.len() == 1).flatten();
        let plain = alone.filter(|found| found.backup.form == Form::Plain);
        Ok(plain.map(|found| self.path(found.backup)).collect())
    }

    /// Returns the path of the newest backup, if there is one.
    pub(crate) fn newest_numbered(&self) -> Option<PathBuf> {
        let paths = [Form::Plain, Form::Gzip].map(|form| self.names.backup(1, form));
        paths.into_iter().find(|path| matches!(regular_file(path), Ok(Some(_))))
    }

    /// Returns the path of `backup`.
    pub(crate) fn path(&self, backup: Backup) -> PathBuf {
        self.names.backup(backup.slot, backup.form)
    }
}
