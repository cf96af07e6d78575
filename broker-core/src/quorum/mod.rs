//! The metadata quorum (KRaft: KIP-595, pre-vote of KIP-996): pull-based replication of `__cluster_metadata` among static voters.
//!
//! - [`grant`]: pure decisions; [`state`]: what is durable of a node's part; [`role`]: its part, and the log under it;
//! - [`election`]: timeouts, votes, beginnings and ends of epochs;
//! - [`fetch`]: the leader's side and the follower's side of the long poll for metadata;
//! - [`snapshots`]: the image on disk, and the log that begins behind it; [`fetch_snapshot`]: a follower gets it from its leader;
//! - [`load`]: records of the log.
//!
//! A voter answers with its vote, and fetches in an epoch, only once its quorum state is durable; a follower fetches on only when what it
//! has is synced, so that its fetch offset says what is durable there, and the leader counts itself by the same measure. Left out on
//! purpose, until they are built: a quorum that changes (KIP-853), observers.

mod election;
mod fetch;
mod fetch_snapshot;
mod grant;
mod load;
mod role;
mod snapshots;
mod state;

pub(crate) use fetch::ParkedQuorumFetch;
pub(crate) use role::{METADATA, Quorum, QuorumError};
