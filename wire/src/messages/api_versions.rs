//! ApiVersions: the first exchange of every connection (KIP-511), which tells the versions and feature levels of a
//! broker.

use crate::names::Str;

crate::messages! {
    /// Asks which versions are understood.
    ApiVersionsRequest: key 18, versions "0-4", flexible "3+" {
        /// The client library's name.
        client_software_name: Str | "3+", ignorable;
        /// The client library's version.
        client_software_version: Str | "3+", ignorable;
    }

    /// The versions and feature levels.
    ApiVersionsResponse: key 18, versions "0-4", flexible "3+" {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The APIs and their versions.
        api_keys: Vec<ApiVersion> | "0+";
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "1+", ignorable;
        /// The feature levels that the broker supports.
        supported_features: Vec<SupportedFeatureKey> | "3+", tag 0, ignorable;
        /// The metadata offset of the finalized levels; -1 if unknown.
        finalized_features_epoch: i64 | "3+", tag 1, ignorable = -1;
        /// The finalized feature levels.
        finalized_features: Vec<FinalizedFeatureKey> | "3+", tag 2, ignorable;
        /// Always false since ZooKeeper is gone.
        zk_migration_ready: bool | "3+", tag 3, ignorable;
    }

    /// The versions of an API.
    ApiVersion {
        /// The API.
        api_key: i16 | "0+";
        /// The lowest version.
        min_version: i16 | "0+";
        /// The highest version.
        max_version: i16 | "0+";
    }

    /// A feature and the levels that the broker supports.
    SupportedFeatureKey {
        /// The name.
        name: Str | "3+";
        /// The lowest level.
        min_version: i16 | "3+";
        /// The highest level.
        max_version: i16 | "3+";
    }

    /// A feature and its finalized level.
    FinalizedFeatureKey {
        /// The name.
        name: Str | "3+";
        /// The level.
        max_version_level: i16 | "3+";
        /// The lowest level.
        min_version_level: i16 | "3+";
    }
}
