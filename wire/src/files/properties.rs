//! `meta.properties`, `partition.metadata` and `.kafka_cleanshutdown`.

use super::Malformed;
use crate::{NodeId, Str, Uuid};
use std::collections::BTreeMap;

/// Whose a log directory is: `meta.properties`, version 1 (KIP-858).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster's id.
    pub cluster_id: Str,
    /// The node's id.
    pub node_id: NodeId,
    /// The directory's own id; a directory formatted by an older Kafka has none.
    pub directory_id: Option<Uuid>,
}

impl MetaProperties {
    /// The file's text. Kafka adds comments and has its fields in no order.
    #[must_use]
    pub fn text(&self) -> String {
        let directory = self.directory_id.map_or(String::new(), |id| format!("directory.id={id}\n"));
        format!("#\nnode.id={}\n{directory}version=1\ncluster.id={}\n", self.node_id, self.cluster_id)
    }

    /// Reads the file.
    pub fn parse(text: &[u8]) -> Result<MetaProperties, Malformed> {
        let fields = pairs(text, '=')?;
        let get = |key| fields.get(key).copied().ok_or(Malformed("meta.properties lacks a field"));
        if get("version")? != "1" {
            return Err(Malformed("meta.properties has a version other than 1"));
        }
        let node_id = get("node.id")?.parse().map_err(|_| Malformed("node.id is no number"))?;
        let directory_id = fields.get("directory.id").map(|id| id.parse()).transpose();
        Ok(MetaProperties {
            cluster_id: get("cluster.id")?.into(),
            node_id: NodeId(node_id),
            directory_id: directory_id.map_err(|_| Malformed("directory.id is no UUID"))?,
        })
    }
}

/// Which incarnation of a topic a log belongs to: `partition.metadata` (KIP-516).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The topic's id.
    pub topic_id: Uuid,
}

impl PartitionMetadata {
    /// The file's text; Kafka ends it without a newline.
    #[must_use]
    pub fn text(self) -> String {
        format!("version: 0\ntopic_id: {}", self.topic_id)
    }

    /// Reads the file.
    pub fn parse(text: &[u8]) -> Result<PartitionMetadata, Malformed> {
        let fields = pairs(text, ':')?;
        if fields.get("version") != Some(&"0") {
            return Err(Malformed("partition.metadata has a version other than 0"));
        }
        let id = fields.get("topic_id").ok_or(Malformed("partition.metadata lacks the topic id"))?;
        let topic_id: Uuid = id.parse().map_err(|_| Malformed("the topic id is no UUID"))?;
        if topic_id == Uuid::ZERO { Err(Malformed("the topic id is zero")) } else { Ok(PartitionMetadata { topic_id }) }
    }
}

/// What a controlled shutdown leaves: `.kafka_cleanshutdown` (KIP-966). An empty or unreadable file still says that it was clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanShutdown {
    /// The broker epoch of the incarnation that shut down; -1 if unknown.
    pub broker_epoch: i64,
}

impl CleanShutdown {
    /// The file's text.
    #[must_use]
    pub fn text(self) -> String {
        format!("{{\"version\":0,\"brokerEpoch\":{}}}", self.broker_epoch)
    }

    /// Reads the file; total.
    #[must_use]
    pub fn parse(text: &[u8]) -> CleanShutdown {
        let epoch = std::str::from_utf8(text).ok().and_then(|text| {
            let (_, after) = text.split_once("\"brokerEpoch\"")?;
            let digits = after.trim_start().strip_prefix(':')?.trim_start();
            let end = digits.find([',', '}', ' ', '\n'])?;
            digits[..end].parse().ok()
        });
        CleanShutdown { broker_epoch: epoch.unwrap_or(-1) }
    }
}

/// Key and value of each line that is no comment.
fn pairs(text: &[u8], separator: char) -> Result<BTreeMap<&str, &str>, Malformed> {
    let text = std::str::from_utf8(text).map_err(|_| Malformed("the file is no text"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(separator).map(|(key, value)| (key.trim(), value.trim())))
        .collect::<Option<_>>()
        .ok_or(Malformed("a line has no separator"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back() {
        let meta = MetaProperties { cluster_id: "L-Pom".into(), node_id: NodeId(1), directory_id: Some(Uuid(77)) };
        assert_eq!(MetaProperties::parse(meta.text().as_bytes()), Ok(meta));
        let partition = PartitionMetadata { topic_id: Uuid(5) };
        assert_eq!(PartitionMetadata::parse(partition.text().as_bytes()), Ok(partition));
        let clean = CleanShutdown { broker_epoch: 706 };
        assert_eq!(clean.text(), "{\"version\":0,\"brokerEpoch\":706}");
        assert_eq!(CleanShutdown::parse(clean.text().as_bytes()), clean);
    }

    #[test]
    fn what_is_cut_or_foreign_is_refused() {
        assert_eq!(CleanShutdown::parse(b""), CleanShutdown { broker_epoch: -1 });
        let text = PartitionMetadata { topic_id: Uuid(5) }.text();
        for len in 0..text.len() {
            assert!(PartitionMetadata::parse(&text.as_bytes()[..len]).is_err(), "{len}");
        }
        assert!(MetaProperties::parse(b"version=0\nbroker.id=1\n").is_err());
    }
}
