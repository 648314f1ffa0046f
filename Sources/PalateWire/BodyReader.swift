package import PalateModel

/// Reads a body from front to back, checking every step; never past the end, never a trap.
///
/// Fields are named so that a refusal says which one. Counts from the wire are compared with the
/// bytes that are there before anything is allocated, so a lying count costs nothing.
package struct BodyReader: ~Escapable {
    private let bytes: RawSpan
    /// Where the next read starts, in bytes from the start of the body.
    package private(set) var offset = 0

    /// Starts at the front.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// Bytes not read yet.
    package var remaining: Int { bytes.byteCount - offset }

    /// The next integer.
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        _ field: String
    ) throws(RequestError) -> Value {
        guard MemoryLayout<Value>.size <= remaining else {
            throw shortage(of: MemoryLayout<Value>.size, field)
        }
        defer { offset += MemoryLayout<Value>.size }
        return bytes.load(type, at: offset)
    }

    /// The next float; any bit pattern.
    @_lifetime(self: copy self)
    package mutating func readFloat(_ field: String) throws(RequestError) -> Float {
        Float(bitPattern: try read(UInt32.self, field))
    }

    /// The next double; any bit pattern.
    @_lifetime(self: copy self)
    package mutating func readDouble(_ field: String) throws(RequestError) -> Double {
        Double(bitPattern: try read(UInt64.self, field))
    }

    /// The next float, refused when it is NaN or infinite.
    @_lifetime(self: copy self)
    package mutating func readFiniteFloat(_ field: String) throws(RequestError) -> Float {
        let start = offset
        let value = try readFloat(field)
        guard value.isFinite else {
            throw .malformed(reason: "\(field) is \(value), not a finite number", offset: start)
        }
        return value
    }

    /// The next 32-bit count, which must lie in `range`.
    @_lifetime(self: copy self)
    package mutating func readCount(
        _ field: String,
        in range: ClosedRange<Int>
    ) throws(RequestError) -> Int {
        try checked(Int(try read(UInt32.self, field)), field, in: range)
    }

    /// Refuses a number outside `range`.
    package func checked(
        _ value: Int,
        _ field: String,
        in range: ClosedRange<Int>
    ) throws(RequestError) -> Int {
        guard range.contains(value) else {
            throw .outOfRange(field: field, got: value, expected: range)
        }
        return value
    }

    /// Reads an integer that this version has no use for: it must be zero, so that it can get one.
    @_lifetime(self: copy self)
    package mutating func readReserved<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        _ field: String
    ) throws(RequestError) {
        let value = try read(type, field)
        guard value == 0 else {
            throw .unsupported(what: field, got: Int(truncatingIfNeeded: value))
        }
    }

    /// The next `count` elements: one memcpy.
    ///
    /// - Returns: shape [count].
    @_lifetime(self: copy self)
    package mutating func readColumn<Element: WireScalar>(
        _ type: Element.Type,
        count: Int,
        _ field: String
    ) throws(RequestError) -> [Element] {
        let (byteCount, overflow) = count.multipliedReportingOverflow(
            by: MemoryLayout<Element>.stride
        )
        guard !overflow, byteCount <= remaining else { throw shortage(of: byteCount, field) }
        defer { offset += byteCount }
        return bytes.copy(type, count: count, at: offset)
    }

    /// The next `count` bytes as UTF-8.
    @_lifetime(self: copy self)
    package mutating func readText(
        byteCount: Int,
        _ field: String
    ) throws(RequestError) -> String {
        let start = offset
        let bytes = try readColumn(UInt8.self, count: byteCount, field)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .malformed(reason: "\(field) is not UTF-8", offset: start)
        }
        return text
    }

    /// Moves to the next multiple of `alignment`; the bytes passed over must be zero.
    @_lifetime(self: copy self)
    package mutating func align(to alignment: Int, _ field: String) throws(RequestError) {
        while offset % alignment != 0 {
            try readReserved(UInt8.self, field)
        }
    }

    /// Passes over `byteCount` bytes.
    @_lifetime(self: copy self)
    package mutating func skip(byteCount: Int, _ field: String) throws(RequestError) {
        guard byteCount <= remaining else { throw shortage(of: byteCount, field) }
        offset += byteCount
    }

    /// Refuses bytes that nothing read.
    package func finish() throws(RequestError) {
        guard remaining == 0 else {
            throw .malformed(reason: "\(remaining) bytes too many", offset: offset)
        }
    }

    private func shortage(of byteCount: Int, _ field: String) -> RequestError {
        .malformed(
            reason: "\(field) needs \(byteCount) bytes, \(remaining) are left",
            offset: offset
        )
    }
}
