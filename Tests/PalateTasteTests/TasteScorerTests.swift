import Glibc
import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct TasteScorerTests {
    /// n candidates with every column filled.
    static func randomColumns(
        _ count: Int,
        using generator: inout SeededGenerator
    ) -> CandidateColumns {
        func random(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
            (0..<count).map { _ in Float.random(in: range, using: &generator) }
        }
        var columns = CandidateColumns(
            items: (0..<count).map { _ in UInt64.random(in: 0...UInt64.max, using: &generator) }
        )
        columns.querySimilarities = random(count, -1...1)
        columns.medoidImportances = random(5, 0.1...20)
        columns.medoidSimilarities = random(5 * count, -1...1)
        columns.negativeWeights = random(3, 0...1)
        columns.negativeSimilarities = random(3 * count, -1...1)
        columns.walkScores = random(count, 0...1e-3)
        columns.popularities = random(count, 0...5_000)
        columns.associations = random(count, -1...10)
        columns.fatigues = random(count, 0...0.9)
        columns.contexts = random(count, -2...0)
        columns.boosts = random(count, -1...1)
        columns.interests = random(count, 0...3)
        return columns
    }

    static let allWeights = TermValues([
        .query: 0.7, .taste: 0.5, .graph: 1, .association: 0.9, .popularity: 0.2, .negative: 2,
        .fatigue: 0.3, .context: 0.6, .boost: 1, .interest: 0.4,
    ])

    @Test(arguments: [Float(0.05), 0.1, 0.5])
    func `taste is the log-sum-exp over medoids by importance`(temperature: Float) {
        var generator = SeededGenerator(seed: testSeed())
        let columns = Self.randomColumns(64, using: &generator)
        let terms = TasteScorer.tasteTerm(columns, temperature: temperature)
        let total = Double(columns.medoidImportances.reduce(0, +))
        for candidate in 0..<64 {
            var sum = 0.0
            for medoid in 0..<5 {
                sum +=
                    Double(columns.medoidImportances[medoid]) / total
                    * exp(
                        Double(columns.medoidSimilarities[medoid * 64 + candidate])
                            / Double(temperature)
                    )
            }
            #expect(agree(terms[candidate], temperature * Float(log(sum)), 1e-4))
        }
    }

    @Test func `at a temperature of 0 the nearest medoid counts alone`() {
        var generator = SeededGenerator(seed: testSeed())
        let columns = Self.randomColumns(64, using: &generator)
        let terms = TasteScorer.tasteTerm(columns, temperature: 0)
        for candidate in 0..<64 {
            let nearest = (0..<5).map { columns.medoidSimilarities[$0 * 64 + candidate] }.max()
            #expect(terms[candidate] == nearest)
        }
        #expect(throws: RequestError.self) {
            try TasteSettings().with([NamedNumber("temperature", -1)])
        }
    }

    @Test func `a rejected item's shadow starts at the threshold and grows with its weight`() {
        var columns = CandidateColumns(items: [1, 2, 3, 4])
        columns.negativeWeights = [1, 0.5]
        columns.negativeSimilarities = [0.6, 0.65, 0.825, 1, 1, 0.2, 0.2, 1]
        let terms = TasteScorer.negativeTerm(columns, threshold: 0.65)
        for (term, expected) in zip(terms, [0.5, 0, 0.5, 1] as [Float]) {
            #expect(agree(term, expected))
        }
    }

    @Test func `normalising brings the least to 0 and the greatest to 1`() {
        #expect(TasteScorer.normalised([3, 1, 2]) == [1, 0, 0.5])
        #expect(TasteScorer.normalised([]) == [])
        #expect(TasteScorer.normalised([7, 7]) == [0, 0])
        #expect(TasteScorer.normalised([1, .infinity]) == [0, 0])
    }

    @Test(arguments: [0, 1, 2, 1_000])
    func `every term stays within its weight`(count: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let columns = Self.randomColumns(count, using: &generator)
        let weights = Self.allWeights
        let parts = TasteScorer.parts(columns, weights: weights, settings: TasteSettings())
        #expect(parts.count == count)
        let normalised: [ScoreTerm] = [
            .query, .taste, .graph, .association, .popularity, .context, .interest,
        ]
        for part in parts {
            for term in normalised { #expect((0...weights[term]).contains(part[term])) }
            for term: ScoreTerm in [.negative, .fatigue] {
                #expect((-weights[term]...0).contains(part[term]))
            }
        }
        guard count > 1 else { return }
        for term in normalised { #expect(parts.map { $0[term] }.max() == weights[term]) }
    }

    @Test func `a weight of 0 and an empty column take a term out`() {
        var generator = SeededGenerator(seed: testSeed())
        var columns = Self.randomColumns(20, using: &generator)
        let none = TermValues()
        let settings = TasteSettings()
        for part in TasteScorer.parts(columns, weights: none, settings: settings) {
            #expect(part == TermValues())
        }
        columns = CandidateColumns(items: columns.items)
        for part in TasteScorer.parts(columns, weights: Self.allWeights, settings: settings) {
            #expect(part == TermValues())
        }
    }
}

@Suite struct RerankerTests {
    @Test(arguments: RerankerRegistry.names, [0, 1, 2, 17, 1_000])
    func `ranks are a permutation, the same every time`(name: String, count: Int) throws {
        let reranker = try #require(RerankerRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let columns = TasteScorerTests.randomColumns(count, using: &generator)
        let ranking = reranker.rank(
            columns,
            weights: TasteScorerTests.allWeights,
            settings: TasteSettings()
        )
        #expect(ranking.order.sorted() == Array(0..<count))
        #expect(ranking.parts.count == count)
        let again = reranker.rank(
            columns,
            weights: TasteScorerTests.allWeights,
            settings: TasteSettings()
        )
        #expect(ranking == again)
    }

    @Test(arguments: RerankerRegistry.names)
    func `candidates that nothing tells apart keep their order`(name: String) throws {
        let reranker = try #require(RerankerRegistry.named(name))
        let columns = CandidateColumns(items: [9, 3, 5, 3, 1])
        let ranking = reranker.rank(
            columns,
            weights: TermValues.defaultWeights,
            settings: TasteSettings()
        )
        #expect(ranking.order == [0, 1, 2, 3, 4])
        #expect(ranking.parts.map(\.total) == [0, 0, 0, 0, 0])
    }

    @Test(arguments: RerankerRegistry.all.filter { $0.scores }.map { $0.name })
    func `totals fall along the order of what scores`(name: String) throws {
        let reranker = try #require(RerankerRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let columns = TasteScorerTests.randomColumns(500, using: &generator)
        let ranking = reranker.rank(
            columns,
            weights: TasteScorerTests.allWeights,
            settings: TasteSettings()
        )
        let totals = ranking.order.map { ranking.parts[$0].total }
        #expect(totals == totals.sorted(by: >))
        #expect(Set(totals).count > 400)
    }

    @Test(arguments: [Float(1), 60])
    func `fusion adds up reciprocal ranks, as counting who is ahead gives them`(
        constant: Float
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        var columns = TasteScorerTests.randomColumns(90, using: &generator)
        // Equals, and candidates that the walk did not find.
        for index in 0..<90 where index % 4 == 0 { columns.walkScores[index] = 0 }
        for index in 0..<90 where index % 5 == 0 { columns.querySimilarities[index] = 0.5 }
        var settings = TasteSettings()
        settings.fusionConstant = constant
        let weights = TasteScorerTests.allWeights
        let ranking = FusionReranker.rank(columns, weights: weights, settings: settings)
        let blend = BlendReranker.rank(columns, weights: weights, settings: settings)
        let terms: [(ScoreTerm, [Float])] = [
            (.query, columns.querySimilarities), (.graph, columns.walkScores),
            (.context, columns.contexts),
        ]
        for (term, values) in terms {
            for index in 0..<90 {
                let ahead = values.count { $0 > values[index] }
                let isFound = term != .graph || values[index] > 0
                let expected = isFound ? (constant + 1) / (constant + Float(ahead + 1)) : 0
                #expect(agree(ranking.parts[index][term], weights[term] * expected))
            }
        }
        for term: ScoreTerm in [.negative, .fatigue, .boost] {
            #expect(ranking.parts.map { $0[term] } == blend.parts.map { $0[term] })
        }
        let broken = FusionReranker.reciprocalRanks([1, .nan], of: .query, constant: 60)
        #expect(broken == [0, 0])
    }

    @Test func `no reranking keeps order and similarity`() {
        var generator = SeededGenerator(seed: testSeed())
        let columns = TasteScorerTests.randomColumns(50, using: &generator)
        let ranking = IdentityReranker.rank(
            columns,
            weights: TasteScorerTests.allWeights,
            settings: TasteSettings()
        )
        #expect(ranking.order == Array(0..<50))
        #expect(ranking.parts.map(\.total) == columns.querySimilarities)
    }

    @Test func `names are unique and unknown ones are unknown`() {
        #expect(Set(RerankerRegistry.names).count == RerankerRegistry.all.count)
        #expect(RerankerRegistry.named("nonesuch") == nil)
    }
}
