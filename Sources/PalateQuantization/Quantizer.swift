// Float vectors to codes, and codes to a `Scorer`.
//
// | file                          | what it holds                                           |
// |-------------------------------|---------------------------------------------------------|
// | Quantizer.swift               | the contract of a quantizer: start here                 |
// | QuantizerRegistry, Quantizers/| the quantizers, one file each                           |
// | CodecQuantizer.swift          | quantizers that are a codec, a name and a training      |
// | CodeStack.swift, +Refine      | codes to search by, with finer ones to refine by        |
// | MarginMeasurement.swift       | how many to refine                                      |
// | QuantizerRecipe.swift         | what a quantizer's name asks for                        |
// | Projected.swift               | a quantizer behind a projection to fewer dimensions     |
// | Projection, ProjectionForm    | the projection, and how it is named                     |
// | CoarseBasis.swift             | the projection in codes, for queries                    |
// | MetricRegistry, Metrics/      | the metrics, one file each                              |
// | CodeRows.swift                | the rows in memory                                      |
// | PreparedQuery.swift           | a query's scratch                                       |
// | CodeScorer, CodePairScorer    | what the graph sees                                     |
// | ExactQuery.swift              | exact distances to stored floats, for rescoring         |
// | Metric+Normalise.swift        | what cosine does to a vector, and to the zero vector    |
// | HalfRows.swift                | rows of 2-byte floats                                   |
// | RowPadding.swift              | how long a row is made                                  |
// | SampleCheck, SampleError      | refusing a sample; what the codes lose on it            |
// | StoredParameters.swift        | fields of parameters on disk                            |
// | GridSearch.swift              | choosing the grid of 8-bit and 4-bit codes              |
// | NeighbourError.swift          | choosing between two forms of codes                     |
// | RaBitQCodec, RaBitQSpace      | rows of 1 and 2 bits a component                        |
// | RaBitQParameters, -Training   | what they learn, and from what                          |
// | Centroids, KMeans             | points that residuals are taken to                      |
// | LinkSketches, LinkSketcher    | which rows of a list can be near, and what makes that   |
// | SketchSpace.swift             | the points that sketches are about                      |
// | Rotation.swift                | random rotations in O(n log n)                          |

internal import PalateKernels
package import PalateModel

/// Scores a prepared query against listed rows: one call per adjacency list.
///
/// Arguments: the query, the rows, ordinals of shape [n], distances of shape [>= n].
package typealias ScoreList =
    @Sendable (
        _ query: borrowing PreparedQuery,
        _ rows: CodeRows,
        _ ordinals: Span<Ordinal>,
        _ distances: inout MutableSpan<Float>
    ) -> Void

/// Scores one stored row against listed rows, for building.
///
/// Arguments: the row, the rows, ordinals of shape [n], distances of shape [>= n].
package typealias ScorePairs =
    @Sendable (
        _ from: Ordinal,
        _ rows: CodeRows,
        _ ordinals: Span<Ordinal>,
        _ distances: inout MutableSpan<Float>
    ) -> Void

/// A quantizer that learns from vectors as they are: one file each, one row in the registry.
package protocol BaseQuantizer: Quantizer {
    /// On disk; never reused.
    static var tag: UInt8 { get }
    /// In schemas.
    static var name: String { get }

    /// Learns the parameters from sample vectors.
    ///
    /// - Parameters:
    ///   - sample: row-major, shape [count, dimensions], as callers gave them (not normalised).
    ///   - count: vectors in the sample; at least 1.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: what the codes will be compared by.
    /// - Returns: the trained quantizer.
    /// - Throws: `QuantizationError`.
    static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Self

    /// Reads stored parameters, checking every one.
    ///
    /// - Parameters:
    ///   - parameters: what `parameters` once said.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: the one of the training.
    /// - Throws: `QuantizationError`.
    init(parameters: RawSpan, dimensions: Int, metric: any Metric) throws(QuantizationError)
}

/// Vectors to codes and back, and codes to distances.
///
/// A quantizer is a value: trained once per generation, its parameters stored beside the codes.
package protocol Quantizer: Sendable {
    /// Of what makes the codes; on disk, never reused.
    var tag: UInt8 { get }
    /// As schemas spell it.
    var name: String { get }
    /// For the disk: little-endian.
    var parameters: [UInt8] { get }
    /// Components of a vector.
    var dimensions: Int { get }
    /// Bytes of one row in memory and on disk, its own terms included.
    var codeBytes: Int { get }
    /// Mean |x - decode(encode(x))| over mean |x - mean| on the sample; 0 = lossless there.
    var relativeError: Float { get }
    /// What the codes are compared by.
    var metric: any Metric { get }
    /// Whether pairs of rows tell near from nearer well enough to choose links by.
    var isFitForBuilding: Bool { get }

    /// Writes the row of a vector.
    ///
    /// - Parameters:
    ///   - vector: shape [dimensions], finite, as callers gave it.
    ///   - code: shape [codeBytes]; every byte is written.
    func encode(_ vector: Span<Float>, into code: inout MutableRawSpan)

    /// Writes the vector a row stands for: of unit length where the metric normalises.
    ///
    /// - Parameters:
    ///   - code: shape [codeBytes].
    ///   - vector: shape [dimensions].
    func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>)

    /// Whether rows hold only what rows of coarser codes lack (`CodeRows.beneath`).
    var isCompleting: Bool { get }

    /// The same with rows that hold only what those of other codes lack.
    ///
    /// - Parameter codes: the coarser ones.
    /// - Returns: nil where nothing of theirs is in these.
    func completing(_ codes: any Quantizer) -> (any Quantizer)?

    /// As `decode`, of a row that completes another.
    ///
    /// - Parameters:
    ///   - code: shape [codeBytes].
    ///   - codes: the row beneath; `code` itself where there is none.
    ///   - vector: shape [dimensions].
    func decode(_ code: RawSpan, over codes: RawSpan, into vector: inout MutableSpan<Float>)

    /// Makes a vector the query.
    ///
    /// - Parameters:
    ///   - vector: shape [dimensions], finite, as callers gave it.
    ///   - query: scratch.
    func prepare(_ vector: Span<Float>, into query: inout PreparedQuery)

    /// Makes a stored row the query: the distances are those of `scorePairs`.
    ///
    /// - Parameters:
    ///   - row: shape [codeBytes].
    ///   - query: scratch.
    func prepare(row: RawSpan, into query: inout PreparedQuery)

    /// A prepared query against listed rows.
    var scoreList: ScoreList { get }
    /// A stored row against listed rows.
    var scorePairs: ScorePairs { get }
}

extension BaseQuantizer {
    /// On disk; never reused.
    package var tag: UInt8 { Self.tag }
    /// In schemas.
    package var name: String { Self.name }
}

extension Quantizer {
    /// Most stand for themselves.
    package var isCompleting: Bool { false }

    /// Most share nothing.
    package func completing(_ codes: any Quantizer) -> (any Quantizer)? { nil }

    /// Reads the row alone.
    package func decode(
        _ code: RawSpan,
        over codes: RawSpan,
        into vector: inout MutableSpan<Float>
    ) {
        decode(code, into: &vector)
    }

    /// So it is from 4 bits a component on.
    package var isFitForBuilding: Bool { true }

    /// What search sees: the prepared query over the rows.
    package func makeScorer(_ query: PreparedQuery, over rows: CodeRows) -> CodeScorer {
        precondition(rows.codeBytes == codeBytes, "rows of another quantizer")
        return CodeScorer(query: query, rows: rows, scoreList: scoreList)
    }

    /// What building sees: stored rows over the rows.
    package func makePairScorer(over rows: CodeRows) -> CodePairScorer {
        precondition(rows.codeBytes == codeBytes, "rows of another quantizer")
        return CodePairScorer(rows: rows, scorePairs: scorePairs)
    }

    /// Encodes vectors and stores them as consecutive rows.
    ///
    /// - Parameters:
    ///   - vectors: row-major, shape [count, dimensions].
    ///   - first: the ordinal of the first row; not yet published.
    ///   - rows: where to.
    package func store(_ vectors: Span<Float>, from first: Ordinal, into rows: CodeRows) {
        precondition(vectors.count % dimensions == 0, "not a whole number of vectors")
        var code = [UInt8](repeating: 0, count: codeBytes)
        for position in 0..<vectors.count / dimensions {
            let start = position * dimensions
            var span = code.mutableSpan
            var bytes = span.rawBytes
            encode(vectors.extracting(start..<start + dimensions), into: &bytes)
            rows.store(first + Ordinal(position), bytes.bytes)
        }
    }
}
