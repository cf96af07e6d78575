//! DescribeConfigs, API key 32.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    DescribeConfigsRequest: key 32, versions "1-4", flexible "4+" {
        resources: Vec<DescribeConfigsResource> | "0+";
        include_synonyms: bool | "1+";
        include_documentation: bool | "3+";
    }

    DescribeConfigsResource {
        resource_type: i8 | "0+";
        resource_name: Str | "0+";
        configuration_keys: Option<Vec<Str>> | "0+", nullable "0+" = empty();
    }

    DescribeConfigsResponse: key 32, versions "1-4", flexible "4+" {
        throttle_time_ms: i32 | "0+";
        results: Vec<DescribeConfigsResult> | "0+";
    }

    DescribeConfigsResult {
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        resource_type: i8 | "0+";
        resource_name: Str | "0+";
        configs: Vec<DescribeConfigsResourceResult> | "0+";
    }

    DescribeConfigsResourceResult {
        name: Str | "0+";
        value: Option<Str> | "0+", nullable "0+" = empty();
        read_only: bool | "0+";
        config_source: i8 | "1+", ignorable = -1;
        is_sensitive: bool | "0+";
        synonyms: Vec<DescribeConfigsSynonym> | "1+", ignorable;
        config_type: i8 | "3+", ignorable;
        documentation: Option<Str> | "3+", nullable "0+", ignorable = empty();
    }

    DescribeConfigsSynonym {
        name: Str | "1+";
        value: Option<Str> | "1+", nullable "0+" = empty();
        source: i8 | "1+";
    }
}
