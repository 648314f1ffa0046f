/// What a setting's text may be.
package enum SettingKind: Equatable, Sendable {
    /// Any text that is not empty.
    case text
    /// One of these.
    case choice([String])
    /// Several texts.
    case list
    /// Several of these.
    case choices([String])
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// Bytes: a number and, it may be, kB, MB, GB, KiB, MiB or GiB.
    case bytes(ClosedRange<Int>)
    /// Milliseconds: a number and ms, s, m, h or d.
    case time(ClosedRange<Int>)
    /// true or false.
    case boolean

    /// For messages and the table.
    package var expected: String {
        switch self {
        case .text: "text"
        case .choice(let names): names.joined(separator: " or ")
        case .list: "a list of texts"
        case .choices(let names): "a list of \(names.joined(separator: ", "))"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .bytes(let range):
            "a size from \(range.lowerBound) to \(range.upperBound) bytes, such as 64MiB"
        case .time(let range):
            "a time from \(range.lowerBound) to \(range.upperBound) ms, such as 10s"
        case .boolean: "true or false"
        }
    }

    /// Whether several texts may be given.
    package var isList: Bool {
        switch self {
        case .list, .choices: true
        default: false
        }
    }

    /// Reads a value.
    ///
    /// - Parameter texts: one, unless this is a list.
    /// - Returns: nil where it is not what is expected.
    func value(_ texts: [String]) -> SettingValue? {
        switch self {
        case .list: return texts.contains("") ? nil : .list(texts)
        case .choices(let names):
            return texts.allSatisfy(names.contains) ? .list(texts) : nil
        default:
            guard texts.count == 1 else { return nil }
            return single(texts[0])
        }
    }

    private func single(_ text: String) -> SettingValue? {
        switch self {
        case .text: text.isEmpty ? nil : .text(text)
        case .choice(let names): names.contains(text) ? .text(text) : nil
        case .integer(let range): Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .bytes(let range): Self.number(text, Self.sizes, range)
        case .time(let range): Self.number(text, Self.times, range)
        case .boolean: text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
        case .list, .choices: nil
        }
    }

    private static let sizes = [
        "": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20,
        "GiB": 1 << 30,
    ]
    private static let times = [
        "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    private static func number(
        _ text: String,
        _ units: [String: Int],
        _ range: ClosedRange<Int>
    ) -> SettingValue? {
        let digits = text.prefix { "0"..."9" ~= $0 }
        let rest = text.dropFirst(digits.count)
        let unit = rest.first == " " ? rest.dropFirst() : rest
        guard let number = Int(digits), let factor = units[String(unit)] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, range.contains(product) else { return nil }
        return .integer(product)
    }
}

/// A setting's value, of its kind.
package enum SettingValue: Equatable, Sendable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([String])
}

extension SettingValue: CustomStringConvertible {
    /// For lists of what holds.
    package var description: String {
        switch self {
        case .text(let text): text
        case .integer(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .list(let texts): "[\(texts.joined(separator: ", "))]"
        }
    }
}
