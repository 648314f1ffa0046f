package import PalateModel

/// One named overlay: what people did in it, and the numbers it goes by.
package struct Sandbox: Sendable {
    /// Events by person, in order of arrival.
    package private(set) var events: [UserID: [Event]] = [:]
    /// Settings in place of the collection's; nil = the collection's.
    package var settings: TasteSettings?
    /// Weight profiles in place of the collection's of the same name.
    package var profiles: [String: TermValues] = [:]
    /// Events of everybody together.
    package private(set) var eventCount = 0

    /// Adds an event.
    ///
    /// - Throws: `outOfRange` where the person or the sandbox has too many.
    mutating func add(_ event: Event) throws(RequestError) {
        let count = events[event.user, default: []].count
        guard count < Limits.inlineEvents.upperBound else {
            throw .outOfRange(
                field: "events of person \(event.user) in the sandbox",
                got: count + 1,
                expected: Limits.inlineEvents
            )
        }
        guard eventCount < TasteLimits.sandboxEvents else {
            throw .outOfRange(
                field: "events in the sandbox",
                got: eventCount + 1,
                expected: 0...TasteLimits.sandboxEvents
            )
        }
        events[event.user, default: []].append(event)
        eventCount += 1
    }

    /// Forgets a person.
    mutating func forget(_ user: UserID) {
        eventCount -= events.removeValue(forKey: user)?.count ?? 0
    }
}

/// The sandboxes of a collection: they read through to the real graph and never write to it.
///
/// In memory: a restart drops them.
package struct Sandboxes: Sendable {
    private var byName: [String: Sandbox] = [:]

    /// None.
    package init() {}

    /// Names in order, each with its number of events.
    package var names: [(name: String, events: Int)] {
        byName.map { ($0.key, $0.value.eventCount) }.sorted { $0.name < $1.name }
    }

    /// The sandbox of this name.
    package func sandbox(_ name: String) throws(RequestError) -> Sandbox {
        guard let sandbox = byName[name] else { throw .unknownSandbox(name: name) }
        return sandbox
    }

    /// Makes a sandbox, unless it is there.
    package mutating func create(_ name: String) throws(RequestError) {
        guard Limits.nameBytes.contains(name.utf8.count) else { throw .badName(got: name) }
        guard byName[name] == nil else { return }
        guard byName.count < TasteLimits.sandboxes else {
            throw .outOfRange(
                field: "sandboxes",
                got: byName.count + 1,
                expected: 0...TasteLimits.sandboxes
            )
        }
        byName[name] = Sandbox()
    }

    /// Drops a sandbox.
    package mutating func drop(_ name: String) throws(RequestError) {
        guard byName.removeValue(forKey: name) != nil else { throw .unknownSandbox(name: name) }
    }

    /// Adds events: all of them, or none.
    package mutating func add(_ events: [Event], to name: String) throws(RequestError) {
        var sandbox = try sandbox(name)
        for event in events { try sandbox.add(event) }
        byName[name] = sandbox
    }

    /// Changes the numbers of a sandbox.
    package mutating func set(
        _ name: String,
        _ change: (inout Sandbox) throws(RequestError) -> Void
    ) throws(RequestError) {
        var sandbox = try sandbox(name)
        try change(&sandbox)
        byName[name] = sandbox
    }

    /// Forgets a person in all of them.
    package mutating func forget(_ user: UserID) {
        for name in byName.keys { byName[name]?.forget(user) }
    }
}
