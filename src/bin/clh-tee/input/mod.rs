//! The first thread: it reads the input and handles signals.

pub(crate) mod child;
mod command;
mod ending;
pub(crate) mod event_loop;
pub(crate) mod source;
pub(crate) mod spool;
mod waiting;

pub(crate) use self::event_loop::EventLoop;
pub(crate) use self::source::Source;
