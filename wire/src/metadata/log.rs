//! records

use crate::names::Str;

crate::messages! {
    BeginTransactionRecord: key 23, versions "0", flexible "0+" {
        name: Option<Str> | "0+", nullable "0+", tag 0 = None;
    }

    EndTransactionRecord: key 24, versions "0", flexible "0+" {}

    AbortTransactionRecord: key 25, versions "0", flexible "0+" {
        reason: Option<Str> | "0+", nullable "0+", tag 0 = None;
    }

    NoOpRecord: key 20, versions "0", flexible "0+" {}

    ZkMigrationStateRecord: key 21, versions "0", flexible "0+" {
        zk_migration_state: i8 | "0+";
    }
}
