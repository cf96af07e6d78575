//! Records that no part of this broker acts on yet, and that its snapshots must not lose: one for each thing that they are about.

use std::collections::BTreeMap;
use wire::Str;
use wire::metadata::{ClientQuotaRecord, MetadataRecord, ProducerIdsRecord};

/// What a record is about: the type of the record that sets it, and its own name.
type Subject = (i16, String);

/// The last record about each subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    records: BTreeMap<Subject, MetadataRecord>,
}

impl Kept {
    /// Takes a record; one that says nothing about the state that is to be kept is passed over.
    pub(super) fn apply(&mut self, record: &MetadataRecord) {
        match removed(record) {
            Some(subject) => drop(self.records.remove(&subject)),
            None => drop(subject(record).map(|subject| self.records.insert(subject, settled(record)))),
        }
    }

    /// The records, by type and name.
    pub(super) fn records(&self) -> impl Iterator<Item = &MetadataRecord> {
        self.records.values()
    }
}

/// What a record sets.
fn subject(record: &MetadataRecord) -> Option<Subject> {
    let name = match record {
        MetadataRecord::RegisterController(controller) => format!("{:010}", controller.controller_id),
        MetadataRecord::ProducerIds(_) => String::new(),
        MetadataRecord::ClientQuota(quota) => entity(quota),
        MetadataRecord::UserScramCredential(credential) => mechanism(&credential.name, credential.mechanism),
        MetadataRecord::AccessControlEntry(entry) => entry.id.to_string(),
        MetadataRecord::DelegationToken(token) => token.token_id.to_string(),
        _ => return None,
    };
    Some((record.kind(), name))
}

/// What a record removes.
fn removed(record: &MetadataRecord) -> Option<Subject> {
    match record {
        MetadataRecord::ClientQuota(quota) if quota.remove => subject(record),
        MetadataRecord::RemoveUserScramCredential(gone) => Some((11, mechanism(&gone.name, gone.mechanism))),
        MetadataRecord::RemoveAccessControlEntry(gone) => Some((18, gone.id.to_string())),
        MetadataRecord::RemoveDelegationToken(gone) => Some((10, gone.token_id.to_string())),
        _ => None,
    }
}

/// The record as the state knows it: who asked for producer ids is forgotten.
fn settled(record: &MetadataRecord) -> MetadataRecord {
    match record {
        MetadataRecord::ProducerIds(ids) => ProducerIdsRecord { broker_id: -1, broker_epoch: -1, ..ids.clone() }.into(),
        other => other.clone(),
    }
}

fn entity(quota: &ClientQuotaRecord) -> String {
    let mut parts: Vec<String> =
        quota.entity.iter().map(|part| format!("{} {:?}", part.entity_type, part.entity_name)).collect();
    parts.sort_unstable();
    format!("{parts:?} {}", quota.key)
}

fn mechanism(user: &Str, mechanism: i8) -> String {
    format!("{mechanism} {user}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::metadata::settings::EntityData;

    fn quota(user: &str, value: f64, remove: bool) -> MetadataRecord {
        let entity = vec![EntityData { entity_type: "user".into(), entity_name: Some(user.into()) }];
        ClientQuotaRecord { entity, key: "producer_byte_rate".into(), value, remove }.into()
    }

    #[test]
    fn the_last_record_of_each_subject_stays_until_it_is_removed() {
        let mut kept = Kept::default();
        for record in [quota("a", 1.0, false), quota("b", 2.0, false), quota("a", 3.0, false), quota("b", 0.0, true)] {
            kept.apply(&record);
        }
        let ids = |broker_id, next_producer_id| ProducerIdsRecord { broker_id, broker_epoch: 5, next_producer_id };
        kept.apply(&ids(1, 1000).into());
        kept.apply(&ids(2, 2000).into());
        let left: Vec<MetadataRecord> = kept.records().cloned().collect();
        let settled = ProducerIdsRecord { broker_epoch: -1, ..ids(-1, 2000) };
        assert_eq!(left, [quota("a", 3.0, false), settled.into()]);
    }
}
