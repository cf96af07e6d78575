//! DescribeCluster: the brokers or controllers of the cluster (KIP-700, KIP-919).

use crate::names::Str;

crate::messages! {
    /// Asks for the nodes of the cluster.
    DescribeClusterRequest: key 60, versions "0-2", flexible "0+" {
        /// Whether to tell what the client may do with the cluster.
        include_cluster_authorized_operations: bool | "0+";
        /// 1 brokers, 2 controllers.
        endpoint_type: i8 | "1+" = 1;
        /// Whether to name fenced brokers too.
        include_fenced_brokers: bool | "2+";
    }

    /// The nodes of the cluster.
    DescribeClusterResponse: key 60, versions "0-2", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = None;
        /// 1 brokers, 2 controllers.
        endpoint_type: i8 | "1+" = 1;
        /// The id of the cluster.
        cluster_id: Str | "0+";
        /// The controller.
        controller_id: i32 | "0+" = -1;
        /// The nodes.
        brokers: Vec<DescribeClusterBroker> | "0+";
        /// What the client may do with the cluster, as bits; `i32::MIN` if it did not ask.
        cluster_authorized_operations: i32 | "0+" = i32::MIN;
    }

    /// A node of the cluster.
    DescribeClusterBroker {
        /// The broker.
        broker_id: i32 | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: i32 | "0+";
        /// The rack; null if it has none.
        rack: Option<Str> | "0+", nullable "0+" = None;
        /// Whether the broker is fenced.
        is_fenced: bool | "2+";
    }
}
