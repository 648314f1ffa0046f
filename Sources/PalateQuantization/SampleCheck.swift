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
    for position in sample.indices
    where !(sample[position].magnitude <= Limits.componentMagnitude) {
        throw .badComponent(row: position / dimensions, column: position % dimensions)
    }
}
