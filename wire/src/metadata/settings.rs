//! records

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    ConfigRecord: key 4, versions "0", flexible "0+" {
        resource_type: i8 | "0+";
        resource_name: Str | "0+";
        name: Str | "0+";
        value: Option<Str> | "0+", nullable "0+" = empty();
    }

    FeatureLevelRecord: key 12, versions "0", flexible "0+" {
        name: Str | "0+";
        feature_level: i16 | "0+";
    }

    ProducerIdsRecord: key 15, versions "0", flexible "0+" {
        broker_id: i32 | "0+";
        broker_epoch: i64 | "0+" = -1;
        next_producer_id: i64 | "0+";
    }

    ClientQuotaRecord: key 14, versions "0", flexible "0+" {
        entity: Vec<EntityData> | "0+";
        key: Str | "0+";
        value: f64 | "0+";
        remove: bool | "0+";
    }

    EntityData {
        entity_type: Str | "0+";
        entity_name: Option<Str> | "0+", nullable "0+" = empty();
    }
}
