//! What an attempt's error means for its records: whether they may be in the log all the same, and whether to try again.

use crate::Bug;
use wire::{ErrorCode, Planted};

/// Whether a broker that answered this has certainly not appended the batch, and will not.
///
/// The list follows Jepsen's for Kafka clients. NOT_LEADER_OR_FOLLOWER is not on it: a leader that loses its leadership answers it to
/// requests that it has appended (KAFKA-13574). Neither is any error of a broker's disk, nor one that is not known here.
pub(crate) fn is_definite(error: ErrorCode, bugs: &Planted<Bug>) -> bool {
    // K03 (KAFKA-14034, librdkafka #4953): an unexpected error is read as "not persisted".
    if matches!(error, ErrorCode::UnknownServerError | ErrorCode::KafkaStorageError) && bugs.has(Bug::K03) {
        return true;
    }
    matches!(
        error,
        ErrorCode::CorruptMessage
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::BrokerNotAvailable
            | ErrorCode::MessageTooLarge
            | ErrorCode::InvalidTopicException
            | ErrorCode::RecordListTooLarge
            | ErrorCode::NotEnoughReplicas
            | ErrorCode::InvalidRequiredAcks
            | ErrorCode::TopicAuthorizationFailed
            | ErrorCode::ClusterAuthorizationFailed
            | ErrorCode::InvalidTimestamp
            | ErrorCode::UnsupportedVersion
            | ErrorCode::InvalidReplicationFactor
            | ErrorCode::NotController
            | ErrorCode::InvalidRequest
            | ErrorCode::UnsupportedForMessageFormat
            | ErrorCode::PolicyViolation
            | ErrorCode::UnsupportedCompressionType
            | ErrorCode::InvalidRecord
            | ErrorCode::ThrottlingQuotaExceeded
            | ErrorCode::UnknownTopicId
            | ErrorCode::InconsistentTopicId
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_before_the_append_are_definite() {
        let definite = [2, 3, 8, 10, 17, 18, 19, 21, 29, 31, 32, 35, 38, 41, 42, 43, 44, 76, 87, 89, 100, 103];
        for &error in ErrorCode::ALL.iter().filter(|error| error.is_error()) {
            assert_eq!(is_definite(error, &Planted::default()), definite.contains(&error.code()), "{error}");
        }
    }
}
