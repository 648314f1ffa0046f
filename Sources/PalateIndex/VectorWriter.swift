import PalateModel
import PalateStorage

/// Float32 rows on their way to their blocks: a transaction reads and writes each block about once.
struct VectorWriter {
    /// Blocks held before they are written: 8 MiB.
    private static let blocksMax = 256

    private var blocks: [UInt32: [UInt8]] = [:]

    /// Puts a row into its slot: the next of its block, or one that has had a row.
    mutating func put(
        _ vector: Span<Float>,
        ordinal: Ordinal,
        to store: GenerationStore,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        let perBlock = UInt32(store.vectorBlockRows)
        let block = ordinal / perBlock
        if blocks[block] == nil {
            if blocks.count == Self.blocksMax { try flush(to: store, &transaction) }
            let stored = try transaction.value(store.vectors, block)
            blocks[block] = stored?.copied ?? []
        }
        let isPut = VectorBlock.put(
            vector,
            ordinal: ordinal,
            row: Int(ordinal % perBlock),
            into: &blocks[block, default: []]
        )
        guard isPut else { throw .missing(place: Sealed.place("vectors", Format.key(block))) }
    }

    /// Writes the blocks that are held.
    mutating func flush(
        to store: GenerationStore,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        for (block, bytes) in blocks.sorted(by: { $0.key < $1.key }) {
            try transaction.putRaw(store.vectors, block, bytes.span.rawBytes)
        }
        blocks.removeAll(keepingCapacity: true)
    }
}
