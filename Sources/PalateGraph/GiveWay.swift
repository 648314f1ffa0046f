import Glibc

/// Lets another thread have the core if one waits for it; else returns at once.
///
/// Linking and mending run for tenths of a second, and where the cores are fewer than the threads
/// an event loop would wait for a whole time slice of the kernel's, some milliseconds each time.
/// Called between pieces of some tenths of a millisecond.
@inline(__always)
func giveWay() { sched_yield() }
