//! IncrementalAlterConfigs: changes single values of a configuration (KIP-339).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Changes values of the configuration of resources.
    IncrementalAlterConfigsRequest: key 44, versions "0-1", flexible "1+" {
        /// The resources.
        resources: Vec<AlterConfigsResource> | "0+";
        /// Whether only to check the request.
        validate_only: bool | "0+";
    }

    /// A topic or broker whose configuration changes.
    AlterConfigsResource {
        /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: i8 | "0+";
        /// The name of the resource.
        resource_name: Str | "0+";
        /// The configuration values.
        configs: Vec<AlterableConfig> | "0+";
    }

    /// A change of a configuration value.
    AlterableConfig {
        /// The name.
        name: Str | "0+";
        /// 0 set, 1 delete, 2 append to a list, 3 subtract from it.
        config_operation: i8 | "0+";
        /// The value.
        value: Option<Str> | "0+", nullable "0+" = empty();
    }

    /// What became of each resource.
    IncrementalAlterConfigsResponse: key 44, versions "0-1", flexible "1+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// The resources.
        responses: Vec<AlterConfigsResourceResponse> | "0+";
    }

    /// What became of a resource.
    AlterConfigsResourceResponse {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: i8 | "0+";
        /// The name of the resource.
        resource_name: Str | "0+";
    }
}
