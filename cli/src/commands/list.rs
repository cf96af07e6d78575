//! `tribunal list`.

use super::Ended;

pub(crate) fn execute() -> Ended {
    print!("{}", reports::list::text());
    Ok(0)
}
