// From texts to values, and back.
extension SettingKind {
    /// Bytes per unit, the largest first; those of two come before those of ten.
    private static let sizes: [(unit: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000),
    ]
    /// A unit of time, and how many of the value's there are in it.
    typealias TimeUnit = (unit: String, count: Int)
    /// The largest first.
    static let milliseconds: [TimeUnit] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]
    /// The largest first.
    static let microseconds = milliseconds.map { ($0.unit, 1_000 * $0.count) } + [("us", 1)]
    /// Bytes that Linux takes for the path of a Unix socket, less the one behind it.
    private static let socketPathBytesMax = 107

    /// Bytes of a text; a fraction of a byte is dropped.
    static func size(_ text: String, _ range: ClosedRange<Int>) -> SettingValue? {
        guard let parts = split(text) else { return nil }
        let unit = parts.unit.lowercased()
        let factor = unit.isEmpty ? 1 : sizes.first { $0.unit.lowercased() == unit }?.bytes
        guard let factor, !unit.isEmpty || parts.fraction.isEmpty else { return nil }
        return value(parts, factor, range)
    }

    /// A time in the smallest of the units; one of them is needed, and a whole number.
    static func time(
        _ text: String,
        _ range: ClosedRange<Int>,
        _ units: [TimeUnit]
    ) -> SettingValue? {
        guard let parts = split(text), parts.fraction.isEmpty,
            let factor = units.first(where: { $0.unit == parts.unit })?.count
        else { return nil }
        return value(parts, factor, range)
    }

    /// A value as one would write it: the largest unit that leaves a whole number.
    package func text(_ value: SettingValue) -> String {
        guard case .integer(let number) = value else { return "\(value)" }
        switch self {
        case .bytes:
            let best = number == 0 ? nil : Self.sizes.first { number % $0.bytes == 0 }
            return best.map { "\(number / $0.bytes)\($0.unit)" } ?? "\(number)"
        case .time: return Self.text(number, Self.milliseconds)
        case .shortTime: return Self.text(number, Self.microseconds)
        default: return "\(value)"
        }
    }

    private static func text(_ time: Int, _ units: [TimeUnit]) -> String {
        guard time > 0, let best = units.first(where: { time % $0.count == 0 }) else { return "0s" }
        return "\(time / best.count)\(best.unit)"
    }

    /// Whether a letter moves the cursor rather than shows.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control || scalar == "\u{2028}"
            || scalar == "\u{2029}"
    }

    /// Whether a text may be a path or a name: C ends it at a zero, terminals obey the others.
    static func isText(_ text: String) -> Bool {
        !text.isEmpty && !text.unicodeScalars.contains(where: isControl)
    }

    /// Whether a text is HOST:PORT, or unix:PATH.
    static func isAddress(_ text: String, _ takesUnix: Bool) -> Bool {
        guard isText(text) else { return false }
        if text.hasPrefix("unix:") {
            return takesUnix && (1...socketPathBytesMax).contains(text.utf8.count - 5)
        }
        guard let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon]
        let port = text[text.index(after: colon)...]
        guard !port.isEmpty, port.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(port),
            number <= 65_535
        else { return false }
        return !host.isEmpty && host != "[]" && !host.contains(" ")
    }

    private typealias Parts = (digits: Substring, fraction: Substring, unit: Substring)

    /// Digits, perhaps a point and digits, perhaps a space, and letters; nil where it is not that.
    private static func split(_ text: String) -> Parts? {
        let digits = text.prefix { "0"..."9" ~= $0 }
        var rest = text.dropFirst(digits.count)
        var fraction: Substring = ""
        if rest.first == "." {
            fraction = rest.dropFirst().prefix { "0"..."9" ~= $0 }
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !digits.isEmpty else { return nil }
        if rest.first == " " {
            rest = rest.dropFirst()
            guard !rest.isEmpty else { return nil }
        }
        return (digits, fraction, rest)
    }

    private static func value(
        _ parts: Parts,
        _ factor: Int,
        _ range: ClosedRange<Int>
    ) -> SettingValue? {
        guard let whole = Int(parts.digits) else { return nil }
        let (product, overflows) = whole.multipliedReportingOverflow(by: factor)
        // Less than one unit: a Double holds that exactly enough.
        let share = Double("0.\(parts.fraction)0").map { Int(($0 * Double(factor)).rounded(.down)) }
        guard !overflows, let share else { return nil }
        let (sum, overflowsToo) = product.addingReportingOverflow(share)
        guard !overflowsToo, range.contains(sum) else { return nil }
        return .integer(sum)
    }
}
