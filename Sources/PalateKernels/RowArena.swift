package import PalateModel

/// Rows of one width at fixed addresses, which one writer fills while others read.
///
/// Memory is reserved for `capacity` rows and backed on first touch, so nothing ever moves and
/// unwritten rows read as zeros.
///
/// Publication is the caller's: a row is written before its ordinal is published (with release
/// ordering, by the graph) and never changes afterwards. This class orders nothing itself.
// SAFETY: readers and the writer touch the same memory but never the same row at the same time.
@safe
package final class RowArena: @unchecked Sendable {
    /// Bytes from one row to the next.
    package let stride: Int
    /// Rows reserved.
    package let capacity: Int
    let memory: ReservedBytes

    /// Reserves room; nil when the address space is refused.
    package init?(stride: Int, capacity: Int) {
        precondition(stride > 0 && capacity >= 0, "a row has bytes")
        let (bytes, overflow) = stride.multipliedReportingOverflow(by: capacity)
        guard !overflow, let memory = ReservedBytes(capacity: bytes) else { return nil }
        self.stride = stride
        self.capacity = capacity
        self.memory = memory
    }

    /// Writes consecutive rows, starting with row `first`.
    ///
    /// - Parameters:
    ///   - first: the ordinal of the first row; not yet published.
    ///   - rows: shape [count, stride].
    package func store(_ first: Ordinal, _ rows: RawSpan) {
        precondition(rows.byteCount % stride == 0, "not a whole number of rows")
        precondition(Int(first) + rows.byteCount / stride <= capacity, "past the reserved rows")
        unsafe rows.withUnsafeBytes { rows in
            guard let source = rows.baseAddress else { return }
            // SAFETY: the rows lie inside the reservation, checked above; no reader looks at an
            // unpublished row.
            unsafe memory.base.advanced(by: Int(first) * stride)
                .copyMemory(from: source, byteCount: rows.count)
        }
    }

    /// One row, shape [stride].
    @_lifetime(borrow self)
    package func row(_ ordinal: Ordinal) -> RawSpan {
        rows(Int(ordinal)..<Int(ordinal) + 1)
    }

    /// Starts loading rows; nobody waits for them.
    package func prefetch(_ ordinals: Span<Ordinal>) {
        for position in ordinals.indices { Cache.prefetch(row(ordinals[position])) }
    }

    /// Consecutive rows, shape [range.count, stride].
    @_lifetime(borrow self)
    package func rows(_ range: Range<Int>) -> RawSpan {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "past the rows")
        // SAFETY: inside the reservation, which lives as long as self; published rows are constant.
        let bytes = unsafe RawSpan(
            _unsafeStart: memory.base.advanced(by: range.lowerBound * stride),
            byteCount: range.count * stride
        )
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }
}
