//! Control records: the ends of transactions, and what the metadata quorum writes into its log and its snapshots.

use crate::codec::{DecodeError, EncodeError, Message, Reader, Writer};
use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    /// A transaction ends here, for this producer and partition.
    EndTxnMarker: key 0, versions "0", flexible "none" {
        /// The version of this body.
        version: i16 | "0+";
        /// The epoch of the transaction's coordinator.
        coordinator_epoch: i32 | "0+";
    }

    /// A leader begins its epoch.
    LeaderChangeMessage: key 0, versions "0-1", flexible "0+" {
        /// The version of this body.
        version: i16 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The voters.
        voters: Vec<Voter> | "0+";
        /// The voters that voted for the leader.
        granting_voters: Vec<Voter> | "0+";
    }

    /// A voter by id.
    Voter {
        /// The voter.
        voter_id: i32 | "0+";
        /// The voter's metadata directory.
        voter_directory_id: Uuid | "1+";
    }

    /// The first record of a snapshot.
    SnapshotHeaderRecord: key 0, versions "0", flexible "0+" {
        /// The version of this body.
        version: i16 | "0+";
        /// The time of the last record of the log that the snapshot contains, in milliseconds.
        last_contained_log_timestamp: i64 | "0+";
    }

    /// The last record of a snapshot.
    SnapshotFooterRecord: key 0, versions "0", flexible "0+" {
        /// The version of this body.
        version: i16 | "0+";
    }

    /// The quorum's level of `kraft.version`.
    KRaftVersionRecord: key 0, versions "0", flexible "0+" {
        /// The version of this body.
        version: i16 | "0+";
        /// The level.
        k_raft_version: i16 | "0+";
    }

    /// The voters from here on.
    VotersRecord: key 0, versions "0", flexible "0+" {
        /// The version of this body.
        version: i16 | "0+";
        /// The voters.
        voters: Vec<RegisteredVoter> | "0+";
    }

    /// A voter, and where and how to talk to it.
    RegisteredVoter {
        /// The voter.
        voter_id: i32 | "0+";
        /// The voter's metadata directory.
        voter_directory_id: Uuid | "0+";
        /// Where the voter can be reached.
        endpoints: Vec<VoterEndpoint> | "0+";
        /// The versions of `kraft.version` that the voter supports.
        k_raft_version_feature: KRaftVersionFeature | "0+";
    }

    /// Where a voter can be reached.
    VoterEndpoint {
        /// The name.
        name: Str | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: u16 | "0+";
    }

    /// The versions of `kraft.version` that the voter supports.
    KRaftVersionFeature {
        /// The lowest level.
        min_supported_version: i16 | "0+";
        /// The highest level.
        max_supported_version: i16 | "0+";
    }
}

macro_rules! control_records {
    ($($(#[$doc:meta])* $name:ident($body:ident) = $kind:literal;)*) => {
        /// A record of a control batch. Every body begins with its version.
        #[derive(Clone, Debug, PartialEq)]
        pub enum ControlRecord {$(
            $(#[$doc])*
            $name($body),
        )*}

        impl ControlRecord {
            /// The type that the record's key names.
            #[must_use]
            pub fn kind(&self) -> i16 {
                match self { $(ControlRecord::$name(_) => $kind),* }
            }

            /// The body as JSON, as Kafka's own tools print it.
            #[must_use]
            pub fn to_json(&self) -> String {
                match self { $(ControlRecord::$name(body) => body.describe_as(body.version)),* }
            }

            fn read(kind: i16, value: &Bytes) -> Result<ControlRecord, DecodeError> {
                match kind {
                    $($kind => read_body(value).map(ControlRecord::$name),)*
                    kind => Err(DecodeError::UnknownType(kind.into())),
                }
            }

            fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
                match self { $(ControlRecord::$name(body) => body.encode(writer, body.version)),* }
            }
        }
    };
}

control_records! {
    /// The producer's transaction was aborted.
    Abort(EndTxnMarker) = 0;
    /// The producer's transaction was committed.
    Commit(EndTxnMarker) = 1;
    /// A leader of the metadata quorum begins its epoch.
    LeaderChange(LeaderChangeMessage) = 2;
    /// A snapshot begins.
    SnapshotHeader(SnapshotHeaderRecord) = 3;
    /// A snapshot is complete.
    SnapshotFooter(SnapshotFooterRecord) = 4;
    /// The quorum's own protocol version changes.
    KRaftVersion(KRaftVersionRecord) = 5;
    /// The set of voters changes.
    KRaftVoters(VotersRecord) = 6;
}

/// Reads a body in the version that it begins with, or in the last that is known here: later ones only add to it.
fn read_body<M: Message>(value: &Bytes) -> Result<M, DecodeError> {
    let version = Reader::new(value).i16()?;
    M::decode(&mut Reader::new(value), version.min(M::VERSIONS.max))
}

impl ControlRecord {
    /// Reads a record of a control batch.
    pub fn decode(key: &Bytes, value: &Bytes) -> Result<ControlRecord, DecodeError> {
        let mut key = Reader::new(key);
        let _version = key.i16()?;
        ControlRecord::read(key.i16()?, value)
    }

    /// The record's key and its value, in the version that the body names.
    pub fn encode(&self) -> Result<(Bytes, Bytes), EncodeError> {
        let (mut key, mut value) = (Writer::with_capacity(4), Writer::with_capacity(64));
        key.put(&0i16.to_be_bytes());
        key.put(&self.kind().to_be_bytes());
        self.write(&mut value)?;
        Ok((key.into_bytes(), value.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Uuid;

    #[test]
    fn control_records_are_laid_out_as_kafka_lays_them_out() {
        let voter = |voter_id| Voter { voter_id, voter_directory_id: Uuid::ZERO };
        let leader =
            LeaderChangeMessage { version: 0, leader_id: 1, voters: vec![voter(1)], granting_voters: vec![voter(1)] };
        let leader_bytes: &[u8] = &[0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0];
        let commit = EndTxnMarker { version: 0, coordinator_epoch: 7 };
        let cases = [
            (ControlRecord::LeaderChange(leader), 2, leader_bytes),
            (ControlRecord::Commit(commit), 1, &[0, 0, 0, 0, 0, 7]),
        ];
        for (record, kind, expected) in cases {
            let (key, value) = record.encode().unwrap();
            assert_eq!((key.as_ref(), value.as_ref()), (&[0, 0, 0, kind][..], expected));
            assert_eq!(ControlRecord::decode(&key, &value), Ok(record));
        }
        assert_eq!(
            ControlRecord::decode(&Bytes::from_static(&[0, 0, 0, 9]), &Bytes::new()),
            Err(DecodeError::UnknownType(9))
        );
    }
}
