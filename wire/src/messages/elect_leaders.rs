//! ElectLeaders: the preferred leader again, or an unclean one (KIP-460).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Asks for elections.
    ElectLeadersRequest: key 43, versions "0-2", flexible "2+" {
        /// 0 the preferred replica, 1 an unclean election.
        election_type: i8 | "1+";
        /// The partitions; null for all.
        topic_partitions: Option<Vec<TopicPartitions>> | "0+", nullable "0+" = empty();
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+" = 60000;
    }

    /// Partitions of a topic.
    TopicPartitions {
        /// The topic.
        topic: Str | "0+";
        /// The partitions.
        partitions: Vec<i32> | "0+";
    }

    /// How the elections ended.
    ElectLeadersResponse: key 43, versions "0-2", flexible "2+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "1+";
        /// The elections.
        replica_election_results: Vec<ReplicaElectionResult> | "0+";
    }

    /// A topic of the response.
    ReplicaElectionResult {
        /// The topic.
        topic: Str | "0+";
        /// The partitions.
        partition_result: Vec<PartitionResult> | "0+";
    }

    /// How the election of a partition ended.
    PartitionResult {
        /// The partition.
        partition_id: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
