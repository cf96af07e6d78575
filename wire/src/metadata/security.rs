//! records

use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    UserScramCredentialRecord: key 11, versions "0", flexible "0+" {
        name: Str | "0+";
        mechanism: i8 | "0+";
        salt: Bytes | "0+";
        stored_key: Bytes | "0+";
        server_key: Bytes | "0+";
        iterations: i32 | "0+";
    }

    RemoveUserScramCredentialRecord: key 22, versions "0", flexible "0+" {
        name: Str | "0+";
        mechanism: i8 | "0+";
    }

    DelegationTokenRecord: key 10, versions "0", flexible "0+" {
        owner: Str | "0+";
        requester: Str | "0+";
        renewers: Vec<Str> | "0+";
        issue_timestamp: i64 | "0+";
        max_timestamp: i64 | "0+";
        expiration_timestamp: i64 | "0+";
        token_id: Str | "0+";
    }

    RemoveDelegationTokenRecord: key 26, versions "0", flexible "0+" {
        token_id: Str | "0+";
    }

    AccessControlEntryRecord: key 18, versions "0", flexible "0+" {
        id: Uuid | "0+";
        resource_type: i8 | "0+";
        resource_name: Str | "0+";
        pattern_type: i8 | "0+";
        principal: Str | "0+";
        host: Str | "0+";
        operation: i8 | "0+";
        permission_type: i8 | "0+";
    }

    RemoveAccessControlEntryRecord: key 19, versions "0", flexible "0+" {
        id: Uuid | "0+";
    }
}
