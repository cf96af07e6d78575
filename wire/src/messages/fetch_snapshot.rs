//! FetchSnapshot: a piece of a snapshot of the metadata log (KIP-630).

use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    /// Asks for bytes of a snapshot.
    FetchSnapshotRequest: key 59, versions "0-1", flexible "0+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "0+", nullable "0+", tag 0 = None;
        /// The replica that asks.
        replica_id: i32 | "0+" = -1;
        /// How many bytes the response may have.
        max_bytes: i32 | "0+" = i32::MAX;
        /// The topics.
        topics: Vec<TopicSnapshot> | "0+";
    }

    /// A topic of the request.
    TopicSnapshot {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<PartitionSnapshot> | "0+";
    }

    /// A snapshot of a partition and a position in it.
    PartitionSnapshot {
        /// The partition.
        partition: i32 | "0+";
        /// The epoch that the sender believes in; -1 if it has none.
        current_leader_epoch: i32 | "0+";
        /// The snapshot.
        snapshot_id: SnapshotId | "0+";
        /// The first byte.
        position: i64 | "0+";
        /// The replica's metadata or log directory.
        replica_directory_id: Uuid | "1+", tag 0, ignorable;
    }

    /// A snapshot, by where it ends.
    SnapshotId {
        /// The first offset behind the snapshot.
        end_offset: i64 | "0+";
        /// The epoch.
        epoch: i32 | "0+";
    }

    /// The bytes.
    FetchSnapshotResponse: key 59, versions "0-1", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+", ignorable;
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The topics.
        topics: Vec<TopicSnapshotResponse> | "0+";
        /// Where the leaders that are named can be reached.
        node_endpoints: Vec<NodeEndpoint> | "1+", tag 0;
    }

    /// A topic of the response.
    TopicSnapshotResponse {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<PartitionSnapshotResponse> | "0+";
    }

    /// Bytes of a snapshot.
    PartitionSnapshotResponse {
        /// The partition.
        index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The snapshot.
        snapshot_id: SnapshotId | "0+";
        /// Who leads, if the receiver of this had it wrong.
        current_leader: LeaderIdAndEpoch | "0+", tag 0;
        /// The snapshot's size in bytes.
        size: i64 | "0+";
        /// The first byte.
        position: i64 | "0+";
        /// Bytes of the snapshot; they may begin and end in the middle of a batch.
        unaligned_records: Bytes | "0+", records;
    }

    /// Who leads, and since which epoch.
    LeaderIdAndEpoch {
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
    }

    /// Where a node that leads can be reached.
    NodeEndpoint {
        /// The node.
        node_id: i32 | "1+";
        /// A host name or an address.
        host: Str | "1+";
        /// A TCP port.
        port: u16 | "1+";
    }
}
