/// A number of bytes as people write it: `1500000000`, `256MB`, `1.5GiB`.
package struct ByteSize: Equatable, Sendable {
    /// Bytes, at least 1.
    package let bytes: Int

    private static let units: [(suffix: String, bytes: Double)] = [
        ("MIB", 1_048_576), ("GIB", 1_073_741_824), ("MB", 1e6), ("GB", 1e9),
    ]
    /// A Double holds every whole number below.
    private static let bytesMax = 9_007_199_254_740_992.0

    /// A size of so many bytes.
    package init(bytes: Int) { self.bytes = bytes }

    /// Reads a number with MB, GB, MiB, GiB or nothing behind it.
    ///
    /// - Parameter text: capitals and small letters count alike; only a number with a unit may
    ///   have a fraction.
    /// - Throws: `ByteSizeError`.
    package init(parsing text: String) throws(ByteSizeError) {
        let upper = text.uppercased()
        let unit = Self.units.first { upper.hasSuffix($0.suffix) }
        let number = upper.dropLast(unit?.suffix.count ?? 0)
        let isPlain = number.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard isPlain, let value = Double(number), unit != nil || !number.contains(".") else {
            throw .notASize(got: text)
        }
        let bytes = (value * (unit?.bytes ?? 1)).rounded(.down)
        guard bytes >= 1, bytes < Self.bytesMax else { throw .outOfRange(got: text) }
        self.bytes = Int(bytes)
    }
}

extension ByteSize: CustomStringConvertible {
    /// Of two digits at least, in the largest unit of tens that leaves one before the point.
    package var description: String {
        switch bytes {
        case ..<1_000_000: "\(Numbers.grouped(Double(bytes))) bytes"
        case ..<1_000_000_000: "\(Numbers.plain(Double(bytes) / 1e6, digits: 1)) MB"
        default: "\(Numbers.plain(Double(bytes) / 1e9, digits: 2)) GB"
        }
    }
}

/// Why a text is no number of bytes.
package enum ByteSizeError: Error, Equatable, CustomStringConvertible {
    case notASize(got: String)
    case outOfRange(got: String)

    /// One sentence for people.
    package var description: String {
        switch self {
        case .notASize(let got):
            "'\(got)' is no size: bytes as a whole number, or a number and MB, GB, MiB or GiB"
        case .outOfRange(let got): "'\(got)' is less than a byte or more than 9 PB"
        }
    }
}
