internal import PalateKernels
internal import PalateModel

extension ScalarFourBit {
    /// Fields before the centre: form, seed, step, relativeError.
    private static let headFields = 4

    /// What a form's field says.
    private enum Form {
        static let plain: UInt32 = 0
        static let turned: UInt32 = 1
    }

    /// The seed of the rotation: any will do, and one for all makes training deterministic.
    private static let seed: UInt32 = 0x5134_0001

    /// Whole numbers within this span are lossless on plain grids.
    private static let codeTop: Float = 15

    package var parameters: [UInt8] {
        let form = layout.rotation == nil ? Form.plain : Form.turned
        let head = [form, Self.seed, layout.step.bitPattern, relativeError.bitPattern]
        return StoredParameters.bytes(head + layout.centre.map(\.bitPattern))
    }

    /// Trains both forms, plain and turned, and keeps the one that orders near neighbours better.
    ///
    /// The judge is `NeighbourError`, not the mean of |x - decoded x|: pixels and rectified
    /// features are sparse, and the error of plain codes lies where vectors differ. (EfficientNet
    /// vectors: plain 0.107 of the spread and recall@10 0.947, turned 0.107 and 0.978.) Lossless
    /// wins.
    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> ScalarFourBit {
        try checkSample(sample, count: count, dimensions: dimensions)
        let turned = try trainTurned(sample, dimensions, metric)
        // Products need a centre of 0, which plain grids do not have.
        guard metric.geometry != .innerProduct else { return turned }
        let plain = try trainPlain(sample, dimensions, metric)
        if plain.relativeError == 0 { return plain }
        let judge = try NeighbourError(sample, dimensions: dimensions, metric: metric)
        return judge.error(of: plain) < judge.error(of: turned) ? plain : turned
    }

    private static func trainPlain(
        _ sample: Span<Float>,
        _ dimensions: Int,
        _ metric: any Metric
    ) throws(QuantizationError) -> ScalarFourBit {
        let kernels = try selectedKernels()
        var search = GridSearch(
            dimensions: dimensions,
            metric: metric,
            kernels: kernels,
            top: codeTop
        )
        let grid = search.grid(for: sample)
        let middle = grid.low + codeTop / 2 * grid.step
        let layout = ScalarFourBitLayout(
            geometry: metric.geometry,
            centre: [Float](repeating: middle, count: dimensions),
            step: grid.step,
            rotation: nil
        )
        return try measured(layout, sample, dimensions, metric, kernels)
    }

    private static func trainTurned(
        _ sample: Span<Float>,
        _ dimensions: Int,
        _ metric: any Metric
    ) throws(QuantizationError) -> ScalarFourBit {
        let kernels = try selectedKernels()
        let measure = SampleError(dimensions: dimensions, metric: metric, kernels: kernels)
        let rows = SampleError.spread(SampleError.rowsMeasured, over: sample.count / dimensions)
        let centre =
            metric.geometry == .innerProduct
            ? [Float](repeating: 0, count: dimensions) : measure.mean(sample, rows)
        let layout = ScalarFourBitLayout(
            geometry: metric.geometry,
            centre: centre,
            step: 1,
            rotation: Rotation(dimensions: dimensions, seed: UInt64(seed), kernels: kernels)
        )
        return try measured(layout, sample, dimensions, metric, kernels)
    }

    /// The quantizer of a layout, its error measured.
    private static func measured(
        _ layout: ScalarFourBitLayout,
        _ sample: Span<Float>,
        _ dimensions: Int,
        _ metric: any Metric,
        _ kernels: KernelTable
    ) throws(QuantizationError) -> ScalarFourBit {
        let plain = try ScalarFourBit(
            layout: layout,
            relativeError: 1,
            dimensions: dimensions,
            metric: metric
        )
        let measure = SampleError(dimensions: dimensions, metric: metric, kernels: kernels)
        var row = [UInt8](repeating: 0, count: plain.codeBytes)
        let error = measure.relative(sample) { vector, decoded in
            var span = row.mutableSpan
            var bytes = span.rawBytes
            plain.encode(vector, into: &bytes)
            plain.decode(bytes.bytes, into: &decoded)
        }
        return try ScalarFourBit(
            layout: layout,
            relativeError: error,
            dimensions: dimensions,
            metric: metric
        )
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard Limits.dimensions.contains(dimensions) else {
            throw .dimensions(got: dimensions, expected: Limits.dimensions)
        }
        let count = Self.headFields + dimensions
        let fields = try StoredParameters.fields(parameters, count: count)
        guard fields[0] == Form.plain || fields[0] == Form.turned else {
            throw .corruptParameter(name: "form", bits: fields[0])
        }
        guard fields[1] == Self.seed else {
            throw .corruptParameter(name: "seed", bits: fields[1])
        }
        let step = Float(bitPattern: fields[2])
        guard GridSearch.steps(for: metric).contains(step) else {
            throw .corruptParameter(name: "step", bits: fields[2])
        }
        let centre = fields[Self.headFields...].map { Float(bitPattern: $0) }
        // As wide as the magnitudes that the edge lets in; NaN fails every comparison.
        for value in centre where !(value.magnitude <= 2 * Limits.componentMagnitude) {
            throw .corruptParameter(name: "centre", bits: value.bitPattern)
        }
        let kernels = try selectedKernels()
        let rotation =
            fields[0] == Form.turned
            ? Rotation(dimensions: dimensions, seed: UInt64(Self.seed), kernels: kernels) : nil
        try self.init(
            layout: ScalarFourBitLayout(
                geometry: metric.geometry,
                centre: centre,
                step: step,
                rotation: rotation
            ),
            relativeError: StoredParameters.relativeError(fields[3]),
            dimensions: dimensions,
            metric: metric
        )
    }
}
