//! The first thread, which reads the input and handles signals.

pub(crate) mod child;
mod command;
mod ending;
mod event_loop;
mod group;
mod source;
mod spool;
mod waiting;

pub(crate) use self::event_loop::EventLoop;
pub(crate) use self::source::Source;
