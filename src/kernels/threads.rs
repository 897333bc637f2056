//! Threads of others.

/// The number of threads that candle shares element-wise operations among.
const CANDLE: &str = "CANDLE_NUM_THREADS";

/// Keep candle's element-wise operations on the thread that calls them.
///
/// From 65 536 numbers on, candle splits an operation among threads of its own that wait by spinning, beside
/// those of the kernels and of the loader: on a machine whose cores are all in use, an operation of 0.1 ms then
/// takes several, because the core that the other half waits for is busy with the spinning. Products are not
/// concerned. A number that the user has set stands.
///
/// To be called first in a program: candle reads the environment once, and as long as there is a second
/// thread, which could read the environment too, nothing is changed.
pub fn keep_candle_on_one() {
    if std::env::var_os(CANDLE).is_none() && alone() {
        // SAFETY: this is the only thread, so none can look at the environment while it changes.
        unsafe { std::env::set_var(CANDLE, "1") };
    }
}

/// Whether the process is known to have one thread.
fn alone() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}
