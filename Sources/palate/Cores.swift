import NIOCore
import PalateOperations

/// Cores that this process may use: by the mask of its affinity (`taskset`, cpusets), and by the
/// quota of its container.
func availableCores() -> Int {
    let (allowed, quota) = (ProcessFigures.allowedCores, System.coreCount)
    return allowed > 0 ? min(allowed, quota) : quota
}
