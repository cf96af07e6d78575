//! UpdateFeatures: finalizes feature levels (KIP-584).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Changes finalized feature levels.
    UpdateFeaturesRequest: key 57, versions "0-2", flexible "0+" {
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+" = 60000;
        /// The changes.
        feature_updates: Vec<FeatureUpdateKey> | "0+";
        /// Whether only to check the request.
        validate_only: bool | "1+";
    }

    /// A feature and its new level.
    FeatureUpdateKey {
        /// The name of the feature.
        feature: Str | "0+";
        /// The level.
        max_version_level: i16 | "0+";
        /// Whether the level may be lowered.
        allow_downgrade: bool | "0";
        /// 1 upgrade, 2 safe downgrade, 3 unsafe downgrade.
        upgrade_type: i8 | "1+" = 1;
    }

    /// What became of each feature.
    UpdateFeaturesResponse: key 57, versions "0-2", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        /// The results.
        results: Vec<UpdatableFeatureResult> | "0-1", ignorable;
    }

    /// What became of a feature.
    UpdatableFeatureResult {
        /// The name of the feature.
        feature: Str | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
