//! The controller: decisions about the cluster, as records of the metadata log. Its image is the fold of what it decided.
//!
//! Left out on purpose until there is more than one node: heartbeats and fencing by time, ISR changes, elections among several replicas.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod image;
pub(crate) mod names;
pub(crate) mod placement;
pub(crate) mod registration;

pub(crate) use image::{BROKER_RESOURCE, Image, NO_LEADER, PartitionImage, TOPIC_RESOURCE};

use crate::connections::Reply;
use crate::replicated::Replicated;
use wire::Response;

/// The controller's state machine.
pub(crate) type Controller = Replicated<Image, Answer>;

/// What follows once a proposal is committed.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A request is answered.
    Reply(Reply, Box<Response>),
    /// This broker's registration stands: it may be unfenced.
    Registered,
    /// This broker is unfenced: it serves clients.
    Unfenced,
}
