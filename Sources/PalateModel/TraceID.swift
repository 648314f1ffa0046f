/// The id of a trace that a request belongs to, as W3C Trace Context has it.
///
/// 16 bytes, not all of them zero.
public struct TraceID: Hashable, Sendable, CustomStringConvertible {
    /// The first 8 bytes.
    public let high: UInt64
    /// The last 8 bytes.
    public let low: UInt64

    /// Nil where all bytes are zero, which names no trace.
    public init?(high: UInt64, low: UInt64) {
        guard high != 0 || low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// Reads 32 lower-case hexadecimal digits, or a `traceparent`, `00-TRACE-PARENT-FLAGS`.
    public init?(_ text: some StringProtocol) {
        var digits = Array(text.utf8)
        if digits.count >= Self.parentBytes {
            guard let trace = Self.trace(ofParent: digits) else { return nil }
            digits = Array(trace)
        }
        guard digits.count == 32, digits.allSatisfy(Self.isDigit),
            let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String { Self.hex(high) + Self.hex(low) }

    /// What a service passes on that takes part in the trace: the header `traceparent`, level 1.
    ///
    /// - Parameters:
    ///   - span: the id of the work that this service does, not 0.
    ///   - isSampled: whether the caller records the trace.
    /// - Returns: the header's value.
    public func parent(span: UInt64, isSampled: Bool) -> String {
        "00-\(self)-\(Self.hex(span))-\(isSampled ? "01" : "00")"
    }

    /// Bytes of a `traceparent` of version 00; later versions may be longer.
    private static let parentBytes = 55

    /// The trace of a `traceparent`; nil where it is none.
    ///
    /// Versions above 00 may say more behind it.
    private static func trace(ofParent text: [UInt8]) -> ArraySlice<UInt8>? {
        let dash = UInt8(ascii: "-")
        let dashes = [2, 35, 52]
        guard dashes.allSatisfy({ text[$0] == dash }),
            text[..<parentBytes].indices.allSatisfy({ dashes.contains($0) || isDigit(text[$0]) }),
            text[..<2] != [UInt8(ascii: "f"), UInt8(ascii: "f")],
            text.count == parentBytes || (text[..<2] != [48, 48] && text[parentBytes] == dash),
            text[36..<52].contains(where: { $0 != 48 })
        else { return nil }
        return text[3..<35]
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
