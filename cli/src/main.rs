//! `tribunal`: argument parsing and nothing else.
fn main() {}
