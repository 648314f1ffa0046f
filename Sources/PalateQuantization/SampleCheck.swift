internal import PalateModel

/// Refuses a sample that no training can use.
///
/// - Throws: `QuantizationError`.
func checkSample(
    _ sample: Span<Float>,
    count: Int,
    dimensions: Int
) throws(QuantizationError) {
    guard Limits.dimensions.contains(dimensions) else {
        throw .dimensions(got: dimensions, expected: Limits.dimensions)
    }
    guard count > 0 else { throw .emptySample }
    guard sample.count == count * dimensions else {
        throw .sampleShape(got: sample.count, expected: count * dimensions)
    }
    for row in 0..<count {
        let vector = sample.extracting(row * dimensions..<(row + 1) * dimensions)
        var isBounded = true
        for column in vector.indices {
            isBounded = isBounded && vector[column].magnitude <= Limits.componentMagnitude
        }
        if isBounded { continue }
        for column in vector.indices
        where !(vector[column].magnitude <= Limits.componentMagnitude) {
            throw .badComponent(row: row, column: column)
        }
    }
}
