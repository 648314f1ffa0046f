/// A line of the log as a JSON object: whatever is in a message, it stays one line and one object.
package enum JSONLogLine {
    /// Names that are the line's own.
    private static let ownNames: Set<String> = ["time", "level", "label", "message", "error"]

    /// The line, with its line break.
    ///
    /// - Parameters:
    ///   - time: RFC 3339, UTC.
    ///   - level: as swift-log spells it.
    ///   - label: the logger's.
    ///   - message: any text.
    ///   - error: what the line tells of; nil = nothing.
    ///   - metadata: in this order; a name that is the line's own gets `metadata.` before it, so
    ///     that it cannot stand for it.
    /// - Returns: one line of JSON without control characters, and a line feed.
    package static func text(
        time: String,
        level: String,
        label: String,
        message: String,
        error: String?,
        metadata: [(name: String, value: String)]
    ) -> String {
        var fields = [("time", time), ("level", level), ("label", label), ("message", message)]
        if let error { fields.append(("error", error)) }
        for (name, value) in metadata {
            // Callers name the error of a line so; it is theirs unless the line has one.
            let isOwn = ownNames.contains(name) && (name != "error" || error != nil)
            fields.append((isOwn ? "metadata.\(name)" : name, value))
        }
        return "{" + fields.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}\n"
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            // Beside what JSON demands, what some readers take for the end of a line.
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
