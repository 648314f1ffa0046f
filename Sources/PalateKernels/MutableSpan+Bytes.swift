/// Bytes as raw memory: Swift 6.3 marks the general view unsafe, because an element may hold
/// padding or refuse bit patterns. A byte does neither.
extension MutableSpan where Element == UInt8 {
    /// The same memory, for writing.
    package var rawBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            // SAFETY: bytes have no padding, and every bit pattern is a byte.
            unsafe mutableBytes
        }
    }
}
