import PalateChecksum
import PalateModel
import PalateStorage

/// What compacting an environment changed.
package struct CompactionResult: Equatable, Sendable {
    /// Its directory, relative to the data directory.
    package var directory: String
    /// Bytes of its file before.
    package var bytesBefore: Int
    /// And after.
    package var bytesAfter: Int
}

/// Copies environments without their free pages, in place of themselves.
package enum Compaction {
    /// Compacts the directory at `path`, or one collection of it, which no server has open.
    ///
    /// Each copy is compared with its original, entry by entry, before it takes its place.
    ///
    /// - Returns: a line per environment.
    /// - Throws: `.request(.unknownCollection)`; damage, which compacting would carry over.
    package static func run(
        path: String,
        collection: String?
    ) throws(IndexError) -> [CompactionResult] {
        let directory = try ClosedDirectory(path: path)
        var environments = collection == nil ? ["catalog"] : []
        let wanted = directory.entries.filter { $0.schema.name == collection ?? $0.schema.name }
        if let collection, wanted.isEmpty {
            throw .request(.unknownCollection(name: collection))
        }
        for entry in wanted { environments += try directory.environments(of: entry) }
        var results: [CompactionResult] = []
        for name in environments { results.append(try compact(name, in: path)) }
        return results
    }

    private static func compact(
        _ name: String,
        in path: String
    ) throws(IndexError) -> CompactionResult {
        let directory = path + "/" + name
        let copy = path + "/compacting"
        do throws(IndexError) {
            let before = try stored { () throws(StorageError) in
                try FileTree.remove(copy)
                let environment = try Environment(
                    path: directory,
                    mapBytes: 1 << 20,
                    tables: 64,
                    readOnly: true
                )
                try environment.copy(to: copy)
                return try bytes(of: directory)
            }
            let (old, new) = (try digest(directory), try digest(copy))
            guard old == new else {
                throw .corrupt(place: copy, reason: "\(new), expected \(old)")
            }
            let after = try stored { () throws(StorageError) in try bytes(of: copy) }
            try EnvironmentSwap.replace(directory, by: copy)
            return CompactionResult(directory: name, bytesBefore: before, bytesAfter: after)
        } catch {
            try? FileTree.remove(copy)
            throw error
        }
    }

    private static func bytes(of directory: String) throws(StorageError) -> Int {
        try FileTree.byteCount(ofFile: directory + "/" + FileTree.dataFileName)
    }

    /// How many entries a file has and the checksum of all of them, in order, and that all its
    /// pages can be read.
    private static func digest(_ directory: String) throws(IndexError) -> String {
        var (entries, checksum) = (0, UInt32(0))
        let salvage = try PageSalvage.read(directory: directory, failingWith: IndexError.self) {
            entry throws(IndexError) in
            entries += 1
            for part in [Array(entry.table.utf8), entry.key, entry.value] {
                checksum = crc32c(part.span.rawBytes, seed: checksum)
            }
        }
        if let damage = salvage.damages.first {
            throw .corrupt(place: "\(directory): \(damage.table)", reason: damage.what)
        }
        return "\(entries) entries of checksum \(checksum)"
    }
}
