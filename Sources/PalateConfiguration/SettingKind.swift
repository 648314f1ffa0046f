/// What a setting's text may be.
package enum SettingKind: Equatable, Sendable {
    /// Any text that is not empty and has no control characters.
    case text
    /// HOST:PORT, an IPv6 host in brackets; or, where that is taken, `unix:` and a path.
    case address(takesUnix: Bool)
    /// One of these.
    case choice([String])
    /// Several texts.
    case list
    /// Several of these.
    case choices([String])
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// Bytes: a whole number, or a number with a unit of kB to TB or KiB to TiB; capitals and small
    /// letters count alike.
    case bytes(ClosedRange<Int>)
    /// Milliseconds: a number and ms, s, m, h or d.
    case time(ClosedRange<Int>)
    /// Microseconds: a number and us, ms, s, m, h or d.
    case shortTime(ClosedRange<Int>)
    /// true or false.
    case boolean

    /// For messages and the table.
    package var expected: String {
        switch self {
        case .text: "text"
        case .address(let takesUnix): takesUnix ? "HOST:PORT or unix:PATH" : "HOST:PORT"
        case .choice(let names): names.joined(separator: " or ")
        case .list: "a list of texts"
        case .choices(let names): "a list of \(names.joined(separator: ", "))"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .bytes(let range):
            "a size from \(range.lowerBound) to \(range.upperBound) bytes, such as 64MiB"
        case .time(let range):
            "a time from \(range.lowerBound) to \(range.upperBound) ms, such as 10s"
        case .shortTime(let range):
            "a time from \(range.lowerBound) to \(range.upperBound) us, such as 500us"
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
        case .list: return texts.allSatisfy(Self.isText) ? .list(texts) : nil
        case .choices(let names):
            return texts.allSatisfy(names.contains) ? .list(texts) : nil
        default:
            guard texts.count == 1 else { return nil }
            return single(texts[0])
        }
    }

    private func single(_ text: String) -> SettingValue? {
        switch self {
        case .text: Self.isText(text) ? .text(text) : nil
        case .address(let takesUnix): Self.isAddress(text, takesUnix) ? .text(text) : nil
        case .choice(let names): names.contains(text) ? .text(text) : nil
        case .integer(let range): Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .bytes(let range): Self.size(text, range)
        case .time(let range): Self.time(text, range, Self.milliseconds)
        case .shortTime(let range): Self.time(text, range, Self.microseconds)
        case .boolean: text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
        case .list, .choices: nil
        }
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
