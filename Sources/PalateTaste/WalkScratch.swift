import PalateModel

/// An item the walk starts from.
struct WalkSeed: Equatable, Sendable {
    /// Item number.
    var item: UInt32
    /// How much the person likes it now; above 0.
    var weight: Float
}

/// The walk's memory, leased per query and reused: after warm-up a walk allocates its answer only.
///
/// 8 bytes per person and 12 per item of the collection.
package struct WalkScratch: Sendable {
    /// What the masses belong to.
    struct Key: Equatable {
        var user: UserID?
        var variant: UInt64
        var now: Int64
        var graph: UInt64
        var changeCount: UInt64
    }

    /// The walk that `itemMass` holds, if any.
    var key: Key?
    /// By user number.
    var userMass: [Float] = []
    /// By item number.
    var itemMass: [Float] = []
    /// Users with a mass, in the order in which they were met; one more than there are users.
    var touchedUsers: [UInt32] = []
    /// How many of `touchedUsers` mean anything.
    var touchedUserCount = 0
    /// Items with a mass, in the order in which they were met; one more than there are items.
    var touchedItems: [UInt32] = []
    /// How many of `touchedItems` mean anything.
    var touchedItemCount = 0
    /// Scores of the touched items; as long as their list.
    var scores: [Float] = []
    /// Where the walk starts.
    var seeds: [WalkSeed] = []
    /// Numbers of items that must not come back, ascending.
    var excluded: [UInt32] = []
    /// Of users' masses or items' scores.
    var histogram = MassHistogram()

    /// Empty; grows to fit on first use.
    package init() {}

    /// Zeroes what the last walk left, and makes room.
    mutating func reset(users: Int, items: Int) {
        key = nil
        clearUsers()
        for position in 0..<touchedItemCount { itemMass[Int(touchedItems[position])] = 0 }
        touchedItemCount = 0
        seeds.removeAll(keepingCapacity: true)
        excluded.removeAll(keepingCapacity: true)
        Self.grow(&userMass, to: users, with: 0)
        Self.grow(&touchedUsers, to: users + 1, with: 0)
        Self.grow(&itemMass, to: items, with: 0)
        Self.grow(&touchedItems, to: items + 1, with: 0)
        Self.grow(&scores, to: items + 1, with: 0)
    }

    /// Zeroes the users' masses.
    mutating func clearUsers() {
        for position in 0..<touchedUserCount { userMass[Int(touchedUsers[position])] = 0 }
        touchedUserCount = 0
    }

    private static func grow<Value>(_ values: inout [Value], to count: Int, with value: Value) {
        guard values.count < count else { return }
        values.append(contentsOf: repeatElement(value, count: count - values.count))
    }

    /// Moves an array out, to be put back by the caller: a span over a local array leaves the
    /// other fields free to change.
    static func take<Value>(_ values: inout [Value]) -> [Value] {
        var taken: [Value] = []
        swap(&taken, &values)
        return taken
    }
}
