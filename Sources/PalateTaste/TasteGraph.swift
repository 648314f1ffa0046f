package import PalateModel

// PalateTaste: what people did with items, and what that says about other items. Pure synchronous
// values: no disk, no vectors, no locks; the index brings all three.
//
// | file | what |
// |---|---|
// | TasteGraph.swift | all people and items of a collection: events in, records out |
// | TasteGraph+Reading.swift | one person's seen, hidden and rejected items, and medoids |
// | TwoHopWalk.swift | from a person's items over like-minded people to candidates |
// | WalkScratch.swift | the walk's reusable memory |
// | WalkDampings.swift, MassHistogram.swift | powers by table; thresholds without sorting |
// | UserRecord.swift, +Clusters, +Bytes | one person's state; its clusters; its stored form |
// | WardClustering.swift, UserRecord+Reclustering.swift | clusters made anew |
// | Decay.swift | half-lives, and sums that decay |
// | TasteSettings.swift, TasteLimits.swift | every constant, and where it comes from |
// | AdjacencyPool.swift, DenseIDs.swift | flat adjacency lists; ids to dense numbers |
// | ValueInterests.swift | interests in the values of a field, along paths |
// | CandidateColumns.swift, TasteScorer.swift | the terms of the score, normalised and weighted |
// | Rerankers/ | one file per reranker, and the registry |
// | Slates/ | one file per slate builder, and the registry |
// | Slates/Greedy/ | what a slate is chosen from, its rules, the one greedy loop, gains |
// | Guards/ | experiments, and gauges of what lists are and what comes of them |
// | Exploration/ | explored slots and their propensities; clusters rewarded by engagement |
// | TasteError.swift | why stored taste was refused |

/// All people, items and edges of one collection's taste.
///
/// A record per person is the truth; the two adjacency pools that the walk reads are derived from
/// the records, edge by edge, so edge weights do not depend on the order in which events arrive.
/// Expected load: thousands of events a second in batches under a writer lock, walks of about
/// 0.3 ms under reader locks.
package struct TasteGraph: ~Copyable, Sendable {
    /// The constants; `use` changes them.
    package private(set) var settings: TasteSettings

    var users = DenseIDs()
    var items = DenseIDs()
    /// By user number.
    var records: [UserRecord] = []
    /// The walk's edges from users to items, and back.
    var itemsOfUser = AdjacencyPool()
    var usersOfItem = AdjacencyPool()
    /// By item number: people who like it, counted without limit.
    var likeCounts: [UInt32] = []
    /// Damping and decay by look-up, so that the walk raises no powers.
    private(set) var dampings: WalkDampings
    /// Raised by every change; tells a scratch that its walk is out of date.
    private(set) var changeCount: UInt64 = 0
    /// Tells a scratch that its walk is another graph's.
    let identity = UInt64.random(in: 0...UInt64.max)

    /// Nobody and nothing.
    package init(settings: TasteSettings = TasteSettings()) {
        self.settings = settings
        dampings = WalkDampings(settings.walk)
    }

    /// People with a record.
    package var userCount: Int { users.count }
    /// Edges the walk can follow from people to items.
    package var edgeCount: Int { itemsOfUser.edgeCount }

    /// Counts one event: the person's signal, cluster and edges change at once.
    ///
    /// - Parameters:
    ///   - event: in any order of time; an impression counts as an exposure alone.
    ///   - similarity: asked a few times, when an item starts or stops being liked.
    /// - Returns: whether the person's record changed, and is to be stored again.
    @discardableResult
    package mutating func apply(_ event: Event, similarity: SimilarityList) -> Bool {
        changeCount &+= 1
        let user = addUser(event.user)
        // Moved out, so that the record is changed in place rather than copied.
        var record = UserRecord()
        swap(&record, &records[user])
        let dropped = record.apply(event, settings: settings, similarity: similarity)
        if event.type != .impression { setEdge(user: user, item: event.item, record: record) }
        for item in dropped { setEdge(user: user, item: item, strength: 0, time: 0) }
        swap(&record, &records[user])
        return true
    }

    /// Takes over one person's stored record in place of whatever is known of them.
    ///
    /// A record kept under other settings may hold more liked items than there is room for; then
    /// the weakest go, as they would with the next event.
    package mutating func load(_ record: UserRecord, for user: UserID) {
        forget(user)
        changeCount &+= 1
        var record = record
        while let surplus = record.surplusItem(settings: settings) {
            record.leave(surplus, similarity: { _, _, _ in false })
            record.signals.removeSubrange(record.range(of: surplus))
        }
        let number = addUser(user)
        record.forEachItem { range in
            let time = record.newestTime(range)
            let strength = record.weight(range, now: time, settings: settings)
            let item = record.signals[range.lowerBound].item
            setEdge(user: number, item: item, strength: strength, time: time)
        }
        records[number] = record
    }

    /// Goes by other settings from now on: every edge is derived again.
    ///
    /// Sums keep the fading they had up to their newest event.
    package mutating func use(_ settings: TasteSettings) {
        guard settings != self.settings else { return }
        self.settings = settings
        dampings = WalkDampings(settings.walk)
        changeCount &+= 1
        for user in users.everyID {
            if let record = record(of: user) { load(record, for: user) }
        }
    }

    /// Removes one person and every edge of theirs.
    ///
    /// - Returns: whether they were known.
    @discardableResult
    package mutating func forget(_ user: UserID) -> Bool {
        guard let number = users.number(of: user) else { return false }
        changeCount &+= 1
        let edges = itemsOfUser.lists[number].range.map { itemsOfUser.edges[$0].neighbour }
        itemsOfUser.removeAll(from: number)
        for item in edges { dropLike(of: Int(item), by: number) }
        records[number] = UserRecord()
        users.remove(user)
        return true
    }

    /// Everything known of one person.
    package func record(of user: UserID) -> UserRecord? {
        users.number(of: user).map { records[$0] }
    }

    /// Puts unclustered liked items of one person into clusters, once their vectors have arrived.
    ///
    /// - Returns: whether the record changed.
    package mutating func cluster(_ user: UserID, similarity: SimilarityList) -> Bool {
        guard let number = users.number(of: user) else { return false }
        var record = UserRecord()
        swap(&record, &records[number])
        var waiting: [ItemID] = []
        record.forEachItem { range in
            let first = record.signals[range.lowerBound]
            guard first.cluster == Signal.unclustered else { return }
            let time = record.newestTime(range)
            if record.weight(range, now: time, settings: settings) > 0 {
                waiting.append(first.item)
            }
        }
        let before = record
        for item in waiting {
            record.join(item, threshold: settings.clusterSimilarity, similarity: similarity)
        }
        let changed = record != before
        swap(&record, &records[number])
        return changed
    }

    /// Takes over clusters that were made anew; see `UserRecord.take`.
    ///
    /// - Returns: whether the record changed.
    package mutating func take(
        _ clustering: Reclustering,
        of user: UserID,
        similarity: SimilarityList
    ) -> Bool {
        guard let number = users.number(of: user) else { return false }
        return records[number].take(clustering, similarity: similarity)
    }

    private mutating func addUser(_ user: UserID) -> Int {
        let number = users.numberAdding(user)
        if number == records.count { records.append(UserRecord()) }
        itemsOfUser.grow(to: users.capacity)
        return number
    }

    /// Derives one edge from the signals of its item.
    private mutating func setEdge(user: Int, item: ItemID, record: UserRecord) {
        let range = record.range(of: item)
        guard !range.isEmpty else { return }
        let time = record.newestTime(range)
        let strength = record.weight(range, now: time, settings: settings)
        setEdge(user: user, item: item, strength: strength, time: time)
    }

    /// Makes the edge stand at `strength` in both directions; at 0 or below there is none.
    private mutating func setEdge(user: Int, item: ItemID, strength: Float, time: Int64) {
        guard strength > 0 else {
            guard let number = items.number(of: item) else { return }
            if itemsOfUser.remove(UInt32(number), from: user) { dropLike(of: number, by: user) }
            return
        }
        let number = items.numberAdding(item)
        if number == likeCounts.count { likeCounts.append(0) }
        usersOfItem.grow(to: items.capacity)
        let day = WalkDampings.day(of: time)
        let isNew = itemsOfUser.set(
            WalkEdge(neighbour: UInt32(number), strength: strength, day: day),
            in: user,
            // The record is over its limit for a moment before its weakest item goes.
            limit: TasteLimits.likedItemsPerUser + 1
        )
        if isNew { likeCounts[number] += 1 }
        usersOfItem.set(
            WalkEdge(neighbour: UInt32(user), strength: strength, day: day),
            in: number,
            limit: TasteLimits.walkUsersPerItem
        )
    }

    /// Takes one like off an item; the number of an item that nobody likes is free again.
    private mutating func dropLike(of item: Int, by user: Int) {
        usersOfItem.remove(UInt32(user), from: item)
        likeCounts[item] -= 1
        if likeCounts[item] == 0 { items.remove(items.id(of: item)) }
    }
}
