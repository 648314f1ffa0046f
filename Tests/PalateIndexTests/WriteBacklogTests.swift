import PalateIndex
import PalateModel
import Testing

/// Which writes go together, and who waits for whom.
struct WriteBacklogTests {
    /// Rows of so many bytes, by their id.
    private static func rows(_ id: ItemID, payload bytes: Int) -> RowBatch {
        RowBatch(
            ids: [id],
            vectors: [1],
            payloads: [[UInt8](repeating: 0, count: bytes)]
        )
    }

    private static func load(_ id: ItemID, bytes: Int = 1_000) -> WriteOperation {
        .load(
            LoadData(
                begin: LoadBegin(handle: 1, loaderID: 1, epoch: 1),
                sequence: id,
                rows: rows(id, payload: bytes)
            )
        )
    }

    private static func name(_ operation: WriteOperation) -> String {
        switch operation {
        case .upsert(let rows): "write \(rows.ids[0])"
        case .load(let data): "load \(data.sequence)"
        case .deleteMatching: "delete"
        default: "other"
        }
    }

    /// The groups that are taken one after the other.
    private static func groups(_ operations: [WriteOperation], groupBytes: Int) -> [[String]] {
        var backlog = WriteBacklog(groupBytes: groupBytes)
        for operation in operations {
            let isTaken = backlog.append(operation, bytesMax: .max) { _ in }
            #expect(isTaken)
        }
        var groups: [[String]] = []
        while true {
            let group = backlog.takeGroup()
            if group.isEmpty { break }
            groups.append(group.map { name($0.operation) })
        }
        #expect(backlog.isEmpty)
        return groups
    }

    @Test func `a write waits for one group of loads, however many there are`() {
        let loads = (1...4).map { Self.load($0) }
        let writes = (5...6).map { WriteOperation.upsert(Self.rows($0, payload: 10)) }
        #expect(
            Self.groups(loads + writes, groupBytes: 1_500)
                == [["load 1"], ["write 5", "write 6"], ["load 2"], ["load 3"], ["load 4"]]
        )
    }

    @Test func `loads wait for one group of writes`() {
        let writes = (1...3).map { WriteOperation.upsert(Self.rows($0, payload: 1_000)) }
        #expect(
            Self.groups(writes + [Self.load(4), Self.load(5)], groupBytes: 1_500)
                == [["load 4"], ["write 1"], ["load 5"], ["write 2"], ["write 3"]]
        )
    }

    @Test func `a group holds what fits, and one that does not fit goes alone`() {
        let small = (1...5).map { WriteOperation.upsert(Self.rows($0, payload: 100)) }
        let large = WriteOperation.upsert(Self.rows(6, payload: 5_000))
        let bytes = small[0].byteCount
        #expect(
            Self.groups(small + [large], groupBytes: 2 * bytes)
                == [["write 1", "write 2"], ["write 3", "write 4"], ["write 5"], ["write 6"]]
        )
    }

    @Test func `what depends on all before it is written by itself`() {
        let write = WriteOperation.upsert(Self.rows(1, payload: 1))
        let delete = WriteOperation.deleteMatching(.all, limit: 5)
        #expect(
            Self.groups([write, write, delete, write], groupBytes: 1 << 20)
                == [["write 1", "write 1"], ["delete"], ["write 1"]]
        )
    }

    @Test func `lanes are full one by one, and have room again when a group was taken`() {
        let write = WriteOperation.upsert(Self.rows(1, payload: 1_000))
        let most = 2 * write.byteCount
        var backlog = WriteBacklog(groupBytes: 1_500)
        func offer(_ operation: WriteOperation) -> Bool {
            backlog.append(operation, bytesMax: most) { _ in }
        }
        #expect(offer(write) && offer(write) && !offer(write))
        // Loads are not in its way, nor the other way round.
        #expect(offer(Self.load(2)) && offer(Self.load(3)) && !offer(Self.load(4)))
        #expect(backlog.takeGroup().map { Self.name($0.operation) } == ["load 2"])
        #expect(!offer(write) && offer(Self.load(5)))
        #expect(backlog.takeGroup().map { Self.name($0.operation) } == ["write 1"])
        #expect(offer(write))
        // One that is larger than all that may wait waits where nothing else does.
        var empty = WriteBacklog(groupBytes: 1_500)
        #expect(empty.append(write, bytesMax: 10) { _ in } && !empty.isEmpty)
    }
}
