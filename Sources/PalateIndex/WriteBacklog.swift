/// Writes that wait for the one writer of a collection, in lanes that take turns by groups.
///
/// Loads have a lane and other writes have one; first come, first served in each. However much
/// loaders send ahead, a row that somebody writes waits for one of their groups.
package struct WriteBacklog: Sendable {
    /// An operation, and who hears of it.
    package struct Waiting: Sendable {
        /// What to do.
        package var operation: WriteOperation
        /// Called once.
        package var completion: WriteCompletion
    }

    /// Bytes of all that waits.
    package private(set) var bytes = 0

    private let groupBytes: Int
    private var lanes: [[Waiting]] = [[], []]
    /// The lane that had the last group.
    private var lane = 0

    /// Nothing waits.
    ///
    /// - Parameter groupBytes: of operations that are written together; a larger one goes alone.
    package init(groupBytes: Int) { self.groupBytes = groupBytes }

    /// Whether nothing waits.
    package var isEmpty: Bool { lanes.allSatisfy(\.isEmpty) }

    /// Adds an operation behind those of its lane.
    package mutating func append(
        _ operation: WriteOperation,
        _ completion: @escaping WriteCompletion
    ) {
        bytes += operation.byteCount
        let lane = operation.isLoad ? 1 : 0
        lanes[lane].append(Waiting(operation: operation, completion: completion))
    }

    /// Takes the operations that are written together next; none where nothing waits.
    package mutating func takeGroup() -> [Waiting] {
        if !lanes[1 - lane].isEmpty { lane = 1 - lane }
        var count = 0
        var taken = 0
        for waiting in lanes[lane] {
            let next = waiting.operation.byteCount
            let isAlone = waiting.operation.isAlone
            if count > 0, isAlone || taken + next > groupBytes { break }
            count += 1
            taken += next
            if isAlone { break }
        }
        bytes -= taken
        defer { lanes[lane].removeFirst(count) }
        return Array(lanes[lane].prefix(count))
    }
}
