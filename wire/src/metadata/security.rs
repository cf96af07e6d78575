//! Records of credentials, delegation tokens and access control. They are read and kept; nothing here enforces them.

use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    /// A credential of a user.
    UserScramCredentialRecord: key 11, versions "0", flexible "0+" {
        /// The name.
        name: Str | "0+";
        /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
        mechanism: i8 | "0+";
        /// The salt of the hash.
        salt: Bytes | "0+";
        /// The client's hashed key.
        stored_key: Bytes | "0+";
        /// The server's key.
        server_key: Bytes | "0+";
        /// How often the password was hashed.
        iterations: i32 | "0+";
    }

    /// A credential is removed.
    RemoveUserScramCredentialRecord: key 22, versions "0", flexible "0+" {
        /// The name.
        name: Str | "0+";
        /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
        mechanism: i8 | "0+";
    }

    /// A delegation token.
    DelegationTokenRecord: key 10, versions "0", flexible "0+" {
        /// Whose token it is.
        owner: Str | "0+";
        /// Who asked for the token.
        requester: Str | "0+";
        /// Who may renew the token.
        renewers: Vec<Str> | "0+";
        /// When the token was issued, in milliseconds.
        issue_timestamp: i64 | "0+";
        /// When the token expires at the latest, in milliseconds.
        max_timestamp: i64 | "0+";
        /// When the token expires unless it is renewed, in milliseconds.
        expiration_timestamp: i64 | "0+";
        /// The token.
        token_id: Str | "0+";
    }

    /// A delegation token is removed.
    RemoveDelegationTokenRecord: key 26, versions "0", flexible "0+" {
        /// The token.
        token_id: Str | "0+";
    }

    /// An access control entry.
    AccessControlEntryRecord: key 18, versions "0", flexible "0+" {
        /// The id.
        id: Uuid | "0+";
        /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: i8 | "0+";
        /// The name of the resource.
        resource_name: Str | "0+";
        /// 3 literal, 4 prefix.
        pattern_type: i8 | "0+";
        /// Whom it is about.
        principal: Str | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// What it allows or denies.
        operation: i8 | "0+";
        /// 2 deny, 3 allow.
        permission_type: i8 | "0+";
    }

    /// An access control entry is removed.
    RemoveAccessControlEntryRecord: key 19, versions "0", flexible "0+" {
        /// The id.
        id: Uuid | "0+";
    }
}
