internal import PalateKernels
internal import PalateModel

/// What training learns for RaBitQ codes: the same bytes for 1 and 2 bits.
///
/// On disk, little-endian: centroids u32, seed u32, step float32, relative error float32, the
/// centre as float32, then the centroids' codes, a byte per component.
package struct RaBitQParameters: Sendable {
    let codec: RaBitQCodec
    let relativeError: Float

    /// Bytes before the centre.
    private static let headBytes = 16

    /// The seed of the rotation: any will do, and one for all makes training deterministic.
    static let seed: UInt32 = 0x5242_0001

    init(codec: RaBitQCodec, relativeError: Float) {
        self.codec = codec
        self.relativeError = relativeError
    }

    var bytes: [UInt8] {
        let centroids = codec.space.centroids
        let head = [
            UInt32(centroids.count), Self.seed, centroids.step.bitPattern,
            relativeError.bitPattern,
        ]
        let centre = codec.space.centre.map(\.bitPattern)
        return StoredParameters.bytes(head + centre) + centroids.codes
    }

    /// Reads stored parameters, checking every one.
    ///
    /// - Throws: `dimensions`, `parameterBytes` or `corruptParameter`; `outOfAddressSpace`.
    init(
        _ bytes: RawSpan,
        _ bits: CodeBits,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard Limits.dimensions.contains(dimensions) else {
            throw .dimensions(got: dimensions, expected: Limits.dimensions)
        }
        let codesStart = Self.headBytes + 4 * dimensions
        guard bytes.byteCount >= codesStart + dimensions else {
            throw .parameterBytes(got: bytes.byteCount, expected: codesStart + dimensions)
        }
        let fields = try StoredParameters.fields(
            bytes.extracting(0..<codesStart),
            count: codesStart / 4
        )
        guard let count = Int(exactly: fields[0]), (1...BitTerms.groups).contains(count) else {
            throw .corruptParameter(name: "centroids", bits: fields[0])
        }
        guard bytes.byteCount == codesStart + count * dimensions else {
            throw .parameterBytes(
                got: bytes.byteCount,
                expected: codesStart + count * dimensions
            )
        }
        guard fields[1] == Self.seed else {
            throw .corruptParameter(name: "seed", bits: fields[1])
        }
        let step = Float(bitPattern: fields[2])
        guard GridSearch.steps(for: metric).contains(step) else {
            throw .corruptParameter(name: "step", bits: fields[2])
        }
        let centre = fields[4...].map { Float(bitPattern: $0) }
        // As wide as the magnitudes that the edge lets in; NaN fails every comparison.
        for value in centre where !(value.magnitude <= 2 * Limits.componentMagnitude) {
            throw .corruptParameter(name: "centre", bits: value.bitPattern)
        }
        let codes = (codesStart..<bytes.byteCount).map { bytes.integer(at: $0, as: UInt8.self) }
        let kernels = try selectedKernels()
        let space = RaBitQSpace(
            geometry: metric.geometry,
            centre: centre,
            rotation: Rotation(dimensions: dimensions, seed: UInt64(Self.seed), kernels: kernels),
            centroids: try Centroids(codes: codes.span, dimensions: dimensions, step: step)
        )
        codec = RaBitQCodec(space: space, bits: bits, metric: metric, kernels: kernels)
        relativeError = try StoredParameters.relativeError(fields[3])
    }
}
