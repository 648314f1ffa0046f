internal import PalateKernels
internal import PalateModel

extension Projected {
    /// Fields before centre, basis and the inner quantizer's parameters: form, count,
    /// relativeError.
    private static let headFields = 3

    /// What a form's field says.
    private enum FormField {
        static let prefix: UInt32 = 0
        static let principal: UInt32 = 1

        static func of(_ form: ProjectionForm) -> UInt32 {
            switch form {
            case .prefix: prefix
            case .principal: principal
            }
        }
    }

    package var parameters: [UInt8] {
        let head = [
            FormField.of(projection.form), UInt32(projection.count), relativeError.bitPattern,
        ]
        let fields = head + projection.centre.map(\.bitPattern) + projection.basisFields
        return StoredParameters.bytes(fields) + inner.parameters
    }

    /// Learns the projection, then the inner quantizer on the projected sample.
    ///
    /// - Parameters:
    ///   - form: the projection.
    ///   - base: the inner quantizer.
    ///   - sample: shape [count, dimensions], as callers gave it.
    ///   - count: vectors in the sample.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: what the codes will be compared by.
    /// - Returns: the trained quantizer.
    /// - Throws: `QuantizationError`.
    static func train(
        _ form: ProjectionForm,
        _ base: any BaseQuantizer.Type,
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Projected {
        try checkSample(sample, count: count, dimensions: dimensions)
        let projection = try Projection.train(
            form,
            sample,
            dimensions: dimensions,
            metric: metric
        )
        let width = projection.count
        var projected: [Float] = []
        projected.reserveCapacity(count * width)
        var one = [Float](repeating: 0, count: width)
        for row in 0..<count {
            let vector = sample.extracting(row * dimensions..<(row + 1) * dimensions)
            var span = one.mutableSpan
            projection.apply(vector, into: &span)
            projected += one
        }
        let inner = try base.train(projected.span, count: count, dimensions: width, metric: metric)
        let plain = Projected(projection: projection, inner: inner, relativeError: 1)
        let measure = SampleError(
            dimensions: dimensions,
            metric: metric,
            kernels: try selectedKernels()
        )
        var code = [UInt8](repeating: 0, count: plain.codeBytes)
        let error = measure.relative(sample) { vector, decoded in
            var span = code.mutableSpan
            var bytes = span.rawBytes
            plain.encode(vector, into: &bytes)
            plain.decode(bytes.bytes, into: &decoded)
        }
        return Projected(projection: projection, inner: inner, relativeError: error)
    }

    /// Reads stored parameters, checking every one.
    ///
    /// - Parameters:
    ///   - form: the projection they must be of.
    ///   - base: the inner quantizer.
    ///   - parameters: what `parameters` once said.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: the one of the training.
    /// - Returns: the quantizer.
    /// - Throws: `QuantizationError`.
    static func read(
        _ form: ProjectionForm,
        _ base: any BaseQuantizer.Type,
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Projected {
        try Projection.check(form, dimensions: dimensions)
        let centreCount = FormField.of(form) == FormField.principal ? dimensions : 0
        let own = headFields + centreCount * (1 + form.count)
        guard parameters.byteCount >= 4 * own else {
            let least = try leastBytes(of: base, dimensions: form.count, metric: metric)
            throw .parameterBytes(got: parameters.byteCount, expected: 4 * own + least)
        }
        let head = parameters.extracting(0..<4 * own)
        let fields = try StoredParameters.fields(head, count: own)
        guard fields[0] == FormField.of(form) else {
            throw .corruptParameter(name: "form", bits: fields[0])
        }
        guard fields[1] == UInt32(form.count) else {
            throw .corruptParameter(name: "count", bits: fields[1])
        }
        let error = try StoredParameters.relativeError(fields[2])
        let kernels = try selectedKernels()
        let centre = try floats(
            fields[headFields..<headFields + centreCount],
            "centre",
            2 * Limits.componentMagnitude
        )
        // Of an orthonormal row no component is above 1, but for rounding.
        let basis = try floats(fields[(headFields + centreCount)...], "basis", 1.001)
        let projection =
            centreCount == 0
            ? try Projection(prefix: form.count, dimensions: dimensions, kernels: kernels)
            : try Projection(basis: basis, centre: centre, count: form.count, kernels: kernels)
        let inner: any BaseQuantizer
        do {
            inner = try base.init(
                parameters: parameters.extracting(4 * own..<parameters.byteCount),
                dimensions: form.count,
                metric: metric
            )
        } catch {
            guard case .parameterBytes(let got, let expected) = error else { throw error }
            throw .parameterBytes(got: 4 * own + got, expected: 4 * own + expected)
        }
        return Projected(projection: projection, inner: inner, relativeError: error)
    }

    /// How many bytes the inner quantizer's parameters have at least: what it expects of none.
    private static func leastBytes(
        of base: any BaseQuantizer.Type,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Int {
        let none: [UInt8] = []
        do {
            _ = try base.init(
                parameters: none.span.rawBytes,
                dimensions: dimensions,
                metric: metric
            )
            return 0
        } catch {
            guard case .parameterBytes(_, let expected) = error else { throw error }
            return expected
        }
    }

    private static func floats(
        _ fields: ArraySlice<UInt32>,
        _ name: String,
        _ limit: Float
    ) throws(QuantizationError) -> [Float] {
        for bits in fields where !(Float(bitPattern: bits).magnitude <= limit) {
            throw .corruptParameter(name: name, bits: bits)
        }
        return fields.map { Float(bitPattern: $0) }
    }
}
