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
/// 4 bytes per person and per item of the collection, all zero between walks.
package struct WalkScratch: Sendable {
    /// What the masses belong to.
    struct Key: Equatable {
        var user: UserID
        var now: Int64
        var changeCount: UInt64
    }

    /// The walk that `itemMass` holds, if any.
    var key: Key?
    /// By user number.
    var userMass: [Float] = []
    /// By item number.
    var itemMass: [Float] = []
    /// Users with a mass, in the order in which they were met.
    var touchedUsers: [UInt32] = []
    /// Items with a mass, in the order in which they were met.
    var touchedItems: [UInt32] = []
    /// Where the walk starts.
    var seeds: [WalkSeed] = []
    /// Numbers of items that must not come back, ascending.
    var excluded: [UInt32] = []
    /// Steps of the second hop by bucket of user mass.
    var bucketSteps: [Int] = []

    /// Empty; grows to fit on first use.
    package init() {}

    /// Zeroes what the last walk left, and makes room.
    mutating func reset(users: Int, items: Int) {
        key = nil
        clearUsers()
        for item in touchedItems { itemMass[Int(item)] = 0 }
        touchedItems.removeAll(keepingCapacity: true)
        seeds.removeAll(keepingCapacity: true)
        excluded.removeAll(keepingCapacity: true)
        if userMass.count < users {
            userMass.append(contentsOf: repeatElement(0, count: users - userMass.count))
        }
        if itemMass.count < items {
            itemMass.append(contentsOf: repeatElement(0, count: items - itemMass.count))
        }
    }

    /// Zeroes the users' masses.
    mutating func clearUsers() {
        for user in touchedUsers { userMass[Int(user)] = 0 }
        touchedUsers.removeAll(keepingCapacity: true)
    }

    /// Moves an array out, to be put back by the caller: a span over a local array leaves the
    /// other fields free to change.
    static func take(_ values: inout [Float]) -> [Float] {
        var taken: [Float] = []
        swap(&taken, &values)
        return taken
    }
}
