internal import PalateKernels
package import PalateModel

/// What a collection keeps of its vectors in memory: codes to search by, and finer ones to refine.
///
/// A schema names it `CODES` or `CODES+FINER`, both from the registry: `sq4+f16` walks the graph on
/// 4 bits a component and scores the best again by 16. How many are scored again is measured, not
/// guessed: `margin` is what the codes overestimate a near neighbour's distance by, at most, in
/// 999 of 1,000 pairs of the sample, and `refine` goes on until no row left can be that wrong.
package struct CodeStack: Sendable {
    /// As schemas spell it.
    package let name: String
    /// The codes searches walk on.
    package let codes: any Quantizer
    /// The codes that refine; nil = none are kept.
    package let finer: (any Quantizer)?
    /// In the unit of distances; 0 without finer codes.
    package let margin: Float

    /// What a name asks for, the finer one last.
    ///
    /// - Throws: `unknownQuantizer`.
    package static func recipes(
        named name: String
    ) throws(QuantizationError) -> [QuantizerRecipe] {
        let parts = name.split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            throw .unknownQuantizer(got: name, expected: QuantizerRegistry.all.map { $0.name })
        }
        var recipes: [QuantizerRecipe] = []
        for part in parts { recipes.append(try QuantizerRegistry.named(String(part))) }
        return recipes
    }

    /// Trains every quantizer of the name, then measures the margin.
    ///
    /// Arguments as of `Quantizer.train`.
    package static func train(
        named name: String,
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> CodeStack {
        var trained: [any Quantizer] = []
        for recipe in try recipes(named: name) {
            trained.append(
                try recipe.train(sample, count: count, dimensions: dimensions, metric: metric)
            )
        }
        guard trained.count == 2 else {
            return CodeStack(name: name, codes: trained[0], finer: nil, margin: 0)
        }
        let margin = MarginMeasurement.margin(of: trained[0], against: trained[1], on: sample)
        return CodeStack(name: name, codes: trained[0], finer: trained[1], margin: margin)
    }

    private init(name: String, codes: any Quantizer, finer: (any Quantizer)?, margin: Float) {
        self.name = name
        self.codes = codes
        // Without what the codes hold already.
        self.finer = finer.map { $0.completing(codes) ?? $0 }
        self.margin = margin
    }

    // MARK: Parameters

    /// Reads stored parameters, checking every one.
    ///
    /// - Parameters:
    ///   - name: from the schema.
    ///   - parameters: what `parameters` once said.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: the one of the training.
    /// - Throws: `QuantizationError`.
    package init(
        named name: String,
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        let recipes = try Self.recipes(named: name)
        guard recipes.count == 2 else {
            let codes = try recipes[0].read(
                parameters: parameters,
                dimensions: dimensions,
                metric: metric
            )
            self.init(name: name, codes: codes, finer: nil, margin: 0)
            return
        }
        guard parameters.byteCount >= 8 else {
            throw .parameterBytes(got: parameters.byteCount, expected: 8)
        }
        let head = try StoredParameters.fields(parameters.extracting(0..<8), count: 2)
        let margin = Float(bitPattern: head[0])
        guard margin >= 0, margin.isFinite else {
            throw .corruptParameter(name: "margin", bits: head[0])
        }
        let length = Int(head[1])
        guard length <= parameters.byteCount - 8 else {
            throw .parameterBytes(got: parameters.byteCount, expected: 8 + length)
        }
        let codes = try recipes[0].read(
            parameters: parameters.extracting(8..<8 + length),
            dimensions: dimensions,
            metric: metric
        )
        let finer = try recipes[1].read(
            parameters: parameters.extracting(8 + length..<parameters.byteCount),
            dimensions: dimensions,
            metric: metric
        )
        self.init(name: name, codes: codes, finer: finer, margin: margin)
    }

    /// For the disk: those of the one quantizer; or margin f32, length u32 of the first's, both.
    package var parameters: [UInt8] {
        guard let finer else { return codes.parameters }
        let own = codes.parameters
        return StoredParameters.bytes([margin.bitPattern, UInt32(own.count)]) + own
            + finer.parameters
    }

    // MARK: Rows

    /// Bytes of one row, in memory and on disk.
    package var codeBytes: Int { codes.codeBytes + (finer?.codeBytes ?? 0) }

    /// Components of a vector.
    package var dimensions: Int { codes.dimensions }

    /// Rows to keep by the codes, so that the `count` best are among them once refined.
    ///
    /// In proportion to the error of the codes, at most what `Limits.beamWidth` lets a search keep:
    /// of fashion-mnist's ten nearest, a beam of 8 finds 0.933 when it keeps 10 by `sq4`, and 0.960
    /// when it keeps 18.
    package func keptCount(for count: Int) -> Int {
        guard finer != nil else { return count }
        let extra = (Float(count) * Self.keptPerError * codes.relativeError).rounded(.up)
        return max(count, min(count + Int(extra), Limits.beamWidth.upperBound))
    }

    /// Rows kept beside each of those wanted, per unit of relative error: `sq4` has 0.1.
    private static let keptPerError: Float = 8

    /// The quantizer that knows a vector best.
    package var finest: any Quantizer { finer ?? codes }

    /// Reserves memory for rows; nil when the address space is refused.
    package func makeRows(capacity: Int) -> StackRows? {
        StackRows(
            codeBytes: codes.codeBytes,
            finerBytes: finer?.codeBytes,
            isCompleting: finer?.isCompleting ?? false,
            capacity: capacity
        )
    }

    /// Encodes vectors and stores them as consecutive rows.
    ///
    /// - Parameters:
    ///   - vectors: row-major, shape [count, dimensions].
    ///   - first: the ordinal of the first row; not yet published.
    ///   - rows: where to.
    package func store(_ vectors: Span<Float>, from first: Ordinal, into rows: StackRows) {
        codes.store(vectors, from: first, into: rows.codes)
        if let finer, let finerRows = rows.finer {
            finer.store(vectors, from: first, into: finerRows)
        }
    }

    /// Writes the vector a row stands for, as well as it is known.
    package func decode(
        _ ordinal: Ordinal,
        of rows: StackRows,
        into vector: inout MutableSpan<Float>
    ) {
        let finestRows = rows.finer ?? rows.codes
        let lowest = finestRows.lowest
        finest.decode(finestRows.row(ordinal), over: lowest.row(ordinal), into: &vector)
    }

    /// Starts loading what `decode` reads; nobody waits for it.
    package func prefetch(_ ordinal: Ordinal, of rows: StackRows) {
        let finestRows = rows.finer ?? rows.codes
        Cache.prefetch(finestRows.row(ordinal))
    }

    /// What searches see.
    package func makeScorer(_ query: PreparedQuery, over rows: StackRows) -> CodeScorer {
        codes.makeScorer(query, over: rows.codes)
    }

    /// What building sees: the codes, or the finer ones where the codes are too coarse to build by.
    package func makePairScorer(over rows: StackRows) -> CodePairScorer {
        if let finer, let finerRows = rows.finer, !codes.isFitForBuilding {
            return finer.makePairScorer(over: finerRows)
        }
        return codes.makePairScorer(over: rows.codes)
    }
}

/// The rows of a stack in memory.
package struct StackRows: Sendable {
    /// What searches walk on.
    package let codes: CodeRows
    /// What refines.
    package let finer: CodeRows?

    init?(codeBytes: Int, finerBytes: Int?, isCompleting: Bool, capacity: Int) {
        guard let codes = CodeRows(codeBytes: codeBytes, capacity: capacity) else { return nil }
        self.codes = codes
        guard let finerBytes else {
            finer = nil
            return
        }
        let beneath = isCompleting ? codes : nil
        guard
            let finer = CodeRows(codeBytes: finerBytes, capacity: capacity, completing: beneath)
        else { return nil }
        self.finer = finer
    }
}
