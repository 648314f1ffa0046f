import CAllocationCount

/// What this thread takes from the heap while `body` runs.
///
/// - Parameter body: stays on the thread.
/// - Returns: calls of malloc and its kin; nil where a sanitizer has the heap.
package func allocations(during body: () throws -> Void) rethrows -> Int? {
    guard ca_is_counting() != 0 else { return nil }
    let before = ca_allocations()
    try body()
    return Int(ca_allocations() - before)
}
