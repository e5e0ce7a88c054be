//! Systems other than Linux: the names that `linux` documents, where nothing is known and nothing
//! can be done.
#![expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "Linux uses them")]

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{Identity, Metadata, WATCH_INTERVAL};

#[derive(Debug)]
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn begin(_: &Path, _: &OsStr) -> Self {
        Self
    }

    pub(crate) fn renew(&mut self, _: &Path) -> bool {
        false
    }

    pub(crate) fn turn_to(&mut self, _: Option<&File>) {}

    pub(crate) fn wait(&mut self, most: Duration) {
        thread::sleep(WATCH_INTERVAL.min(most));
    }

    pub(crate) fn begun(&mut self) -> Option<u64> {
        None
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acl(std::convert::Infallible);

impl Acl {
    pub(crate) fn of(_: &File) -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn at(_: &Path) -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn set(_: Option<&Self>, _: &File) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn group(&self) -> u32 {
        match self.0 {}
    }

    pub(crate) fn with_group_within(self, _: u32) -> Self {
        match self.0 {}
    }
}

#[derive(Debug, Default)]
pub(crate) struct Locks;

impl Locks {
    pub(crate) fn read() -> Self {
        Self
    }

    pub(crate) fn holder(&self, _: &Metadata) -> Option<u32> {
        None
    }

    pub(crate) fn waiting(&self, _: &Metadata) -> u64 {
        0
    }
}

pub(crate) fn openers(_: [(&Path, Option<Identity>); 2]) -> Vec<(u32, Option<[Option<bool>; 2]>)> {
    Vec::new()
}

pub(crate) fn command(_: u32) -> Vec<u8> {
    Vec::new()
}

pub(crate) fn user_of(_: u32) -> Option<u32> {
    None
}

pub(crate) fn is_kernels(_: &Path) -> bool {
    false
}

pub(crate) fn network(_: &Path) -> Option<&'static str> {
    None
}

pub(crate) fn is_mount_point(_: &Path) -> bool {
    false
}

pub(crate) fn unnamed_file(_: &OpenOptions, _: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn name_file(_: &File, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn kept(_: &Path) -> Option<File> {
    None
}
