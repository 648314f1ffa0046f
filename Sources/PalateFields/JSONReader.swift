/// Reads JSON (RFC 8259) from bytes it does not trust, front to back.
///
/// Only what paths lead to is made into values; the rest is checked and passed over. Half of a
/// payload's way into an index is this, so it is ours: a library would build the whole tree.
struct JSONReader: ~Escapable {
    /// Levels of nesting; beyond, a payload counts as no JSON.
    static let depthMax = 64

    private let bytes: Span<UInt8>
    private var place = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// What `paths` lead to in the one value that the bytes are; what is reported last for a path
    /// counts, `.null` also where there is nothing.
    ///
    /// - Returns: false where the bytes are not JSON; then `found` is not to be used.
    @_lifetime(self: copy self)
    mutating func read(_ paths: JSONPaths, _ found: (Int, JSONValue) -> Void) -> Bool {
        skipSpace()
        guard walk(paths, depth: 1, found) else { return false }
        skipSpace()
        return place == bytes.count
    }

    /// Passes over a value, reporting what the paths lead to in it.
    @_lifetime(self: copy self)
    private mutating func walk(
        _ paths: JSONPaths,
        depth: Int,
        _ found: (Int, JSONValue) -> Void
    ) -> Bool {
        if !paths.fields.isEmpty {
            let start = place
            guard let value = value(depth: depth) else { return false }
            for field in paths.fields { found(field, value) }
            guard !paths.children.isEmpty else { return true }
            place = start
        }
        guard !paths.children.isEmpty, depth < Self.depthMax, let byte = peek else {
            return value(depth: depth) != nil
        }
        switch byte {
        case UInt8(ascii: "{"):
            return members(depth: depth) { reader, name in
                guard let child = paths.children[Spelling(name)] else {
                    return reader.value(depth: depth + 1, keeping: false) != nil
                }
                // Of members with one name the last counts, with all that is not in it.
                for field in child.inner { found(field, .null) }
                return reader.walk(child, depth: depth + 1, found)
            }
        case UInt8(ascii: "["):
            var index = 0
            return elements(depth: depth) { reader in
                defer { index += 1 }
                guard let child = paths.children[Spelling(String(index))] else {
                    return reader.value(depth: depth + 1, keeping: false) != nil
                }
                return reader.walk(child, depth: depth + 1, found)
            }
        default: return value(depth: depth, keeping: false) != nil
        }
    }

    // MARK: Values

    /// The next value; `.null` in place of all of them where it is only passed over.
    @_lifetime(self: copy self)
    private mutating func value(depth: Int, keeping: Bool = true) -> JSONValue? {
        guard depth <= Self.depthMax, let byte = peek else { return nil }
        switch byte {
        case UInt8(ascii: "{"):
            var values: [String: JSONValue] = [:]
            let isWhole = members(depth: depth) { reader, name in
                guard let value = reader.value(depth: depth + 1, keeping: keeping) else {
                    return false
                }
                if keeping { values[name] = value }
                return true
            }
            return isWhole ? .object(values) : nil
        case UInt8(ascii: "["):
            var values: [JSONValue] = []
            let isWhole = elements(depth: depth) { reader in
                guard let value = reader.value(depth: depth + 1, keeping: keeping) else {
                    return false
                }
                if keeping { values.append(value) }
                return true
            }
            return isWhole ? .array(values) : nil
        case UInt8(ascii: "\""): return string().map { .text($0) }
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        default: return number(keeping: keeping)
        }
    }

    @_lifetime(self: copy self)
    private mutating func members(
        depth: Int,
        _ visit: (inout JSONReader, String) -> Bool
    ) -> Bool {
        place += 1
        skipSpace()
        if take("}") { return true }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\""), let name = string() else { return false }
            skipSpace()
            guard take(":") else { return false }
            skipSpace()
            guard visit(&self, name) else { return false }
            skipSpace()
            if take("}") { return true }
            guard take(",") else { return false }
        }
    }

    @_lifetime(self: copy self)
    private mutating func elements(depth: Int, _ visit: (inout JSONReader) -> Bool) -> Bool {
        place += 1
        skipSpace()
        if take("]") { return true }
        while true {
            skipSpace()
            guard visit(&self) else { return false }
            skipSpace()
            if take("]") { return true }
            guard take(",") else { return false }
        }
    }

    @_lifetime(self: copy self)
    private mutating func number(keeping: Bool) -> JSONValue? {
        let start = place
        _ = take("-")
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[place - whole] != UInt8(ascii: "0") else {
            return nil
        }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard digits() > 0 else { return nil }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { return nil }
        }
        guard keeping else { return .null }
        let text = String(decoding: (start..<place).map { bytes[$0] }, as: UTF8.self)
        if isWhole, let value = Int64(text) { return .whole(value) }
        guard let value = Double(text) else { return nil }
        // Also 3.0 and 1e3 are whole; a Double alone may have been rounded to be.
        if value == value.rounded(), let exact = DecimalLiteral(text)?.whole(as: Int64.self) {
            return .whole(exact)
        }
        return .fraction(value)
    }

    @_lifetime(self: copy self)
    private mutating func digits() -> Int {
        let start = place
        while let byte = peek, (48...57).contains(byte) { place += 1 }
        return place - start
    }

    // MARK: Strings

    @_lifetime(self: copy self)
    private mutating func string() -> String? {
        place += 1
        var text: [UInt8] = []
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text += Array(String(scalar).utf8)
            case 0..<32: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    @_lifetime(self: copy self)
    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = peek else { return nil }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = hexadecimal() else { return nil }
            guard (0xd800...0xdbff).contains(unit) else { return Unicode.Scalar(unit) }
            guard take("\\u"), let low = hexadecimal(), (0xdc00...0xdfff).contains(low) else {
                return nil
            }
            return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
        default: return nil
        }
    }

    @_lifetime(self: copy self)
    private mutating func hexadecimal() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
                byte < 128
            else { return nil }
            place += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    @_lifetime(self: copy self)
    private mutating func take(_ text: String) -> Bool {
        var end = place
        for byte in text.utf8 {
            guard end < bytes.count, bytes[end] == byte else { return false }
            end += 1
        }
        place = end
        return true
    }

    @_lifetime(self: copy self)
    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { place += 1 }
    }
}
