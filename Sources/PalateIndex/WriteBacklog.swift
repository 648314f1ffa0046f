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

    private struct Lane {
        var waiting: [Waiting] = []
        var bytes = 0
    }

    private let groupBytes: Int
    private var lanes = [Lane(), Lane()]
    /// The lane that had the last group.
    private var lane = 0

    /// Nothing waits.
    ///
    /// - Parameter groupBytes: of operations that are written together; a larger one goes alone.
    package init(groupBytes: Int) { self.groupBytes = groupBytes }

    /// Whether nothing waits.
    package var isEmpty: Bool { lanes.allSatisfy(\.waiting.isEmpty) }

    /// Adds an operation behind those of its lane.
    ///
    /// - Parameters:
    ///   - operation: what to do.
    ///   - bytesMax: of the lane with it; one that is larger waits alone.
    ///   - completion: called once by whoever takes the operation.
    /// - Returns: whether there was room.
    package mutating func append(
        _ operation: WriteOperation,
        bytesMax: Int,
        _ completion: @escaping WriteCompletion
    ) -> Bool {
        let lane = operation.isLoad ? 1 : 0
        let bytes = lanes[lane].bytes + operation.byteCount
        guard bytes <= bytesMax || lanes[lane].waiting.isEmpty else { return false }
        lanes[lane].bytes = bytes
        lanes[lane].waiting.append(Waiting(operation: operation, completion: completion))
        return true
    }

    /// Takes the operations that are written together next; none where nothing waits.
    package mutating func takeGroup() -> [Waiting] {
        if !lanes[1 - lane].waiting.isEmpty { lane = 1 - lane }
        var count = 0
        var bytes = 0
        for waiting in lanes[lane].waiting {
            let next = waiting.operation.byteCount
            let isAlone = waiting.operation.isAlone
            if count > 0, isAlone || bytes + next > groupBytes { break }
            count += 1
            bytes += next
            if isAlone { break }
        }
        lanes[lane].bytes -= bytes
        defer { lanes[lane].waiting.removeFirst(count) }
        return Array(lanes[lane].waiting.prefix(count))
    }
}
