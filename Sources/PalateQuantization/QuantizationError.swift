package import PalateKernels

/// Why vectors cannot be quantized, or stored parameters not be read.
package enum QuantizationError: Error, Equatable, Sendable {
    /// The registry has no quantizer of this name.
    case unknownQuantizer(got: String, expected: [String])
    /// The registry has no quantizer of this tag.
    case unknownQuantizerTag(got: UInt8, expected: [UInt8])
    /// The registry has no metric of this name.
    case unknownMetric(got: String, expected: [String])
    /// The registry has no metric of this tag.
    case unknownMetricTag(got: UInt8, expected: [UInt8])
    /// Vectors too short or too long.
    case dimensions(got: Int, expected: ClosedRange<Int>)
    /// The sample's values are not count times dimensions.
    case sampleShape(got: Int, expected: Int)
    /// Training needs at least one vector.
    case emptySample
    /// NaN, infinity, or a magnitude above `Limits.componentMagnitude`.
    case badComponent(row: Int, column: Int)
    /// A projection to more dimensions than there are, or than a basis may hold.
    case projection(got: Int, expected: ClosedRange<Int>)
    /// Stored parameters of the wrong length.
    case parameterBytes(got: Int, expected: Int)
    /// A stored parameter no training writes; its bits as found.
    case corruptParameter(name: String, bits: UInt32)
    /// No room for a quantizer's own tables.
    case outOfAddressSpace(bytes: Int)
    /// Sketches of links need codes that links are chosen by: 4 bits and more a component.
    case notForSketches(got: String)
    /// `PALATE_KERNELS` asks for what is not there.
    case kernels(KernelError)
}
