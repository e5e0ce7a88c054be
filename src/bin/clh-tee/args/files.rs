//! Options for the mode and the owner of new files.

use clap::Args;

use crate::sys::{NO_OWNERS, Umask, group_id, set_umask, user_id};

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// Mode of new files, such as 640
    ///
    /// A new LOG and a new lock file get it; a backup keeps the mode that it had as LOG. Without
    /// this option a new LOG has the mode of the one that it replaces, and the first one what the
    /// umask leaves. Refused on Windows.
    #[arg(long, value_name = "MODE", value_parser = mode, hide_short_help = true)]
    chmod: Option<u32>,

    /// Owner of new files
    ///
    /// USER and GROUP are names or numbers. Without this option a new LOG keeps the owner of the
    /// one that it replaces, if that is permitted. Refused on Windows.
    #[arg(long, value_name = "USER[:GROUP]", value_parser = owner, hide_short_help = true)]
    pub(super) owner: Option<Owner>,

    /// The umask for new files, such as 027
    ///
    /// A new LOG then has the mode that the umask leaves, not that of the one that it replaces.
    /// --chmod takes precedence. Refused on Windows.
    #[arg(long, value_name = "MASK", value_parser = mask, hide_short_help = true)]
    umask: Option<u32>,
}

type Owner = (u32, Option<u32>);

impl Files {
    pub(super) fn mode(&self) -> Option<u32> {
        self.chmod.or(self.umask.map(|mask| 0o666 & !mask))
    }

    /// Sets the umask if one was given; it applies to directories, too. Returns the old one.
    pub(crate) fn set_umask(&self) -> Option<Umask> {
        self.umask.map(set_umask)
    }
}

fn refused() -> Result<(), String> {
    NO_OWNERS.map_or(Ok(()), |why| Err(why.to_owned()))
}

fn mode(text: &str) -> Result<u32, String> {
    bits(text, 0o200, "640")
}

fn mask(text: &str) -> Result<u32, String> {
    bits(text, 0, "027")
}

/// Parses permission bits; `owner` is the bit for the owner's right to write.
fn bits(text: &str, owner: u32, example: &str) -> Result<u32, String> {
    refused()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let bits = u32::from_str_radix(text, 8).ok().filter(|bits| digits && *bits <= 0o777);
    bits.filter(|bits| bits & 0o200 == owner).ok_or_else(|| {
        format!("give it in octal digits, and let the owner write, such as {example}")
    })
}

fn owner(text: &str) -> Result<Owner, String> {
    refused()?;
    let id = |kind, name: &str, known: fn(&str) -> Option<u32>| {
        // For the system, the highest number means "none".
        let number = || name.parse().ok().filter(|number| *number != u32::MAX);
        known(name).or_else(number).ok_or_else(|| format!("there is no {kind} '{name}'"))
    };
    match text.split_once(':') {
        None => Ok((id("user", text, user_id)?, None)),
        Some((user, group)) => {
            Ok((id("user", user, user_id)?, Some(id("group", group, group_id)?)))
        }
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn neither_modes_nor_owners_are_taken() {
        for refused in [mode("640").err(), mask("027").err(), owner("root").err()] {
            assert!(refused.is_some_and(|why| why.contains("Windows")));
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn modes_and_masks_are_octal_and_let_the_owner_write() {
        for (text, bits) in [("640", 0o640), ("0660", 0o660), ("200", 0o200), ("0777", 0o777)] {
            assert_eq!(mode(text), Ok(bits), "{text}");
        }
        for (text, bits) in [("0", 0), ("027", 0o027), ("077", 0o077)] {
            assert_eq!(mask(text), Ok(bits), "{text}");
        }
        for text in ["", "8", "+640", "-1", "0o640", "1640", "440", "u=rw"] {
            assert!(mode(text).is_err(), "{text}");
        }
        for text in ["", "9", "1000", "277"] {
            assert!(mask(text).is_err(), "{text}");
        }
    }

    #[test]
    fn owners_are_names_or_numbers() {
        assert_eq!(owner("root"), Ok((0, None)));
        assert_eq!(owner("root:root"), Ok((0, Some(0))));
        assert_eq!(owner("12345:23456"), Ok((12345, Some(23456))));
        for text in ["", "root:", ":root", "nobody here", "4294967295", "root:4294967296"] {
            assert!(owner(text).is_err(), "{text}");
        }
    }
}
