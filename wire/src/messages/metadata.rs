//! Metadata: which brokers there are, and who leads the partitions of topics.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Asks for the cluster as clients see it.
    MetadataRequest: key 3, versions "0-13", flexible "9+" {
        /// The topics.
        topics: Option<Vec<MetadataRequestTopic>> | "0+", nullable "1+" = empty();
        /// Whether a topic that is missing may be created.
        allow_auto_topic_creation: bool | "4+" = true;
        /// Whether to tell what the client may do with the cluster.
        include_cluster_authorized_operations: bool | "8-10";
        /// Whether to tell what the client may do with topics.
        include_topic_authorized_operations: bool | "8+";
    }

    /// A topic to describe.
    MetadataRequestTopic {
        /// The topic's id.
        topic_id: Uuid | "10+", ignorable;
        /// The name.
        name: Option<Str> | "0+", nullable "10+" = empty();
    }

    /// Brokers, topics, leaders.
    MetadataResponse: key 3, versions "0-13", flexible "9+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "3+", ignorable;
        /// The nodes.
        brokers: Vec<MetadataResponseBroker> | "0+";
        /// The id of the cluster.
        cluster_id: Option<Str> | "2+", nullable "2+", ignorable = None;
        /// The controller as clients see it: with KRaft, any broker.
        controller_id: i32 | "1+", ignorable = -1;
        /// The topics.
        topics: Vec<MetadataResponseTopic> | "0+";
        /// What the client may do with the cluster, as bits; `i32::MIN` if it did not ask.
        cluster_authorized_operations: i32 | "8-10" = i32::MIN;
        /// 0, or what went wrong.
        error_code: i16 | "13+", ignorable;
    }

    /// A broker.
    MetadataResponseBroker {
        /// The node.
        node_id: i32 | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: i32 | "0+";
        /// The rack; null if it has none.
        rack: Option<Str> | "1+", nullable "1+", ignorable = None;
    }

    /// A topic.
    MetadataResponseTopic {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The name.
        name: Option<Str> | "0+", nullable "12+" = empty();
        /// The topic's id.
        topic_id: Uuid | "10+", ignorable;
        /// Whether the topic is one of Kafka's own.
        is_internal: bool | "1+", ignorable;
        /// The partitions.
        partitions: Vec<MetadataResponsePartition> | "0+";
        /// What the client may do with the topic, as bits; `i32::MIN` if it did not ask.
        topic_authorized_operations: i32 | "8+" = i32::MIN;
    }

    /// A partition.
    MetadataResponsePartition {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The partition.
        partition_index: i32 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "7+", ignorable = -1;
        /// The replicas, the preferred leader first.
        replica_nodes: Vec<i32> | "0+";
        /// The in-sync replicas.
        isr_nodes: Vec<i32> | "0+";
        /// Replicas that are offline.
        offline_replicas: Vec<i32> | "5+", ignorable;
    }
}
