import PalateFields
import PalateModel

/// The rows of filters asked lately: recommenders ask the same few all day.
///
/// An entry holds for one version of the values, so any write makes all of them stale; they are
/// replaced when they are asked again. Filters that name items are not kept, since which row an
/// item has changes beside the values, nor are long ones, which take as long to compare as to
/// evaluate. Workload: a look-up a query, 0.2 us, for some 5 us a range over 60,000 rows.
final class FilterCache: Sendable {
    /// Filters kept; beyond, the one that came first goes.
    static let filtersMax = 256
    /// Bytes of rows kept.
    static let bytesMax = 16 << 20
    /// Values named by a filter that is kept.
    static let literalsMax = 64

    private struct Entry {
        var rows: RowSet
        var version: UInt64
    }

    private struct State {
        var entries: [Filter: Entry] = [:]
        /// The filters of `entries`, those that came first in front.
        var order: [Filter] = []
        var byteCount = 0
    }

    private let state = ReadWriteLock(State())

    /// Bytes of the rows kept.
    var byteCount: Int { state.withReadLock { $0.byteCount } }

    /// The rows of a filter by this version of the values; nil where they are not known.
    func rows(_ filter: Filter, version: UInt64) -> RowSet? {
        state.withReadLock { state in
            guard !state.entries.isEmpty, let entry = state.entries[filter],
                entry.version == version
            else { return nil }
            return entry.rows
        }
    }

    /// Keeps the rows of a filter.
    func keep(_ rows: RowSet, _ filter: Filter, version: UInt64) {
        let bytes = rows.byteCount
        guard bytes <= Self.bytesMax / 4, !filter.namesItems,
            filter.literalCount <= Self.literalsMax
        else { return }
        state.withWriteLock { state in
            if let old = state.entries[filter] {
                // A search from before the last write may come late.
                guard old.version <= version else { return }
                state.byteCount -= old.rows.byteCount
            } else {
                state.order.append(filter)
            }
            state.entries[filter] = Entry(rows: rows, version: version)
            state.byteCount += bytes
            Self.trim(&state)
        }
    }

    private static func trim(_ state: inout State) {
        while state.order.count > filtersMax || state.byteCount > bytesMax {
            let first = state.order.removeFirst()
            guard let gone = state.entries.removeValue(forKey: first) else { continue }
            state.byteCount -= gone.rows.byteCount
        }
    }
}
