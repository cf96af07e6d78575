//! Records of the metadata log itself: metadata transactions (KIP-868), no-ops, the end of ZooKeeper.

use crate::names::Str;

crate::messages! {
    /// What follows takes effect at the end of the transaction.
    BeginTransactionRecord: key 23, versions "0", flexible "0+" {
        /// The name.
        name: Option<Str> | "0+", nullable "0+", tag 0 = None;
    }

    /// What came since the begin takes effect.
    EndTransactionRecord: key 24, versions "0", flexible "0+" {}

    /// What came since the begin is void.
    AbortTransactionRecord: key 25, versions "0", flexible "0+" {
        /// Why; null if nobody said.
        reason: Option<Str> | "0+", nullable "0+", tag 0 = None;
    }

    /// Nothing; it moves the high watermark.
    NoOpRecord: key 20, versions "0", flexible "0+" {}

    /// How far the migration from ZooKeeper has got.
    ZkMigrationStateRecord: key 21, versions "0", flexible "0+" {
        /// Always 0 since ZooKeeper is gone.
        zk_migration_state: i8 | "0+";
    }
}
