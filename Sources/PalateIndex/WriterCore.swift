import PalateFields
import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage
import Synchronization

/// What the writer of a collection does and remembers; confined to its queue.
// SAFETY: @unchecked Sendable: only `CollectionWriter.queue` calls into it.
final class WriterCore: @unchecked Sendable {
    /// Operations below this many rows are linked by the writer alone.
    static let parallelRows = 64
    /// Deleted rows that are taken out of the graph at once, at most.
    static let repairRows = 1_024
    /// Deleted rows from which on that is not left for a quiet moment: one in 128, within these.
    static let repairDebt = 32...repairRows
    /// Rows linked before the writer looks again whether anybody asks.
    private static let rowsPerPart = 1_024

    let store: GenerationStore
    let graph: LiveGraph
    let state: CollectionState
    private let items: ItemColumn
    private let directory: ItemDirectory
    let fields: FieldStore
    private let metric: any Metric
    private let taste: TasteStore
    private let pace: LinkPace
    private let tailSeconds: Double
    var counters: RowCounters
    var scheme: FieldScheme
    private var codec: PayloadEncoder
    let payloads = PayloadReader()
    private var slots: SlotCycle
    /// nil = no sketches are kept.
    var sketches: SketchCycle?
    /// Code sets that a query may still hold: new rows go into them too.
    var retiring: [CodeSet] = []
    private var linkSeconds = 0.0 {
        didSet { state.tailMilliseconds.store(UInt64(1_000 * linkSeconds), ordering: .relaxed) }
    }
    var needsCheckpoint: Bool
    private var checkpoint: Checkpoint
    /// Set by the first write that reached the disk but not the graph.
    var failure: IndexError?

    init(
        parts: CollectionParts,
        taste: TasteStore,
        options: DataDirectoryOptions,
        pace: LinkPace
    ) throws(IndexError) {
        tailSeconds = options.tailSeconds
        self.taste = taste
        store = parts.store
        graph = parts.graph
        state = parts.state
        items = parts.items
        directory = parts.directory
        fields = parts.fields
        metric = parts.metric
        self.pace = pace
        counters = parts.counters
        slots = SlotCycle(of: parts.graph)
        let linksMax = 2 * parts.graph.parameters.neighbours
        if options.sketchesLinks(of: store.schema.name), linksMax <= LiveGraph.estimatedLinksMax {
            sketches = SketchCycle(of: parts.graph)
        }
        needsCheckpoint = !parts.tail.isEmpty
        linkSeconds = parts.linkSeconds
        checkpoint = Checkpoint(codes: parts.storedCodes)
        checkpoint.add(parts.tail)
        parts.state.tailRows.store(parts.tail.count, ordering: .relaxed)
        let store = store
        let counters = parts.counters
        let (dictionary, scheme) = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            let id = counters.dictionaryID
            return (
                id == 0 ? nil : try store.dictionary(id, transaction),
                try store.fieldScheme(transaction)
            )
        }
        self.scheme = FieldScheme(scheme)
        codec = try PayloadEncoder(dictionary: dictionary)
    }

    /// Commits `operations` in one transaction, then brings the graph up to it.
    ///
    /// - Parameters:
    ///   - operations: in the order in which they were asked for.
    ///   - completion: gets the position and outcome of every operation, once, if this returns;
    ///     never if it throws.
    /// - Throws: why nothing was written.
    func write(
        _ operations: [WriteOperation],
        completion: (Int, Result<WriteOutcome, RequestError>) -> Void
    ) throws(IndexError) {
        if let failure { throw failure }
        slots.collect()
        let operations = try resolve(operations)
        var batch = newBatch
        var outcomes: [Result<WriteOutcome, RequestError>] = []
        let intent: WriteIntent = operations.contains(where: \.grows) ? .grow : .shrink
        state.beginChange()
        do throws(IndexError) {
            try store.environment.write(intent, failingWith: IndexError.self) {
                transaction throws(IndexError) in
                // The body runs again where the map had to grow for it.
                batch = newBatch
                outcomes = []
                for operation in operations {
                    do throws(IndexError) {
                        outcomes.append(.success(try batch.apply(operation, &transaction)))
                    } catch .request(let error) {
                        outcomes.append(.failure(error))
                    }
                }
                try batch.finish(&transaction)
            }
        } catch {
            state.endChange()
            throw error
        }
        counters = batch.counters
        slots.free = batch.free
        codec = batch.codec
        scheme = batch.scheme
        // Rows of a load are durable now and acknowledged now; who upserts wants to see them too.
        for (index, operation) in operations.enumerated() {
            if case .load = operation { completion(index, outcomes[index]) }
        }
        do throws(IndexError) {
            try apply(batch)
        } catch {
            // On disk and not in the graph: opening the collection again would link the rows. The
            // change never ends for queries, which go on comparing what they find by item.
            failure = error
            finish(operations, outcomes, completion) { _ in error }
            return
        }
        state.endChange()
        let debt = min(graph.count / 128, Self.repairDebt.upperBound)
        repeat {
            repair(upTo: Self.repairRows, from: max(debt, Self.repairDebt.lowerBound))
            // However fast rows are deleted: the debt stays bounded, and slots come back.
        } while graph.deletedCount > max(graph.count / 32, Self.repairRows)
        // Writes without a pause do not keep new fields waiting for ever.
        if !scheme.record.isReady { _ = buildFields(rows: Self.fieldRowsPerBatch) }
        let checkpoint = checkpointIfNeeded(force: operations.contains(where: \.wantsCheckpoint))
        // Rows are durable and visible whatever became of the checkpoint: only who asked for it
        // hears of its failure, and the next batch tries again.
        finish(operations, outcomes, completion) { operation in
            guard operation.wantsCheckpoint, case .failure(let error) = checkpoint else {
                return nil
            }
            return error
        }
        // Some milliseconds: behind the acknowledgements.
        _ = sketch(lists: SketchCycle.listsPerBatch)
    }

    private var newBatch: WriteBatch {
        WriteBatch(
            counters: counters,
            free: slots.free,
            codec: codec,
            scheme: scheme,
            store: store
        )
    }

    /// Operations as the batch takes them: a filter becomes the items that pass it.
    private func resolve(_ operations: [WriteOperation]) throws(IndexError) -> [WriteOperation] {
        var resolved: [WriteOperation] = []
        for operation in operations {
            switch operation {
            case .declareFields:
                try store.openFields(creating: true)
                resolved.append(operation)
            case .deleteMatching(let filter, let limit):
                var matching: [ItemID] = []
                do throws(RequestError) {
                    try fields.matches(filter).rows.forEach { row in
                        if matching.count < limit { matching.append(items[row]) }
                    }
                } catch {
                    throw .request(error)
                }
                resolved.append(.delete(matching))
            default: resolved.append(operation)
            }
        }
        return resolved
    }

    private func finish(
        _ operations: [WriteOperation],
        _ outcomes: [Result<WriteOutcome, RequestError>],
        _ completion: (Int, Result<WriteOutcome, RequestError>) -> Void,
        failure: (WriteOperation) -> IndexError?
    ) {
        for (index, operation) in operations.enumerated() {
            if case .load = operation { continue }
            let outcome = failure(operation).map {
                Result<WriteOutcome, RequestError>.failure(.init($0))
            }
            completion(index, outcome ?? outcomes[index])
        }
    }

    // MARK: From rows to links

    private func apply(_ batch: WriteBatch) throws(IndexError) {
        fields.adopt(scheme.record)
        fields.put(batch.fieldChanges)
        // Operation by operation: the graph is the same however they came to be grouped.
        for rows in batch.newRows {
            for (index, slot) in rows.slots.enumerated() {
                items[slot] = rows.items[index]
                store.vectorSums[slot] = ContentSums.vector(
                    batch.vector(at: index, of: rows.vectors),
                    at: slot
                )
            }
            let former = state.codes
            let codes = try currentCodes(for: rows.slotCount)
            defer { if codes !== former { state.measureCosts(of: graph) } }
            codes.store(rows.vectors.span, at: rows.slots)
            for older in retiring { older.store(rows.vectors.span, at: rows.slots) }
            link(rows, codes)
        }
        publish(batch.effects)
        sketches?.noteChange(in: graph)
        taste.itemsArrived(batch.effects.lazy.compactMap(\.inserted))
        state.appliedVersion.store(counters.version, ordering: .releasing)
        if !batch.effects.isEmpty { needsCheckpoint = true }
    }

    private func link(_ rows: WriteBatch.NewRows, _ codes: CodeSet) {
        let started = ContinuousClock.now
        graph.extend(to: rows.slotCount)
        // Whole chunks, so that parts change nothing.
        for first in stride(from: 0, to: rows.slots.count, by: Self.rowsPerPart) {
            let part = Array(rows.slots[first..<min(rows.slots.count, first + Self.rowsPerPart)])
            GraphBuilder.insert(
                part,
                into: graph,
                threads: part.count < Self.parallelRows ? 1 : pace.threads()
            ) { codes.stack.makePairScorer(over: codes.rows) }
        }
        checkpoint.add(rows.slots)
        state.tailRows.store(checkpoint.tailCount, ordering: .relaxed)
        linkSeconds += (ContinuousClock.now - started).seconds
    }

    /// Makes the batch's rows current and its removed rows invisible.
    private func publish(_ effects: [WriteBatch.Effect]) {
        var hasReplaced = false
        for effect in effects {
            switch effect {
            case .insert(let item, let ordinal):
                guard let former = directory.insert(item, at: ordinal) else { continue }
                if !hasReplaced {
                    state.replacements.wrappingAdd(1, ordering: .sequentiallyConsistent)
                    hasReplaced = true
                }
                retire(former)
            case .remove(let item):
                if let former = directory.remove(item) { retire(former) }
            }
        }
    }

    private func retire(_ row: Ordinal) {
        _ = graph.delete(row)
        fields.remove(row)
    }

    /// The code set for a collection of `total` rows, trained or trained again when due.
    private func currentCodes(for total: Int) throws(IndexError) -> CodeSet {
        let current = state.codes
        if let current, !current.isOutgrown(by: total) {
            dropRetired()
            return current
        }
        let codes = try CodeTraining.train(
            store: store,
            metric: metric,
            rowCount: total,
            capacity: graph.capacity
        )
        if let current { retiring.append(current) }
        state.codes = codes
        return codes
    }

    /// Lets go of code sets that no query holds any more.
    private func dropRetired() {
        for index in retiring.indices.reversed()
        where isKnownUniquelyReferenced(&retiring[index]) {
            retiring.remove(at: index)
        }
    }

    // MARK: Deleted rows

    /// Takes deleted rows out of the graph when enough have gathered.
    ///
    /// - Parameters:
    ///   - limit: the most rows: writes wait meanwhile.
    ///   - debt: the fewest: every round reads all lists.
    func repair(upTo limit: Int, from debt: Int) {
        guard graph.deletedCount >= debt, let codes = state.codes else { return }
        slots.vacated += GraphRepair.run(limit: limit, in: graph, threads: pace.threads()) {
            codes.stack.makePairScorer(over: codes.rows)
        }
        sketches?.noteChange(in: graph)
        needsCheckpoint = true
    }

    // MARK: Checkpoints

    /// Checkpoints when linking again would take too long, when many slots wait for it to be used
    /// again, or when told to.
    func checkpointIfNeeded(force: Bool) -> Result<Void, IndexError> {
        let isDue =
            linkSeconds >= tailSeconds
            || slots.vacated.count >= max(Self.repairRows, graph.count / 64)
        guard needsCheckpoint, force || isDue else { return .success(()) }
        do throws(IndexError) {
            try checkpoint.write(
                store: store,
                graph: graph,
                codes: state.codes,
                version: counters.version
            )
            slots.rest()
            state.tailRows.store(0, ordering: .relaxed)
            linkSeconds = 0
            needsCheckpoint = false
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}
