//! What a campaign costs: CPU time of a thread and memory of the process, as Linux accounts for them. Where `/proc` does not tell, wall time
//! stands in for CPU time, so that budgets and the watchdog still end.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// CPU time of the calling thread.
#[must_use]
pub fn thread_cpu() -> Duration {
    task_cpu("thread-self")
}

/// CPU time of a thread of this process, by `/proc` name.
pub(crate) fn task_cpu(task: &str) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{task}/schedstat")).unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    nanos.map_or_else(wall, Duration::from_nanos)
}

/// Wall time since it was first asked for.
fn wall() -> Duration {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    STARTED.get_or_init(Instant::now).elapsed()
}

/// The calling thread's name below `/proc`, readable by other threads.
pub(crate) fn this_task() -> String {
    std::fs::read_link("/proc/thread-self").map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The most memory that the process has had resident.
#[must_use]
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib: u64 = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0);
    kib * 1024
}
