import PalateChecksum
import PalateModel
import PalateStorage

/// Reads the values of a running directory a little at a time, for ever, and names those whose
/// checksums do not hold: damage to what nobody asks for is found while backups are still good.
///
/// Checks values alone; that tables agree is for `Verification`, on a directory that stands still.
/// One thread at a time may call `step`.
package final class Scrubber: Sendable {
    /// Entries read per transaction: blocks of vectors make them a few MiB at most.
    private static let entriesPerRead = 64

    /// Where the next step begins.
    private struct Position {
        /// The collection's handle; the next higher one where it is gone.
        var handle: UInt32 = 0
        var table = 0
        var key: [UInt8]?
    }

    private struct State {
        var position = Position()
        var scrubbedBytes: UInt64 = 0
        var places: Set<String> = []
    }

    private let directory: DataDirectory
    private let note: @Sendable (Finding) -> Void
    private let state = ReadWriteLock(State())

    /// A scrubber that has read nothing.
    ///
    /// - Parameters:
    ///   - directory: open.
    ///   - note: hears of every damaged object once.
    package init(directory: DataDirectory, note: @escaping @Sendable (Finding) -> Void) {
        self.directory = directory
        self.note = note
    }

    /// Bytes of values read so far.
    package var scrubbedBytes: UInt64 { state.withReadLock { $0.scrubbedBytes } }

    /// Damaged objects met so far, each counted once.
    package var damagedObjects: Int { state.withReadLock { $0.places.count } }

    /// Reads the next values, about `byteCount` bytes, or to the end of the round.
    ///
    /// - Returns: whether a round ended: everything has been read once more.
    @discardableResult
    package func step(byteCount: Int) -> Bool {
        var position = state.withReadLock { $0.position }
        var left = byteCount
        while left > 0 {
            let all = directory.collections.sorted { $0.info.handle < $1.info.handle }
            guard let collection = all.first(where: { $0.info.handle >= position.handle }) else {
                state.withWriteLock { $0.position = Position() }
                return true
            }
            if collection.info.handle != position.handle {
                position = Position(handle: collection.info.handle)
            }
            let tables = ScrubbedTable.all(of: collection)
            guard position.table < tables.count else {
                position = Position(handle: position.handle + 1)
                continue
            }
            left -= read(tables[position.table], of: collection, &position)
            state.withWriteLock { $0.position = position }
        }
        return false
    }

    /// Reads a portion of one table and moves behind it; returns the bytes read.
    private func read(
        _ table: ScrubbedTable,
        of collection: Collection,
        _ position: inout Position
    ) -> Int {
        let name = collection.info.schema.name
        do throws(IndexError) {
            let portion = try table.read(from: position.key, count: Self.entriesPerRead)
            for finding in portion.errors.map({ Finding(name, $0) }) { add(finding) }
            state.withWriteLock { $0.scrubbedBytes += UInt64(portion.byteCount) }
            position.key = portion.next
            if portion.next == nil { position.table += 1 }
            // An empty table costs a transaction.
            return max(portion.byteCount, 1)
        } catch {
            add(Finding(name, error))
            (position.key, position.table) = (nil, position.table + 1)
            return 1
        }
    }

    private func add(_ finding: Finding) {
        let place = "\(finding.collection)/\(finding.table)/\(finding.key)"
        if state.withWriteLock({ $0.places.insert(place).inserted }) { note(finding) }
    }
}

/// A table as a scrubber reads it.
private struct ScrubbedTable {
    /// What one read met.
    struct Portion {
        var byteCount = 0
        var errors: [IndexError] = []
        /// The first key that was not read; nil at the end of the table.
        var next: [UInt8]?
    }

    let environment: Environment
    let name: String
    /// Bytes of a float32 row with its checksum; 0 = values are sealed.
    var rowBytes = 0
    var rowsPerBlock = 0

    static func all(of collection: Collection) -> [ScrubbedTable] {
        let store = collection.store
        let rowBytes = Format.sealedVectorBytes(dimensions: store.schema.dimensions)
        var absent: Set<Format.Table> = []
        if store.removals.withReadLock({ $0.table == nil }) { absent.insert(.removals) }
        if store.fieldTable == nil { absent.insert(.fields) }
        return Format.Table.allCases.filter { !absent.contains($0) }.map { table in
            ScrubbedTable(
                environment: store.environment,
                name: table.rawValue,
                rowBytes: table == .vectors ? rowBytes : 0,
                rowsPerBlock: store.vectorBlockRows
            )
        }
            + Format.TasteTable.allCases.map { table in
                ScrubbedTable(
                    environment: collection.taste.tables.environment,
                    name: table.rawValue
                )
            }
    }

    func read(from start: [UInt8]?, count: Int) throws(IndexError) -> Portion {
        let table = try stored { () throws(StorageError) in
            try environment.table(name, key: [UInt8].self)
        }
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var portion = Portion()
            var cursor = try transaction.sealedCursor(table, from: start)
            defer { cursor.close() }
            for _ in 0..<count {
                guard let key = try cursor.step() else { return portion }
                portion.byteCount += cursor.value.byteCount
                check(key, cursor.value, &portion)
            }
            portion.next = try cursor.step()
            return portion
        }
    }

    private func check(_ key: [UInt8], _ value: RawSpan, _ portion: inout Portion) {
        do throws(IndexError) {
            if rowBytes == 0 {
                _ = try Sealed.open(value, table: name, key: key)
            } else {
                try checkRows(key, value)
            }
        } catch {
            portion.errors.append(error)
        }
    }

    private func checkRows(_ key: [UInt8], _ value: RawSpan) throws(IndexError) {
        let first = key.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } &* UInt32(rowsPerBlock)
        for row in 0..<value.byteCount / rowBytes {
            let end = (row + 1) * rowBytes - Sealed.overhead
            let got = crc32c(value.extracting(row * rowBytes..<end), seed: first &+ UInt32(row))
            let expected = Sealed.word(value, at: end)
            guard got == expected else {
                throw .corrupt(
                    place: Sealed.place(name, key),
                    reason: "row \(row): checksum \(got), expected \(expected)"
                )
            }
        }
    }
}
