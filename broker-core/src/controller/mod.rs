//! The controller: decisions about the cluster, as records of the metadata log. Its image is the fold of what it decided.
//!
//! - [`image`]: the fold; [`snapshot`]: the fold as records; [`kept`]: what it only keeps;
//! - [`create`], [`delete`], [`placement`], [`names`]: topics;
//! - [`registration`], [`membership`], [`sessions`]: brokers that come, go, and are heard from;
//! - [`change`], [`isr`]: what becomes of a partition, and what leaders may ask for;
//! - [`requests`]: what other nodes ask.
//!
//! Left out on purpose, until they are built: reassignment, preferred elections, log directories that fail one by one, a shutdown that
//! waits until all others have the metadata of it (Kafka's `controlledShutdownOffset`).

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod image;
pub(crate) mod isr;
mod kept;
pub(crate) mod membership;
pub(crate) mod names;
pub(crate) mod placement;
pub(crate) mod registration;
pub(crate) mod requests;
pub(crate) mod sessions;
mod snapshot;

pub(crate) use image::{BROKER_RESOURCE, Image, NO_LEADER, PartitionImage, TOPIC_RESOURCE};

use crate::connections::Reply;
use crate::peers::Ask;
use crate::replicated::Replicated;
use wire::Response;

/// The controller's state machine.
pub(crate) type Controller = Replicated<Image, Answer>;

/// Who asked the controller for something.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Somebody at the other end of a connection.
    Remote(Reply),
    /// The broker of this node.
    Local(Ask),
}

/// What is to be answered once a proposal is committed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) caller: Caller,
    pub(crate) response: Box<Response>,
}
