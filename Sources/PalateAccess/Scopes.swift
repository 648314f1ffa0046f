/// What a credential is for.
///
/// Raw values are the wire's.
package struct Scopes: OptionSet, Sendable, Hashable {
    /// The bits.
    package var rawValue: UInt32

    /// From the wire's bits.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Searching and reading.
    package static let query = Scopes(rawValue: 1)
    /// Writing rows.
    package static let write = Scopes(rawValue: 2)
    /// What people did, and forgetting it.
    package static let events = Scopes(rawValue: 4)
    /// Collections, generations, backups, settings.
    package static let admin = Scopes(rawValue: 8)

    /// All there are.
    package static let all: Scopes = [.query, .write, .events, .admin]

    private static let named: [(name: String, scope: Scopes)] = [
        ("query", .query), ("write", .write), ("events", .events), ("admin", .admin),
    ]

    /// Reads names.
    ///
    /// - Parameters:
    ///   - text: names, or `all`.
    ///   - separator: between them.
    /// - Throws: `KeyRingError.unknownScope`.
    package init(_ text: String, separator: Character = ",") throws(KeyRingError) {
        self = []
        for part in text.split(separator: separator) {
            if part == "all" {
                formUnion(.all)
                continue
            }
            guard let found = Self.named.first(where: { $0.name == part }) else {
                throw .unknownScope(got: String(part), expected: Self.named.map(\.name))
            }
            formUnion(found.scope)
        }
    }

    /// The names, with commas.
    package var names: String {
        Self.named.filter { contains($0.scope) }.map(\.name).joined(separator: ",")
    }
}
