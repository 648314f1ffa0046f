import PalateBench
import PalateGraph
import PalateKernels
import PalateModel
import PalateQuantization

/// The ladder of quantizers, tried on a sample of the rows.
///
/// Every quantizer of the registry by itself, then the stacks that `StackSelection` finds worth
/// it from what training said of those. What all rows would take is known before anything is
/// built: bytes of a row from the training, links from the seed. Rungs above the budget are
/// listed and not built.
struct Ladder {
    /// The sample.
    let rows: NumpyFile
    /// Rows that will be indexed in the end.
    let wholeCount: Int
    let queries: NumpyFile
    let metric: String
    let parameters: GraphParameters
    let isOrdered: Bool
    let threads: Int
    let passes: Int
    let k: Int
    /// Hits refined by finer codes; nil = as many as their margin calls for.
    let refineCount: Int?
    /// Beams to search at; nil = a growing series.
    let beams: [Int]?
    let budget: ByteSize?

    /// Queries at most: 10,000 neighbours tell recalls apart down to 0.0005.
    static let queriesMax = 1_000

    /// Tries every rung.
    ///
    /// - Parameter report: called with each rung as soon as it is known.
    /// - Returns: the rungs in the order they were tried.
    /// - Throws: what training, building or `report` threw.
    func climb(_ report: (RungLine) throws -> Void) throws -> [RungFigures] {
        let exact = try ExactTruth(
            k: min(k, rows.count),
            rows: rows,
            queries: queries,
            metric: metric
        )
        let questions = queries.floats
        let linkBytes = LiveGraph.byteCount(count: wholeCount, parameters: parameters)
        var rungs: [RungFigures] = []
        func tryRung(
            _ name: String,
            codeBytes: Int,
            _ training: () throws -> MemoryIndex.Training
        )
            throws
        {
            let bytes = codeBytes * wholeCount + linkBytes
            let line =
                budget.map({ bytes > $0.bytes }) ?? false
                ? try RungLine(rung: name, indexBytes: bytes, ladder: self)
                : try measure(name, bytes, try training(), questions, exact)
            rungs.append(line.figures(rowCount: wholeCount))
            try report(line)
        }
        var single: [any Quantizer] = []
        for base in QuantizerRegistry.all {
            let trained = try MemoryIndex.train(rows, metric: metric, quantizer: base.name)
            single.append(trained.stack.codes)
            try tryRung(base.name, codeBytes: trained.stack.codeBytes) { trained }
        }
        for stack in StackSelection.stacks(of: single.map { CodeTraits($0) }) {
            let (codes, finer) = (single[stack.codes], single[stack.finer])
            let name = "\(codes.name)+\(finer.name)"
            let finerBytes = (finer.completing(codes) ?? finer).codeBytes
            try tryRung(name, codeBytes: codes.codeBytes + finerBytes) {
                try MemoryIndex.train(rows, metric: metric, quantizer: name)
            }
        }
        return rungs
    }

    /// Builds a rung and searches at growing beams.
    private func measure(
        _ name: String,
        _ wholeBytes: Int,
        _ trained: MemoryIndex.Training,
        _ questions: [Float],
        _ exact: ExactTruth
    ) throws -> RungLine {
        let index = try MemoryIndex(
            rows,
            trained: trained,
            parameters: parameters,
            isOrdered: isOrdered,
            isSketched: false,
            threads: threads
        )
        let subject = MemorySearch(
            index: index,
            queries: questions,
            k: k,
            refineCount: refineCount
        )
        let bench = SearchBench(subject: subject, count: queries.count, threads: threads)
        var line = try RungLine(rung: name, indexBytes: wholeBytes, ladder: self)
        line.buildSeconds = index.buildSeconds
        line.cpuBuildSeconds = index.cpuBuildSeconds
        let limit = min(rows.count, Limits.beamWidth.upperBound)
        for width in beams ?? BeamSeries.widths(from: max(1, k / 2), limit: limit) {
            let best = try bench.best(of: passes, beamWidth: width)
            line.points.append(
                RungLine.Point(
                    beam: width,
                    recall: exact.recall(of: best.found, k: k),
                    qps: best.rate,
                    cpuQps: best.cpuRate,
                    p50Us: best.microseconds(percentile: 50),
                    p99Us: best.microseconds(percentile: 99)
                )
            )
            if beams == nil, BeamSeries.isOver(line.operatingPoints) { break }
        }
        return line
    }

    /// The rung to take.
    ///
    /// - Throws: `LadderError.nothingFits` where no rung was built.
    static func choose(
        _ rungs: [RungFigures],
        atRecall recall: Double,
        budget: ByteSize?
    ) throws(LadderError) -> RungFigures {
        if let best = RungChoice.best(of: rungs, atRecall: recall) { return rungs[best] }
        guard let smallest = rungs.min(by: { $0.indexBytes < $1.indexBytes }), let budget else {
            throw .noRungs
        }
        throw .nothingFits(
            budget: budget,
            smallest: smallest.name,
            needed: ByteSize(bytes: smallest.indexBytes)
        )
    }
}

/// Why there is nothing to choose.
enum LadderError: Error, Equatable, CustomStringConvertible {
    case noRungs
    case nothingFits(budget: ByteSize, smallest: String, needed: ByteSize)

    var description: String {
        switch self {
        case .noRungs: "there is no rung to choose from"
        case .nothingFits(let budget, let smallest, let needed):
            "nothing fits in \(budget): the smallest, \(smallest), takes \(needed.bytes) bytes "
                + "(\(needed)) for codes and links of all rows"
        }
    }
}

/// One rung as a line of JSON.
struct RungLine: Encodable {
    struct Point: Encodable {
        var beam: Int
        var recall: Double
        var qps: Double
        var cpuQps: Double
        var p50Us: Double
        var p99Us: Double
    }

    var rung: String
    /// Of all rows, not of the sample alone.
    var indexBytes: Int
    var bytesPerItem: Double
    /// Left out, as what follows, where the rung is over the budget.
    var buildSeconds: Double?
    var cpuBuildSeconds: Double?
    var points: [Point] = []
    var isOverBudget: Bool
    var sampleRows: Int
    var rows: Int
    var kernel: String
    var threads: Int

    init(rung: String, indexBytes: Int, ladder: Ladder) throws {
        self.rung = rung
        self.indexBytes = indexBytes
        bytesPerItem = Double(indexBytes) / Double(ladder.wholeCount)
        isOverBudget = ladder.budget.map { indexBytes > $0.bytes } ?? false
        sampleRows = ladder.rows.count
        rows = ladder.wholeCount
        kernel = try KernelTable.selected().name
        threads = ladder.threads
    }

    /// The points by processor time.
    var operatingPoints: [OperatingPoint] {
        points.map { OperatingPoint(beamWidth: $0.beam, recall: $0.recall, rate: $0.cpuQps) }
    }

    /// What tables and plots are made of.
    func figures(rowCount: Int) -> RungFigures {
        RungFigures(
            name: rung,
            indexBytes: indexBytes,
            rowCount: rowCount,
            buildSeconds: buildSeconds,
            points: operatingPoints
        )
    }
}

extension CodeTraits {
    /// Those of a trained quantizer.
    fileprivate init(_ quantizer: any Quantizer) {
        self.init(
            name: quantizer.name,
            codeBytes: quantizer.codeBytes,
            error: quantizer.relativeError,
            isFitForBuilding: quantizer.isFitForBuilding
        )
    }
}
