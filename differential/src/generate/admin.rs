//! Who asks about the cluster, its configuration and its APIs.

use super::{Author, hello, text};
use crate::session::Step;
use wire::ApiKey;
use wire::messages::describe_configs::DescribeConfigsResource;
use wire::messages::{DescribeClusterRequest, DescribeConfigsRequest};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Names and versions of client software; Kafka refuses most.
const SOFTWARE: [(&str, &str); 4] = [("", ""), ("bad name!", "1"), ("-x", "-"), ("a.b-c", "\u{e9}")];

impl Author {
    pub(super) fn api_versions(&mut self) {
        let version = self.version(ApiKey::ApiVersions);
        let (name, number) = self.draw.usually(("tester", "1.0"), &SOFTWARE);
        self.push(Step::new(version, hello(name, number)));
    }

    pub(super) fn describe_cluster(&mut self) {
        let version = self.version(ApiKey::DescribeCluster);
        let request = DescribeClusterRequest {
            include_cluster_authorized_operations: self.draw.percent(20),
            endpoint_type: if version >= 1 { self.draw.usually(1, &[2, 0, 9, -1]) } else { 1 },
            include_fenced_brokers: version >= 2 && self.draw.percent(30),
        };
        self.push(Step::new(version, request));
    }

    pub(super) fn describe_configs(&mut self) {
        let version = self.version(ApiKey::DescribeConfigs);
        let mut resources = vec![self.config_resource()];
        match self.draw.below(8) {
            0 => resources.push(resources[0].clone()),
            1 => resources.push(self.config_resource()),
            2 if self.draw.percent(30) => resources.clear(),
            _ => {}
        }
        let include_documentation = version >= 3 && self.draw.percent(20);
        let include_synonyms = self.draw.percent(40);
        self.push(Step::new(version, DescribeConfigsRequest { resources, include_synonyms, include_documentation }));
    }

    fn config_resource(&mut self) -> DescribeConfigsResource {
        let topic = self.some_topic();
        let resource_type = self.draw.usually(TOPIC, &[BROKER, BROKER, 0, 3, 8, 16, 32, 64, -1]);
        let resource_name = match resource_type {
            BROKER => text(self.draw.usually("1", &["", "2", "x", "-1"])),
            _ => text(&topic.name),
        };
        let keys = ["retention.ms", "cleanup.policy", "num.partitions", "no.such.key", "retention.ms"];
        let several = keys[..self.draw.below(6)].iter().map(|key| text(key)).collect();
        let configuration_keys = self.draw.usually(None, &[Some(several), Some(vec![])]);
        DescribeConfigsResource { resource_type, resource_name, configuration_keys }
    }
}
