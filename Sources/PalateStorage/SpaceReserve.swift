import PalateModel

/// Blocks of the disk behind the end of `data.mdb`, kept so that deletes find room when others do
/// not: copy on write takes new pages before it gives old ones back.
///
/// Before each write that adds, and before its commit with what that will take, the blocks of the
/// reserve are allocated behind the last page. Where that is not possible, free pages inside the
/// file count too; where those do not do, the disk is full, and only writes that take away go on,
/// into the reserve.
final class SpaceReserve: Sendable {
    /// Least and most bytes of the reserve; between them an eighth of the file: a delete changes a
    /// page or two per row, more of them in a larger file.
    static let byteRange = (1 << 20)...(16 << 20)

    private struct State {
        /// Blocks of the file are allocated up to here.
        var end = 0
        /// Whether the file system can allocate ahead.
        var isPossible = true
        /// Bytes that the last commit refused would have added; 0 once another was taken.
        var refusedGrowth = 0
    }

    private let path: String
    private let state = ReadWriteLock(State())

    init(directory: String) { path = DataFile.path(in: directory) }

    /// Bytes that a file keeps behind its end.
    static func byteCount(fileBytes: Int) -> Int {
        min(max(fileBytes / 8, byteRange.lowerBound), byteRange.upperBound)
    }

    /// Bytes that the last commit refused would have added, and none was taken since: with room for
    /// so many the disk is not full any more.
    var refusedGrowth: Int { state.withReadLock { $0.refusedGrowth } }

    /// Allocates the reserve, twice as much where there is room, so that one call does for many
    /// commits.
    ///
    /// - Parameters:
    ///   - fileBytes: up to the last page.
    ///   - growth: bytes about to be added to them.
    ///   - spare: bytes of free pages inside the file that may be counted on.
    ///   - mapBytes: the file cannot grow beyond these.
    /// - Throws: `diskFull` where the reserve could not be kept.
    func keep(
        behind fileBytes: Int,
        adding growth: Int,
        spare: Int,
        mapBytes: Int
    ) throws(StorageError) {
        let reserve = Self.byteCount(fileBytes: fileBytes)
        let wanted = min(fileBytes + max(growth + reserve - spare, 0), mapBytes)
        try state.withWriteLock { state throws(StorageError) in
            guard state.isPossible, wanted > max(state.end, fileBytes) else { return }
            do throws(StorageError) {
                try allocate(fileBytes..<min(wanted + reserve, mapBytes), &state)
            } catch {
                do throws(StorageError) {
                    try allocate(fileBytes..<wanted, &state)
                } catch {
                    if growth > 0 { state.refusedGrowth = growth }
                    throw error
                }
            }
        }
    }

    private func allocate(_ range: Range<Int>, _ state: inout State) throws(StorageError) {
        guard range.upperBound <= FileSystem.fileBytesMax else {
            throw .diskFull(status: .fileTooLarge)
        }
        state.isPossible = try FileSystem.allocate(range, of: path)
        state.end = range.upperBound
    }

    /// A commit that adds was taken.
    func noteSuccess() { state.withWriteLock { $0.refusedGrowth = 0 } }

    /// Forgets what was allocated: somebody else may have taken it.
    func forget() { state.withWriteLock { $0.end = 0 } }
}
