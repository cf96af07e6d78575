//! The network alone.
