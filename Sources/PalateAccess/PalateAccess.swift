package struct Scopes: OptionSet, Sendable, Hashable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let query = Scopes(rawValue: 1)
    package static let write = Scopes(rawValue: 2)
    package static let events = Scopes(rawValue: 4)
    package static let admin = Scopes(rawValue: 8)
    package var names: String { "" }
}
package enum CollectionAccess: Sendable, Equatable {
    case all
    case named(Set<String>)
    package func allows(_ name: String) -> Bool { true }
}
package struct Grant: Sendable, Equatable {
    package var subject: String
    package var scopes: Scopes
    package var collections: CollectionAccess
    package var expiry: Int64?
    package static let everything = Grant(subject: "anonymous", scopes: Scopes(rawValue: 15), collections: .all, expiry: nil)
}
package enum Credential: Sendable { case apiKey(String), token(String) }
package enum AccessError: Error { case throttled(retryMilliseconds: Int) }
package final class Gatekeeper: Sendable {
    package var isOpen: Bool { true }
    package func refreshIfChanged() {}
    package func authenticate(_ c: Credential, from address: String, now: Int64) async throws(AccessError) -> Grant { .everything }
    package func stillHolds(_ grant: Grant, now: Int64) -> Bool { true }
}
