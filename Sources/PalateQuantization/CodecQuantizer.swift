/// How rows are laid out and read: what quantizers that differ in a parameter have in common.
package protocol RowCodec: Sendable {
    /// Components of a vector.
    var dimensions: Int { get }
    /// What rows are compared by.
    var metric: any Metric { get }
    /// Bytes of one row.
    var codeBytes: Int { get }
    /// As of `Quantizer`; stored, since a search asks for it every time.
    var scoreList: ScoreList { get }
    /// As of `Quantizer`.
    var scorePairs: ScorePairs { get }

    /// As of `Quantizer`.
    func encode(_ vector: Span<Float>, into code: inout MutableRawSpan)
    /// As of `Quantizer`.
    func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>)
    /// As of `Quantizer`.
    func prepare(_ vector: Span<Float>, into query: inout PreparedQuery)
    /// As of `Quantizer`.
    func prepare(row: RawSpan, into query: inout PreparedQuery)
}

/// A quantizer that is a codec with a name and a training.
package protocol CodecQuantizer: Quantizer, BaseQuantizer {
    /// Of what kind.
    associatedtype Codec: RowCodec
    /// Does the work.
    var codec: Codec { get }
}

extension CodecQuantizer {
    package var dimensions: Int { codec.dimensions }
    package var metric: any Metric { codec.metric }
    package var codeBytes: Int { codec.codeBytes }
    package var scoreList: ScoreList { codec.scoreList }
    package var scorePairs: ScorePairs { codec.scorePairs }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        codec.encode(vector, into: &code)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        codec.decode(code, into: &vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        codec.prepare(vector, into: &query)
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        codec.prepare(row: row, into: &query)
    }
}
