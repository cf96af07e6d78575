//! DescribeConfigs: the configuration of topics and brokers, and where each value comes from.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Asks for the configuration of resources.
    DescribeConfigsRequest: key 32, versions "1-4", flexible "4+" {
        /// The resources.
        resources: Vec<DescribeConfigsResource> | "0+";
        /// Whether to tell where else a value could come from.
        include_synonyms: bool | "1+";
        /// Whether to tell what values are for.
        include_documentation: bool | "3+";
    }

    /// A topic or broker to describe.
    DescribeConfigsResource {
        /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: i8 | "0+";
        /// The name of the resource.
        resource_name: Str | "0+";
        /// The names to describe; null for all.
        configuration_keys: Option<Vec<Str>> | "0+", nullable "0+" = empty();
    }

    /// The configuration of each resource.
    DescribeConfigsResponse: key 32, versions "1-4", flexible "4+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// The results.
        results: Vec<DescribeConfigsResult> | "0+";
    }

    /// The configuration of a resource.
    DescribeConfigsResult {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: i8 | "0+";
        /// The name of the resource.
        resource_name: Str | "0+";
        /// The configuration values.
        configs: Vec<DescribeConfigsResourceResult> | "0+";
    }

    /// A configuration value.
    DescribeConfigsResourceResult {
        /// The name.
        name: Str | "0+";
        /// The value.
        value: Option<Str> | "0+", nullable "0+" = empty();
        /// Whether the value cannot be changed.
        read_only: bool | "0+";
        /// Where the value comes from.
        config_source: i8 | "1+", ignorable = -1;
        /// Whether the value is kept secret.
        is_sensitive: bool | "0+";
        /// Where the value could come from, the strongest first.
        synonyms: Vec<DescribeConfigsSynonym> | "1+", ignorable;
        /// The value's type.
        config_type: i8 | "3+", ignorable;
        /// What the value is for.
        documentation: Option<Str> | "3+", nullable "0+", ignorable = empty();
    }

    /// A place that the value could come from, the strongest first.
    DescribeConfigsSynonym {
        /// The name.
        name: Str | "1+";
        /// The value.
        value: Option<Str> | "1+", nullable "0+" = empty();
        /// Where the value comes from.
        source: i8 | "1+";
    }
}
