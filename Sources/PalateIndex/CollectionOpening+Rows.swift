import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage

/// What the rows of a generation are, against its last checkpoint.
struct RowCensus {
    /// The live rows of one write.
    struct Write {
        var version: UInt64
        /// Rising.
        var slots: [Ordinal]
    }

    /// Slots whose rows are deleted.
    var deleted: [Ordinal] = []
    /// Live rows that the checkpoint does not cover, by rising version.
    var tail: [Write] = []
}

// The rows of an opening generation: which there are, and linking those of the tail.
extension CollectionOpening {
    /// Fills the columns of items and checksums, and the directory.
    static func readRows(
        _ store: GenerationStore,
        _ counters: RowCounters,
        _ graph: GraphRecord,
        into items: ItemColumn,
        _ directory: ItemDirectory
    ) throws(IndexError) -> RowCensus {
        var census = RowCensus()
        var tail: [UInt64: [Ordinal]] = [:]
        var next: Ordinal = 0
        while next < counters.rowCount {
            let end = min(counters.rowCount, next + Ordinal(CodeTraining.rowsPerRead * 16))
            try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for ordinal in next..<end {
                    let record = try store.row(ordinal, transaction)
                    items[ordinal] = record.item
                    if record.isDeleted {
                        census.deleted.append(ordinal)
                        continue
                    }
                    store.vectorSums[ordinal] = record.sums?.vector ?? 0
                    if let other = directory.insert(record.item, at: ordinal) {
                        throw .corrupt(
                            place: Sealed.place("rows", Format.key(ordinal)),
                            reason: "item \(record.item) is live at row \(other) too"
                        )
                    }
                    if ordinal >= graph.watermark || record.vectorVersion > graph.coveredVersion {
                        tail[record.vectorVersion, default: []].append(ordinal)
                    }
                }
            }
            next = end
        }
        census.tail = tail.map { RowCensus.Write(version: $0.key, slots: $0.value) }
            .sorted { $0.version < $1.version }
        return census
    }

    /// Encodes and links the rows that the last checkpoint does not cover, write by write.
    ///
    /// - Returns: the code set they are encoded by; `codes` where there are none.
    /// - Throws: damage, also where a row's slot has another row in the links.
    static func link(
        _ census: RowCensus,
        _ store: GenerationStore,
        _ graph: LiveGraph,
        _ codes: CodeSet?,
        metric: any Metric,
        threads: Int
    ) throws(IndexError) -> CodeSet? {
        var codes = codes
        for write in census.tail {
            let slotCount = max(graph.count, write.slots.last.map { Int($0) + 1 } ?? 0)
            let linking: CodeSet
            if let codes, !codes.isOutgrown(by: slotCount) {
                linking = codes
                try CodeTraining.encode(write.slots, from: store, into: linking)
            } else {
                linking = try CodeTraining.train(
                    store: store,
                    metric: metric,
                    rowCount: slotCount,
                    capacity: graph.capacity
                )
            }
            codes = linking
            graph.extend(to: slotCount)
            if let taken = write.slots.first(where: { !graph.isVacant($0) }) {
                throw .corrupt(
                    place: Sealed.place("rows", Format.key(taken)),
                    reason: "of version \(write.version), its slot is linked for another row"
                )
            }
            GraphBuilder.insert(write.slots, into: graph, threads: threads) {
                linking.stack.makePairScorer(over: linking.rows)
            }
        }
        return codes
    }
}
