import PalateIndex
import PalateModel
import PalateQuantization
import PalateTaste

/// The vectors that stand for a person in one request: medoids, examples and the caller's own.
struct TasteCentres {
    /// The item behind each centre; nil for the caller's own vectors.
    var items: [ItemID?] = []
    /// Shape [m], above 0.
    var importances: [Float] = []
    /// What a search starts from, row-major [m, dimensions].
    var vectors: [Float] = []
    /// The same at unit length.
    var units: [Float] = []

    /// m.
    var count: Int { importances.count }

    /// Loads them, the most important first, each moved by the person's directions.
    ///
    /// - Throws: damage met while vectors were read; `badComponent` never: they were checked.
    init(
        _ person: PersonSnapshot,
        _ request: PersonRequest?,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        guard person.state != nil else { return }
        let dimensions = collection.info.schema.dimensions
        scratch.makeRoom(dimensions: dimensions)
        let step = Self.step(person.directions, in: collection)
        let total = max(person.wanted.reduce(0) { $0 + $1.score }, 1)
        if let request, !request.vectorWeights.isEmpty {
            for (row, weight) in request.vectorWeights.enumerated() {
                let vector = request.vectors[row * dimensions..<(row + 1) * dimensions]
                append(Array(vector), importance: weight * total, item: nil, step)
            }
        }
        for wanted in person.wanted.prefix(TastePlan.scoringMedoids) {
            guard let ordinal = collection.directory.ordinal(of: wanted.item) else { continue }
            try scratch.loadVector(of: ordinal, from: collection)
            append(scratch.vector, importance: wanted.score, item: wanted.item, step)
        }
    }

    /// None.
    init() {}

    private mutating func append(
        _ vector: [Float],
        importance: Float,
        item: ItemID?,
        _ step: [Float]
    ) {
        var vector = vector
        Self.move(&vector, by: step)
        items.append(item)
        importances.append(importance)
        vectors += vector
        let length = Self.length(vector)
        units += length > 0 ? vector.map { $0 / length } : vector
    }

    /// The sum of the directions' steps between unit vectors; empty where there are none.
    static func step(_ directions: [Direction], in collection: Collection) -> [Float] {
        guard let codes = collection.codes, !directions.isEmpty else { return [] }
        var step = [Float](repeating: 0, count: codes.stack.dimensions)
        for direction in directions {
            guard let toward = collection.directory.ordinal(of: direction.toward),
                let away = collection.directory.ordinal(of: direction.away)
            else { continue }
            let ends = [(toward, direction.weight), (away, -direction.weight)]
            for (ordinal, weight) in ends {
                let unit = codes.unitVector(of: ordinal)
                for index in step.indices { step[index] += weight * unit[index] }
            }
        }
        return step
    }

    /// Adds the step, scaled to the vector's own length.
    static func move(_ vector: inout [Float], by step: [Float]) {
        guard !step.isEmpty else { return }
        let length = length(vector)
        let scale = length > 0 ? length : 1
        for index in vector.indices { vector[index] += scale * step[index] }
    }

    private static func length(_ vector: [Float]) -> Float {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}
