//! How lines get into the log: at once if the lock is free, or else through a queue that a
//! second thread empties.

mod appender;
mod background;
mod fairness;
pub(crate) mod post_rotate;
pub(crate) mod queue;
pub(crate) mod sink;
pub(crate) mod spooled;
