package import PalateModel
package import PalateStorage

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

    private let idle = ReadWriteLock(Idle())

    /// The payload inside a stored frame.
    ///
    /// - Throws: damage, or more bytes than `Limits.payloadBytes`.
    func decompress(
        _ frame: RawSpan,
        _ store: GenerationStore,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> [UInt8] {
        let lease = try takeLease()
        defer { idle.withWriteLock { $0.decompressors.append(lease) } }
        try addDictionary(of: frame, to: lease, store, transaction)
        do {
            return try lease.decompressor.decompress(frame, limit: Limits.payloadBytes.upperBound)
        } catch {
            throw .storage(error)
        }
    }

    /// The payload of a row that was read, nil where it has none.
    ///
    /// - Throws: damage, and `missing` where the row says that it has one.
    func payload(
        of record: RowRecord,
        at slot: Ordinal,
        _ store: GenerationStore,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> [UInt8]? {
        guard record.hasPayload else { return nil }
        let frame = try store.frame(of: record, at: slot, transaction)
        return try decompress(frame, store, transaction)
    }

    private func takeLease() throws(IndexError) -> Lease {
        if let free = idle.withWriteLock({ $0.decompressors.popLast() }) { return free }
        do {
            return try Lease()
        } catch {
            throw .storage(error)
        }
    }

    private func addDictionary(
        of frame: RawSpan,
        to lease: Lease,
        _ store: GenerationStore,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) {
        let id: UInt32
        do {
            id = try PayloadFrame(frame).dictionaryID
        } catch {
            throw .storage(error)
        }
        guard id != 0, !lease.known.contains(id) else { return }
        let dictionary = try store.dictionary(id, transaction)
        do {
            try lease.decompressor.add(dictionary)
        } catch {
            throw .storage(error)
        }
        lease.known.insert(id)
    }
}

extension Collection {
    /// The payload of a row, nil where it has none.
    ///
    /// - Throws: damage, and `missing` where the row says that it has one.
    package func payload(
        of ordinal: Ordinal,
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) -> [UInt8]? {
        let record = try store.row(ordinal, transaction)
        return try payloads.payload(of: record, at: ordinal, store, transaction)
    }
}
