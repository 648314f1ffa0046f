import PalateModel

/// Blocks of the disk behind the end of `data.mdb`, kept so that deletes find room when others do
/// not: copy on write takes new pages before it gives old ones back.
///
/// Before each write that adds, the blocks of the reserve are allocated behind the last page; where
/// that is not possible the disk is full, and only writes that take away go on, into the reserve.
final class SpaceReserve: Sendable {
    /// Least and most bytes of the reserve; between them an eighth of the file: a delete changes a
    /// page or two per row, more of them in a larger file.
    static let byteRange = (1 << 20)...(16 << 20)

    private struct State {
        /// Blocks of the file are allocated up to here.
        var end = 0
        /// Whether the file system can allocate ahead.
        var isPossible = true
    }

    private let path: String
    private let state = ReadWriteLock(State())

    init(directory: String) { path = DataFile.path(in: directory) }

    /// Bytes that a file keeps behind its end.
    static func byteCount(fileBytes: Int) -> Int {
        min(max(fileBytes / 8, byteRange.lowerBound), byteRange.upperBound)
    }

    /// Allocates the reserve behind a file of `fileBytes`, twice as much where there is room, so
    /// that one call does for many commits.
    ///
    /// - Throws: `diskFull` where the reserve could not be kept.
    func keep(behind fileBytes: Int, mapBytes: Int) throws(StorageError) {
        let reserve = Self.byteCount(fileBytes: fileBytes)
        let wanted = min(fileBytes + reserve, mapBytes)
        guard wanted <= FileSystem.fileBytesMax else {
            throw .diskFull(status: .fileTooLarge)
        }
        try state.withWriteLock { state throws(StorageError) in
            guard state.isPossible, wanted > max(state.end, fileBytes) else { return }
            let generous = min(wanted + reserve, mapBytes)
            do {
                state.isPossible = try FileSystem.allocate(fileBytes..<generous, of: path)
                state.end = generous
            } catch {
                state.isPossible = try FileSystem.allocate(fileBytes..<wanted, of: path)
                state.end = wanted
            }
        }
    }

    /// Forgets what was allocated: somebody else may have taken it.
    func forget() { state.withWriteLock { $0.end = 0 } }
}
