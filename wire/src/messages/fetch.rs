//! Fetch: what consumers read, followers replicate and the metadata quorum pulls, with fetch sessions (KIP-227) and
//! diverging epochs (KIP-595).

use crate::codec::empty;
use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    /// Asks for record batches from given offsets on.
    FetchRequest: key 1, versions "4-18", flexible "12+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "12+", nullable "12+", tag 0, ignorable = None;
        /// The follower; -1 for a consumer.
        replica_id: i32 | "0-14" = -1;
        /// Who the follower is.
        replica_state: ReplicaState | "15+", tag 1;
        /// How long to wait for `min_bytes`, in milliseconds.
        max_wait_ms: i32 | "0+";
        /// How many bytes are worth an answer.
        min_bytes: i32 | "0+";
        /// How many bytes the response may have.
        max_bytes: i32 | "3+", ignorable = i32::MAX;
        /// 0 all records, 1 those of committed transactions only.
        isolation_level: i8 | "4+", ignorable;
        /// The fetch session; 0 if there is none.
        session_id: i32 | "7+", ignorable;
        /// The number of the request within its session; 0 opens one, -1 does without.
        session_epoch: i32 | "7+", ignorable = -1;
        /// The topics.
        topics: Vec<FetchTopic> | "0+";
        /// What leaves the session.
        forgotten_topics_data: Vec<ForgottenTopic> | "7+";
        /// The reader's rack; empty if it has none.
        rack_id: Str | "11+", ignorable;
    }

    /// Who the follower is.
    ReplicaState {
        /// The follower; -1 for a consumer.
        replica_id: i32 | "15+" = -1;
        /// The epoch of the follower's registration; -1 for a consumer.
        replica_epoch: i64 | "15+" = -1;
    }

    /// A topic to read.
    FetchTopic {
        /// The topic.
        topic: Str | "0-12", ignorable;
        /// The topic's id.
        topic_id: Uuid | "13+", ignorable;
        /// The partitions.
        partitions: Vec<FetchPartition> | "0+";
    }

    /// A partition to read.
    FetchPartition {
        /// The partition.
        partition: i32 | "0+";
        /// The epoch that the sender believes in; -1 if it has none.
        current_leader_epoch: i32 | "9+", ignorable = -1;
        /// The first offset wanted.
        fetch_offset: i64 | "0+";
        /// The epoch of the last record that the follower has; -1 if it has none.
        last_fetched_epoch: i32 | "12+" = -1;
        /// The first offset of the log.
        log_start_offset: i64 | "5+", ignorable = -1;
        /// How many bytes of this partition.
        partition_max_bytes: i32 | "0+";
        /// The replica's metadata or log directory.
        replica_directory_id: Uuid | "17+", tag 0, ignorable;
        /// The high watermark that the replica knows; the maximum if it does not say (KIP-1166).
        high_watermark: i64 | "18+", tag 1, ignorable = i64::MAX;
    }

    /// Partitions that leave the session.
    ForgottenTopic {
        /// The topic.
        topic: Str | "7-12", ignorable;
        /// The topic's id.
        topic_id: Uuid | "13+", ignorable;
        /// The partitions.
        partitions: Vec<i32> | "7+";
    }

    /// The batches, as they lie in the logs.
    FetchResponse: key 1, versions "4-18", flexible "12+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "1+", ignorable;
        /// 0, or what went wrong.
        error_code: i16 | "7+", ignorable;
        /// The fetch session; 0 if there is none.
        session_id: i32 | "7+";
        /// The topics.
        responses: Vec<FetchableTopicResponse> | "0+";
        /// Where the leaders that are named can be reached.
        node_endpoints: Vec<NodeEndpoint> | "16+", tag 0;
    }

    /// A topic of the response.
    FetchableTopicResponse {
        /// The topic.
        topic: Str | "0-12", ignorable;
        /// The topic's id.
        topic_id: Uuid | "13+", ignorable;
        /// The partitions.
        partitions: Vec<PartitionData> | "0+";
    }

    /// What a partition has to offer.
    PartitionData {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The first offset that is not committed.
        high_watermark: i64 | "0+";
        /// The first offset that belongs to an open transaction.
        last_stable_offset: i64 | "4+", ignorable = -1;
        /// The first offset of the log.
        log_start_offset: i64 | "5+", ignorable = -1;
        /// Where the follower's log departs from the leader's, if it does.
        diverging_epoch: EpochEndOffset | "12+", tag 0;
        /// Who leads, if the receiver of this had it wrong.
        current_leader: LeaderIdAndEpoch | "12+", tag 1;
        /// The snapshot to fetch instead, if the log begins later.
        snapshot_id: SnapshotId | "12+", tag 2;
        /// Aborted transactions in the range; null if the fetch reads uncommitted records.
        aborted_transactions: Option<Vec<AbortedTransaction>> | "4+", nullable "4+", ignorable = empty();
        /// The replica to read from instead; -1 for this one.
        preferred_read_replica: i32 | "11+" = -1;
        /// The record batches.
        records: Option<Bytes> | "0+", nullable "0+", records = None;
    }

    /// The largest epoch that the logs share, and where it ends.
    EpochEndOffset {
        /// The epoch.
        epoch: i32 | "12+" = -1;
        /// The first offset behind the epoch.
        end_offset: i64 | "12+" = -1;
    }

    /// Who leads, and since which epoch.
    LeaderIdAndEpoch {
        /// The leader; -1 if there is none.
        leader_id: i32 | "12+" = -1;
        /// The epoch of the leader.
        leader_epoch: i32 | "12+" = -1;
    }

    /// A snapshot, by where it ends.
    SnapshotId {
        /// The first offset behind the snapshot.
        end_offset: i64 | "0+" = -1;
        /// The epoch.
        epoch: i32 | "0+" = -1;
    }

    /// An aborted transaction with records in the range, for consumers that read committed ones only.
    AbortedTransaction {
        /// The producer.
        producer_id: i64 | "4+";
        /// The offset of the transaction's first record in the partition.
        first_offset: i64 | "4+";
    }

    /// Where a node that leads can be reached.
    NodeEndpoint {
        /// The node.
        node_id: i32 | "16+";
        /// A host name or an address.
        host: Str | "16+";
        /// A TCP port.
        port: i32 | "16+";
        /// The rack; null if it has none.
        rack: Option<Str> | "16+", nullable "16+" = None;
    }
}
