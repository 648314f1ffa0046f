/// The fields' paths, as a tree of names.
struct JSONPaths: Sendable {
    /// Numbers of the fields whose values are here.
    private(set) var fields: [Int] = []
    /// Numbers of the fields whose values lie within.
    private(set) var inner: [Int] = []
    /// What lies within, by name or position.
    private(set) var children: [Spelling: JSONPaths] = [:]

    /// Adds a JSON pointer (RFC 6901).
    ///
    /// - Parameters:
    ///   - pointer: one that `isPointer`.
    ///   - field: what to report with what it leads to.
    mutating func insert(_ pointer: String, field: Int) {
        // By scalars: a slash before a combining mark is one character with it, and still a slash.
        let names = pointer.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        insert(names.dropFirst().map(Self.unescaped)[...], field)
    }

    private mutating func insert(_ names: ArraySlice<Spelling>, _ field: Int) {
        guard let name = names.first else { return fields.append(field) }
        inner.append(field)
        children[name, default: JSONPaths()].insert(names.dropFirst(), field)
    }

    /// Whether a text is a JSON pointer: empty, or names that each follow a slash.
    static func isPointer(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return true }
        guard first == "/" else { return false }
        let parts = text.unicodeScalars.split(separator: "~", omittingEmptySubsequences: false)
        return parts.dropFirst().allSatisfy { $0.first == "0" || $0.first == "1" }
    }

    private static func unescaped(_ name: Substring.UnicodeScalarView) -> Spelling {
        var text = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in name {
            if isEscaped {
                text.append(scalar == "1" ? "/" : "~")
                isEscaped = false
            } else if scalar == "~" {
                isEscaped = true
            } else {
                text.append(scalar)
            }
        }
        return Spelling(String(text))
    }
}
