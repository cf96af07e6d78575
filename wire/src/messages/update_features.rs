//! UpdateFeatures, API key 57.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    UpdateFeaturesRequest: key 57, versions "0-2", flexible "0+" {
        timeout_ms: i32 | "0+" = 60000;
        feature_updates: Vec<FeatureUpdateKey> | "0+";
        validate_only: bool | "1+";
    }

    FeatureUpdateKey {
        feature: Str | "0+";
        max_version_level: i16 | "0+";
        allow_downgrade: bool | "0";
        upgrade_type: i8 | "1+" = 1;
    }

    UpdateFeaturesResponse: key 57, versions "0-2", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        results: Vec<UpdatableFeatureResult> | "0-1", ignorable;
    }

    UpdatableFeatureResult {
        feature: Str | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
