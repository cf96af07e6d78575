//! From results to something to read: terminal text, HTML, JUnit and JSON. Pure functions; nothing here writes a file or runs a trial.

pub mod campaign;
pub mod failure;
pub mod list;
pub mod page;
pub mod planted;
pub mod story;
pub mod words;
