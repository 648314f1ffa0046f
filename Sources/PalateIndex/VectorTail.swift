import PalateModel
import PalateStorage

/// The last, unfilled block of float32 rows, kept by the writer so that appending reads nothing.
struct VectorTail {
    private(set) var block: UInt32 = 0
    private(set) var bytes: [UInt8] = []
    private var isDirty = false

    /// An empty tail: the first row starts block 0.
    init() {}

    /// The tail of a generation that holds `rowCount` rows.
    init(
        of store: GenerationStore,
        rowCount: UInt32,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) {
        block = rowCount / UInt32(store.vectorBlockRows)
        let used = Int(rowCount) % store.vectorBlockRows
        guard used > 0 else { return }
        let needed = used * Format.sealedVectorBytes(dimensions: store.schema.dimensions)
        guard let value = try transaction.value(store.vectors, block), value.byteCount >= needed
        else { throw .missing(place: Sealed.place("vectors", Format.key(block))) }
        bytes = value.extracting(0..<needed).copied
    }

    /// Appends a row, writing the block when that fills it.
    mutating func append(
        _ vector: Span<Float>,
        ordinal: Ordinal,
        to store: GenerationStore,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        VectorBlock.append(vector, ordinal: ordinal, to: &bytes)
        isDirty = true
        if Int(ordinal) % store.vectorBlockRows == store.vectorBlockRows - 1 {
            try flush(to: store, &transaction)
            block += 1
            bytes.removeAll(keepingCapacity: true)
        }
    }

    /// Writes the block if it changed.
    mutating func flush(
        to store: GenerationStore,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        guard isDirty, !bytes.isEmpty else { return }
        try transaction.putRaw(store.vectors, block, bytes.span.rawBytes)
        isDirty = false
    }
}
