package import PalateModel
package import PalateStorage
import Synchronization

/// Decompresses payloads; contexts are leased, so any thread may ask.
final class PayloadReader: Sendable {
    private struct Idle: ~Copyable {
        var decompressors: [Lease] = []
    }

    // SAFETY: @unchecked Sendable: a decompressor is held by one lease at a time.
    private final class Lease: @unchecked Sendable {
        let decompressor: PayloadDecompressor
        var known: Set<UInt32> = []

        init() throws(StorageError) { decompressor = try PayloadDecompressor() }
    }

    private let idle = Mutex(Idle())

    /// The payload inside a stored frame.
    ///
    /// - Throws: damage, or more bytes than `Limits.payloadBytes`.
    func decompress(
        _ frame: RawSpan,
        _ store: GenerationStore,
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) -> [UInt8] {
        do throws(StorageError) {
            let lease: Lease
            if let free = idle.withLock({ $0.decompressors.popLast() }) {
                lease = free
            } else {
                lease = try Lease()
            }
            defer { idle.withLock { $0.decompressors.append(lease) } }
            let id = try PayloadFrame(frame).dictionaryID
            if id != 0, !lease.known.contains(id) {
                guard let dictionary = try? store.dictionary(id, transaction) else {
                    throw StorageError.unknownDictionary(id: id)
                }
                try lease.decompressor.add(dictionary)
                lease.known.insert(id)
            }
            return try lease.decompressor.decompress(
                frame,
                limit: Limits.payloadBytes.upperBound
            )
        } catch {
            throw .storage(error)
        }
    }
}

extension Collection {
    /// The payload of a row, nil where it has none.
    package func payload(
        of ordinal: Ordinal,
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) -> [UInt8]? {
        guard let value = try transaction.value(store.payloads, ordinal) else { return nil }
        let frame = try Sealed.open(value, table: "payloads", key: Format.key(ordinal))
        return try payloads.decompress(frame, store, transaction)
    }
}
