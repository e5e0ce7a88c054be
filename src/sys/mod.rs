//! The differences between systems, behind the same names everywhere.
//!
//! The rest of the library uses neither nix nor parts of std that only some systems have:
//!
//! ```text
//! unix      every Unix          windows    Windows
//! linux     Linux, in addition  elsewhere  all other systems, in addition
//! ```
//!
//! | | on Unix | on Windows |
//! |---|---|---|
//! | waiting for a lock | the system queues waiters in order | retrying |
//! | a locked file | others can read and remove it | they cannot |
//! | the log, between holds | stays open | is closed |
//! | a file that another process has open | can be renamed | perhaps |
//! | an open file that is removed | loses its name at once | perhaps only when closed |
//! | mode and owner | are inherited, and can be set | do not exist |
//! | identity of a file | device, inode, birth | volume and index |
//!
//! Only Linux reports changes of a log and the holder of a lock, creates files without a name, and
//! can hold files without opening them.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use self::elsewhere as kernel;
pub(crate) use self::kernel::{
    Acl, Locks, Watch, command, is_kernels, is_mount_point, kept, name_file, network, openers,
    unnamed_file, user_of,
};
#[cfg(target_os = "linux")]
use self::linux as kernel;
pub(crate) use self::system::{
    FORBIDDEN, FileExt, IS_A_DIRECTORY, LOCAL_ZONE, LOCK_POLL, LOG_STAYS_OPEN, Metadata, NO_OWNERS,
    NO_SUCH_FILE, NOT_PERMITTED, about, append, born, can_create_in, can_rename, can_write,
    changed, give, groups_of, identity, is_device, is_refused_link, is_socket, is_too_many_open,
    is_unread, is_unsupported, length_at, let_writes_wait, links, lock_options, log_options,
    longest_name, look_at, name_length, options, rights, set_mode, user, with_mode,
};
#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

/// Identifies a file as long as it is open.
pub(crate) type Identity = (u64, u64);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rights {
    pub(crate) mode: u32,
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// Returns the system's text, without the number and, on Windows, without the full stop.
pub(crate) fn reason(number: i32) -> String {
    let words = io::Error::from_raw_os_error(number).to_string();
    let words = words.strip_suffix(&format!(" (os error {number})")).unwrap_or(&words);
    words.trim_end_matches('.').to_owned()
}

/// How often to poll a log if the system does not report its changes.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);
