import PalateIndex
import PalateModel
import TestKit
import Testing

/// A collection with a live generation, and what a new model makes of the same pictures.
struct GenerationFixture {
    let pins: IndexFixture
    let count: Int
    /// Vectors of the new model: other dimensions, near neighbours mostly the same.
    let renewed: [Float]
    let renewedDimensions = 12

    init(count: Int) {
        self.count = count
        pins = IndexFixture(count: count)
        var generator = SeededGenerator(seed: testSeed())
        renewed = Self.projected(pins.vectors.values, from: 16, to: 12, using: &generator)
    }

    /// A random projection of every row, and noise.
    private static func projected(
        _ values: [Float],
        from dimensions: Int,
        to target: Int,
        using generator: inout SeededGenerator
    ) -> [Float] {
        let matrix = (0..<dimensions * target).map { _ in generator.normal() }
        var projected: [Float] = []
        for first in stride(from: 0, to: values.count, by: dimensions) {
            for column in 0..<target {
                var sum: Float = 0
                for row in 0..<dimensions {
                    sum += values[first + row] * matrix[row * target + column]
                }
                projected.append(sum + 0.02 * generator.normal())
            }
        }
        return projected
    }

    /// The new model's schema.
    var schema: CollectionSchema {
        var schema = pins.schema
        schema.dimensions = renewedDimensions
        return schema
    }

    func batch(_ rows: Range<Int>) -> RowBatch {
        RowBatch(
            ids: rows.map(IndexFixture.item),
            vectors: Array(
                renewed[rows.lowerBound * renewedDimensions..<rows.upperBound * renewedDimensions]
            )
        )
    }

    /// Opens the directory, with every row in the live generation.
    func create() throws -> (DataDirectory, Collection) {
        let (directory, live) = try pins.create()
        try write(.upsert(pins.batch(0..<count)), to: live)
        return (directory, live)
    }

    /// Makes the candidate and loads it.
    func load(into directory: DataDirectory, _ rows: Range<Int>? = nil) throws -> Collection {
        let handle = try directory.collection(named: "pins").info.handle
        let info = try directory.createGeneration(
            GenerationCreate(handle: handle, schema: schema, model: "renewed 2")
        )
        let candidate = try directory.collection(handle: info.handle)
        try write(.upsert(batch(rows ?? 0..<count)), to: candidate)
        return candidate
    }
}

/// Makes the candidate live as it is.
@discardableResult
func swap(_ directory: DataDirectory, isForced: Bool = false) throws -> CollectionInfo {
    let handle = try directory.collection(named: "pins").info.handle
    let candidate = try directory.candidate(of: handle).candidate
    return try directory.swap(
        handle,
        to: CheckedCandidate(candidate),
        isForced: isForced,
        now: 1_800_000_000_000
    )
}
