/// Why no kernels could be chosen.
package enum KernelError: Error, Equatable, Sendable {
    /// `PALATE_KERNELS` names no level.
    case unknownLevel(got: String, expected: [String])
    /// `PALATE_KERNELS` names a level this processor or this build does not have.
    case unsupportedLevel(got: String, expected: [String])
}
