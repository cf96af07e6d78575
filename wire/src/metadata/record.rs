//! One metadata record in its envelope: frame version, type and version as unsigned varints, then the body.

use crate::codec::{DecodeError, EncodeError, Message, Reader, Versions, Writer};
use crate::metadata::*;
use bytes::Bytes;

/// The only frame version since KRaft left its preview.
const FRAME_VERSION: u32 = 1;

macro_rules! metadata_records {
    ($($name:ident($body:ident) = $kind:literal;)*) => {
        /// A record of the metadata log.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MetadataRecord {$(
            #[doc = concat!("[`", stringify!($body), "`], type ", stringify!($kind), ".")]
            $name($body),
        )*}

        impl MetadataRecord {
            /// Kafka's name of the type, as `PartitionChangeRecord`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(MetadataRecord::$name(_) => stringify!($body)),* }
            }

            /// The number of the type.
            #[must_use]
            pub fn kind(&self) -> i16 {
                match self { $(MetadataRecord::$name(_) => $kind),* }
            }

            /// The versions of the type.
            #[must_use]
            pub fn versions(&self) -> Versions {
                match self { $(MetadataRecord::$name(_) => <$body as Message>::VERSIONS),* }
            }

            /// The body as JSON, as Kafka's own tools print it.
            #[must_use]
            pub fn to_json(&self, version: i16) -> String {
                match self { $(MetadataRecord::$name(body) => body.describe_as(version)),* }
            }

            fn read(kind: u32, reader: &mut Reader<'_>, version: i16) -> Result<MetadataRecord, DecodeError> {
                match kind {
                    $($kind => $body::decode(reader, version).map(MetadataRecord::$name),)*
                    kind => Err(DecodeError::UnknownType(kind.into())),
                }
            }

            fn write(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
                match self { $(MetadataRecord::$name(body) => body.encode(writer, version)),* }
            }
        }

        $(impl From<$body> for MetadataRecord {
            fn from(body: $body) -> MetadataRecord {
                MetadataRecord::$name(body)
            }
        })*
    };
}

metadata_records! {
    RegisterBroker(RegisterBrokerRecord) = 0;
    UnregisterBroker(UnregisterBrokerRecord) = 1;
    Topic(TopicRecord) = 2;
    Partition(PartitionRecord) = 3;
    Config(ConfigRecord) = 4;
    PartitionChange(PartitionChangeRecord) = 5;
    FenceBroker(FenceBrokerRecord) = 7;
    UnfenceBroker(UnfenceBrokerRecord) = 8;
    RemoveTopic(RemoveTopicRecord) = 9;
    DelegationToken(DelegationTokenRecord) = 10;
    UserScramCredential(UserScramCredentialRecord) = 11;
    FeatureLevel(FeatureLevelRecord) = 12;
    ClientQuota(ClientQuotaRecord) = 14;
    ProducerIds(ProducerIdsRecord) = 15;
    BrokerRegistrationChange(BrokerRegistrationChangeRecord) = 17;
    AccessControlEntry(AccessControlEntryRecord) = 18;
    RemoveAccessControlEntry(RemoveAccessControlEntryRecord) = 19;
    NoOp(NoOpRecord) = 20;
    ZkMigrationState(ZkMigrationStateRecord) = 21;
    RemoveUserScramCredential(RemoveUserScramCredentialRecord) = 22;
    BeginTransaction(BeginTransactionRecord) = 23;
    EndTransaction(EndTransactionRecord) = 24;
    AbortTransaction(AbortTransactionRecord) = 25;
    RemoveDelegationToken(RemoveDelegationTokenRecord) = 26;
    RegisterController(RegisterControllerRecord) = 27;
    ClearElr(ClearElrRecord) = 28;
}

impl MetadataRecord {
    /// Reads a record's value: the record and its version.
    pub fn decode(value: &Bytes) -> Result<(MetadataRecord, i16), DecodeError> {
        let mut reader = Reader::new(value);
        let frame_version = reader.unsigned_varint()?;
        if frame_version != FRAME_VERSION {
            return Err(DecodeError::UnknownFrameVersion(frame_version));
        }
        let kind = reader.unsigned_varint()?;
        let version = i16::try_from(reader.unsigned_varint()?).map_err(|_| DecodeError::BadLength)?;
        let record = MetadataRecord::read(kind, &mut reader, version)?;
        reader.finish()?;
        Ok((record, version))
    }

    /// The record's value in a version of its type.
    pub fn encode(&self, version: i16) -> Result<Bytes, EncodeError> {
        if !self.versions().contains(version) {
            return Err(EncodeError::UnknownVersion(version));
        }
        let mut writer = Writer::with_capacity(128);
        writer.unsigned_varint(FRAME_VERSION);
        writer.unsigned_varint(self.kind().unsigned_abs().into());
        writer.unsigned_varint(version.unsigned_abs().into());
        self.write(&mut writer, version)?;
        Ok(writer.into_bytes())
    }
}
