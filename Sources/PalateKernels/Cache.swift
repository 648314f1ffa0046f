internal import CPalateKernels

/// What a loop can say about memory that it will read.
package enum Cache {
    /// Bytes asked for at most: from there on the processor sees the pattern by itself.
    private static let most = 1_024

    /// Starts loading the first elements of a span; nobody waits for them.
    package static func prefetch<Element: BitwiseCopyable>(_ elements: Span<Element>) {
        // SAFETY: nothing is read.
        prefetch(unsafe elements.bytes)
    }

    /// Starts loading the first bytes of a span; nobody waits for them.
    package static func prefetch(_ bytes: RawSpan) {
        // SAFETY: nothing is read.
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe pk_prefetch(start, min(bytes.count, most))
        }
    }
}
