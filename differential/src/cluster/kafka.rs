//! A real cluster, as `differential/kafka start DIR PORT 3` starts it.

use super::act::Fault;
use super::nodes::Nodes;
use crate::peer::{Peer, Remote, Reply};
use crate::session::Step;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use wire::messages::DescribeQuorumRequest;
use wire::messages::describe_quorum::{PartitionData, TopicData};
use wire::{ApiKey, Response};

/// A produce may wait until the controller gives up a replica that does not answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Three nodes of Kafka.
pub struct Kafka {
    dir: PathBuf,
    nodes: BTreeMap<i32, Remote>,
}

impl Kafka {
    /// The cluster that was started in a directory, with its first client port.
    #[must_use]
    pub fn new(dir: &Path, port: u16) -> Kafka {
        let remote = |node: i32| Remote::new(&format!("127.0.0.1:{}", i32::from(port) + 2 * (node - 1)), PATIENCE);
        Kafka { dir: dir.to_owned(), nodes: (1..=3).map(|node| (node, remote(node))).collect() }
    }

    fn script(&self, verb: &str, node: i32) -> io::Result<()> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/kafka");
        let status = Command::new(script).arg(verb).arg(self.dir.join(node.to_string())).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("kafka {verb} {node}: {status}"))) }
    }
}

impl Nodes for Kafka {
    fn ask(&mut self, node: i32, conn: u32, frame: &Bytes) -> io::Result<Reply> {
        let remote = self.nodes.get_mut(&node).ok_or_else(|| io::Error::other(format!("there is no node {node}")))?;
        remote.ask(conn, frame)
    }

    fn strike(&mut self, node: i32, fault: Fault) -> io::Result<()> {
        self.script(["kill", "pause", "stop"][fault as usize], node)?;
        // What stands still keeps its connections, and nobody asks on them.
        if fault != Fault::Pause
            && let Some(remote) = self.nodes.get_mut(&node)
        {
            remote.hang_up();
        }
        Ok(())
    }

    fn recover(&mut self, node: i32, fault: Fault) -> io::Result<()> {
        self.script(if fault == Fault::Pause { "resume" } else { "start-node" }, node)
    }

    fn controller(&mut self) -> io::Result<Option<i32>> {
        let topics = vec![TopicData {
            topic_name: "__cluster_metadata".into(),
            partitions: vec![PartitionData { partition_index: 0 }],
        }];
        let step = Step::new(0, DescribeQuorumRequest { topics });
        let frame = step.frame(0).map_err(io::Error::other)?;
        let Reply::Answer(answer) = self.ask(1, u32::MAX, &frame)? else { return Ok(None) };
        let (_, response) = Response::decode(ApiKey::DescribeQuorum, 0, &answer).map_err(io::Error::other)?;
        let Response::DescribeQuorum(response) = response else { return Ok(None) };
        let partition = response.topics.first().and_then(|topic| topic.partitions.first());
        Ok(partition.map(|partition| partition.leader_id).filter(|&leader| leader > 0))
    }

    fn pause(&mut self, time: Duration) -> io::Result<()> {
        std::thread::sleep(time);
        Ok(())
    }
}
