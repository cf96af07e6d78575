//! FetchSnapshot, API key 59.

use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    FetchSnapshotRequest: key 59, versions "0-1", flexible "0+" {
        cluster_id: Option<Str> | "0+", nullable "0+", tag 0 = None;
        replica_id: i32 | "0+" = -1;
        max_bytes: i32 | "0+" = i32::MAX;
        topics: Vec<TopicSnapshot> | "0+";
    }

    TopicSnapshot {
        name: Str | "0+";
        partitions: Vec<PartitionSnapshot> | "0+";
    }

    PartitionSnapshot {
        partition: i32 | "0+";
        current_leader_epoch: i32 | "0+";
        snapshot_id: SnapshotId | "0+";
        position: i64 | "0+";
        replica_directory_id: Uuid | "1+", tag 0, ignorable;
    }

    SnapshotId {
        end_offset: i64 | "0+";
        epoch: i32 | "0+";
    }

    FetchSnapshotResponse: key 59, versions "0-1", flexible "0+" {
        throttle_time_ms: i32 | "0+", ignorable;
        error_code: i16 | "0+";
        topics: Vec<TopicSnapshotResponse> | "0+";
        node_endpoints: Vec<NodeEndpoint> | "1+", tag 0;
    }

    TopicSnapshotResponse {
        name: Str | "0+";
        partitions: Vec<PartitionSnapshotResponse> | "0+";
    }

    PartitionSnapshotResponse {
        index: i32 | "0+";
        error_code: i16 | "0+";
        snapshot_id: SnapshotId | "0+";
        current_leader: LeaderIdAndEpoch | "0+", tag 0;
        size: i64 | "0+";
        position: i64 | "0+";
        unaligned_records: Bytes | "0+", records;
    }

    LeaderIdAndEpoch {
        leader_id: i32 | "0+";
        leader_epoch: i32 | "0+";
    }

    NodeEndpoint {
        node_id: i32 | "1+";
        host: Str | "1+";
        port: u16 | "1+";
    }
}
