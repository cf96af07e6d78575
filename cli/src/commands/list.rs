//! `tribunal list`.

use super::{Ended, show};

pub(crate) fn execute() -> Ended {
    show(&reports::list::text());
    Ok(0)
}
