import PalateModel

// The answer to COLLECTION_STATS: ten numbers, then a counted list that later versions make longer.
extension V1 {
    private typealias Number = any WritableKeyPath<CollectionStats, UInt64> & Sendable

    /// Numbers of the list that this version reads; it skips those behind them.
    private static let listedNumbers: [Number] = [
        \.mapBytesMax, \.freeBytes, \.oldestReaderCommits, \.oldestReaderMilliseconds,
        \.tailMilliseconds, \.unreachableItems, \.checkedRows, \.repairDebt, \.reusableSlots,
        \.writeStateNumber, \.tasteWriteStateNumber,
    ]
    private static let leadingNumbers: [(Number, String)] = [
        (\.liveItems, "live items"), (\.deletedItems, "deleted items"),
        (\.appliedVersion, "applied version"), (\.tailRows, "tail rows"),
        (\.indexBytes, "index bytes"), (\.storedBytes, "stored bytes"), (\.mapBytes, "map bytes"),
        (\.events, "events"), (\.users, "users"), (\.edges, "edges"),
    ]
    /// Numbers that a list may have.
    private static let listedMax = 0...1_024

    func encodeStats(_ stats: CollectionStats, _ writer: inout FrameWriter) {
        let failure = bounded(stats.lastFailure, to: ErrorReport.messageBytes.upperBound)
        for (number, _) in Self.leadingNumbers { writer.write(stats[keyPath: number]) }
        writer.write(UInt32(Self.listedNumbers.count))
        writer.write(UInt32(failure.utf8.count))
        for number in Self.listedNumbers { writer.write(stats[keyPath: number]) }
        writer.write(text: failure)
    }

    func decodeStats(_ reader: inout BodyReader) throws(RequestError) -> CollectionStats {
        var stats = CollectionStats()
        for (number, field) in Self.leadingNumbers {
            stats[keyPath: number] = try reader.read(UInt64.self, field)
        }
        // A server from before the list.
        guard reader.remaining > 0 else { return stats }
        let count = try reader.readCount("numbers", in: Self.listedMax)
        let failureBytes = try reader.readCount("failure length", in: ErrorReport.messageBytes)
        for index in 0..<count {
            let value = try reader.read(UInt64.self, "number \(index)")
            guard index < Self.listedNumbers.count else { continue }
            stats[keyPath: Self.listedNumbers[index]] = value
        }
        stats.lastFailure = try reader.readText(byteCount: failureBytes, "failure")
        return stats
    }
}

extension CollectionStats {
    fileprivate var writeStateNumber: UInt64 {
        get { UInt64(writeState.rawValue) }
        set { writeState = WriteState(number: newValue) }
    }

    fileprivate var tasteWriteStateNumber: UInt64 {
        get { UInt64(tasteWriteState.rawValue) }
        set { tasteWriteState = WriteState(number: newValue) }
    }
}

extension WriteState {
    /// A state that this version does not know is not a healthy one.
    fileprivate init(number: UInt64) {
        self = WriteState(rawValue: UInt8(clamping: number)) ?? .failed
    }
}
