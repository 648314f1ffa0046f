/// What is wrong with a configuration: everything, not only the first.
package struct ConfigurationError: Error, Equatable, Sendable {
    /// One thing that is wrong.
    package struct Problem: Error, Equatable, Sendable {
        /// FILE:LINE:COLUMN, a variable, or a flag.
        package var place: String
        /// What was got, and what was expected.
        package var text: String

        init(_ place: String, _ text: String) {
            self.place = place
            self.text = text
        }
    }

    /// In the order they were found.
    package var problems: [Problem]

    init(_ problems: [Problem]) { self.problems = problems }

    /// Letters of a value that a message repeats: enough to find it by.
    private static let lettersMax = 80

    /// A text from outside for a message: it stays one line, and a short one.
    static func printable(_ text: String) -> String {
        let escaped = text.unicodeScalars.prefix(lettersMax).map { scalar in
            SettingKind.isControl(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : "\(scalar)"
        }
        return escaped.joined() + (text.unicodeScalars.count > lettersMax ? "..." : "")
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// A line per problem.
    package var description: String {
        problems.map { "\($0.place): \($0.text)" }.joined(separator: "\n")
    }
}
