//! What the system knows of a process: memory, processor time, how often it woke. Linux alone has `/proc`.

use std::fs;
use std::time::Duration;

/// Resident memory in bytes.
pub fn resident(process_id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    field(&status, "VmRSS:").map(|kilobytes| kilobytes * 1024)
}

/// The part of it that belongs to no file: what the process itself has written to.
pub fn anonymous(process_id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    field(&status, "RssAnon:").map(|kilobytes| kilobytes * 1024)
}

/// Processor time of all threads, ended ones included, in the clock's ticks of 10 ms.
pub fn processor_time(process_id: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    // proc_pid_stat(5): utime and stime are fields 14 and 15; the name, field 2, may hold spaces.
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Processor time of the calling thread.
pub fn own_thread_time() -> Option<Duration> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    schedstat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// How often a thread has stopped to wait so far: each time, something had woken it. The first number is the process's
/// own threads', the second that of the thread which hears of changed files: any process may wake it by opening a file
/// in a directory on the way to a root.
pub fn waits(process_id: u32) -> Option<(u64, u64)> {
    let threads = fs::read_dir(format!("/proc/{process_id}/task")).ok()?.flatten();
    let status = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    let mut waits = (0, 0);
    for status in status {
        let count = field(&status, "voluntary_ctxt_switches:")?;
        if status.starts_with("Name:\tnotify") { waits.1 += count } else { waits.0 += count }
    }
    Some(waits)
}

/// How many threads it has.
pub fn threads(process_id: u32) -> Option<usize> {
    fs::read_dir(format!("/proc/{process_id}/task")).ok().map(Iterator::count)
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
