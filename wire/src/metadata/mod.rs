//! What `__cluster_metadata` holds: Kafka's own metadata records and control records as tables, and the quorum-state
//! file beside it.
//!
//! Left out on purpose: which record version a `metadata.version` calls for (the controller decides), and what records
//! mean.

pub mod brokers;
pub mod control;
pub mod log;
mod quorum_state;
mod record;
pub mod security;
pub mod settings;
pub mod snapshot;
pub mod topics;

pub use brokers::{
    BrokerRegistrationChangeRecord, FenceBrokerRecord, RegisterBrokerRecord, RegisterControllerRecord,
    UnfenceBrokerRecord, UnregisterBrokerRecord,
};
pub use control::{
    ControlRecord, EndTxnMarker, KRaftVersionRecord, LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord,
    VotersRecord,
};
pub use log::{
    AbortTransactionRecord, BeginTransactionRecord, EndTransactionRecord, NoOpRecord, ZkMigrationStateRecord,
};
pub use quorum_state::{BadQuorumState, QuorumStateData, Voter};
pub use record::MetadataRecord;
pub use security::{
    AccessControlEntryRecord, DelegationTokenRecord, RemoveAccessControlEntryRecord, RemoveDelegationTokenRecord,
    RemoveUserScramCredentialRecord, UserScramCredentialRecord,
};
pub use settings::{ClientQuotaRecord, ConfigRecord, FeatureLevelRecord, ProducerIdsRecord};
pub use snapshot::{BadSnapshot, Snapshot};
pub use topics::{ClearElrRecord, PartitionChangeRecord, PartitionRecord, RemoveTopicRecord, TopicRecord};
