//! Records of configurations, feature levels, quotas and producer ids.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// A configuration value is set or removed.
    ConfigRecord: key 4, versions "0", flexible "0+" {
        /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: i8 | "0+";
        /// The name of the resource.
        resource_name: Str | "0+";
        /// The name.
        name: Str | "0+";
        /// The value; null removes it.
        value: Option<Str> | "0+", nullable "0+" = empty();
    }

    /// A feature level is finalized.
    FeatureLevelRecord: key 12, versions "0", flexible "0+" {
        /// The name.
        name: Str | "0+";
        /// The level.
        feature_level: i16 | "0+";
    }

    /// A block of producer ids is given out.
    ProducerIdsRecord: key 15, versions "0", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+" = -1;
        /// The first producer id that is still free.
        next_producer_id: i64 | "0+";
    }

    /// A client quota is set or removed.
    ClientQuotaRecord: key 14, versions "0", flexible "0+" {
        /// What the quota is for.
        entity: Vec<EntityData> | "0+";
        /// The name of the quota.
        key: Str | "0+";
        /// The limit.
        value: f64 | "0+";
        /// Whether the quota is removed.
        remove: bool | "0+";
    }

    /// One part of what a quota is for.
    EntityData {
        /// `user`, `client-id` or `ip`.
        entity_type: Str | "0+";
        /// Its name; null for the default.
        entity_name: Option<Str> | "0+", nullable "0+" = empty();
    }
}
