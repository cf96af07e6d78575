//! DescribeCluster (KIP-700).

use crate::broker::Broker;
use crate::connections::Reply;
use wire::ErrorCode;
use wire::messages::DescribeClusterResponse;
use wire::messages::describe_cluster::{DescribeClusterBroker, DescribeClusterRequest};

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Broker {
    pub(super) fn describe_cluster(&self, reply: Reply, request: &DescribeClusterRequest) -> DescribeClusterResponse {
        let refusal = match request.endpoint_type {
            BROKERS => None,
            CONTROLLERS => {
                Some((ErrorCode::MismatchedEndpointType, "The request was sent to an endpoint of type BROKER."))
            }
            _ => Some((ErrorCode::UnsupportedEndpointType, "Unsupported endpoint type.")),
        };
        if let Some((error, message)) = refusal {
            let error_message = Some(message.into());
            return DescribeClusterResponse {
                error_code: error.code(),
                error_message,
                ..DescribeClusterResponse::default()
            };
        }
        let image = self.controller.committed();
        let shown = image.brokers.values().filter(|broker| request.include_fenced_brokers || !broker.fenced);
        let brokers = shown.filter_map(|broker| {
            let at = self.endpoint_of(broker.broker_id, reply.conn)?;
            Some(DescribeClusterBroker {
                broker_id: broker.broker_id,
                host: at.host,
                port: i32::from(at.port),
                rack: broker.rack.clone(),
                is_fenced: broker.fenced,
            })
        });
        DescribeClusterResponse {
            endpoint_type: BROKERS,
            cluster_id: self.config.cluster_id.clone(),
            controller_id: self.config.node_id.0,
            brokers: brokers.collect(),
            cluster_authorized_operations: if request.include_cluster_authorized_operations {
                super::CLUSTER_OPERATIONS
            } else {
                i32::MIN
            },
            ..DescribeClusterResponse::default()
        }
    }
}
