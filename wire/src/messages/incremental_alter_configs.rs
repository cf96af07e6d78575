//! IncrementalAlterConfigs, API key 44.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    IncrementalAlterConfigsRequest: key 44, versions "0-1", flexible "1+" {
        resources: Vec<AlterConfigsResource> | "0+";
        validate_only: bool | "0+";
    }

    AlterConfigsResource {
        resource_type: i8 | "0+";
        resource_name: Str | "0+";
        configs: Vec<AlterableConfig> | "0+";
    }

    AlterableConfig {
        name: Str | "0+";
        config_operation: i8 | "0+";
        value: Option<Str> | "0+", nullable "0+" = empty();
    }

    IncrementalAlterConfigsResponse: key 44, versions "0-1", flexible "1+" {
        throttle_time_ms: i32 | "0+";
        responses: Vec<AlterConfigsResourceResponse> | "0+";
    }

    AlterConfigsResourceResponse {
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        resource_type: i8 | "0+";
        resource_name: Str | "0+";
    }
}
