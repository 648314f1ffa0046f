import PalateModel
import PalateQuantization
import TestKit
import Testing

/// The zero vector has no direction: its cosine distance to everything, itself included, is 1.
@Suite struct ZeroVectorTests {
    @Test(arguments: Pairing.all)
    func `the zero vector has the distance its metric gives it`(pairing: Pairing) throws {
        var generator = SeededGenerator(seed: testSeed())
        let dimensions = 48
        let sample = ClusteredVectors(count: 60, dimensions: dimensions, using: &generator)
        let trained = try Trained(pairing, sample)
        let zero = [Float](repeating: 0, count: dimensions)
        trained.quantizer.store(zero.span, from: 60, into: trained.rows)
        let bound = 8 * Double(trained.quantizer.relativeError) + 1e-4

        // What an error of the codes is multiplied with: nothing on unit vectors.
        func scale(_ distance: Double, _ vector: ArraySlice<Float>) -> Double {
            pairing.metric.normalises ? 1 : max(1, distance.magnitude, norm(vector))
        }
        // As the query.
        for (row, distance) in trained.distances(to: zero).enumerated() {
            let exact = BruteForce.distance(pairing.metric.name, zero, sample[row])
            #expect((Double(distance) - exact).magnitude <= bound * scale(exact, sample[row]))
        }
        // As a row, against vectors, rows and itself.
        let scorer = trained.quantizer.makePairScorer(over: trained.rows)
        let ordinals: [Ordinal] = [0, 30, 60]
        var distances = [Float](repeating: .nan, count: 3)
        var span = distances.mutableSpan
        scorer.score(from: 60, to: ordinals.span, into: &span)
        let own = [sample[0], sample[30], zero[...]]
        for (distance, vector) in zip(distances, own) {
            let exact = BruteForce.distance(pairing.metric.name, zero, vector)
            #expect((Double(distance) - exact).magnitude <= 2 * bound * scale(exact, vector))
        }
    }

    @Test func `normalising leaves zero alone and gives all else unit length`() {
        var zero: [Float] = [0, 0, 0]
        var span = zero.mutableSpan
        Cosine().normalise(&span)
        #expect(zero == [0, 0, 0])
        for scale in [Float(1e-15), 1, 1e15] {
            var vector: [Float] = [3 * scale, 0, -4 * scale]
            span = vector.mutableSpan
            Cosine().normalise(&span)
            #expect((norm(vector) - 1).magnitude < 1e-6)
            #expect((vector[0] - 0.6).magnitude < 1e-6)
        }
        var plain: [Float] = [3, 4]
        span = plain.mutableSpan
        SquaredEuclidean().normalise(&span)
        InnerProduct().normalise(&span)
        #expect(plain == [3, 4])
    }
}
