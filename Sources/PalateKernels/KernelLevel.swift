internal import CPalateKernels

/// An instruction set the kernels are written for.
package enum KernelLevel: Int32, CaseIterable, Sendable {
    /// Plain C: the oracle.
    case scalar = 0
    /// AVX2, FMA and F16C.
    case avx2 = 1
    /// AVX-512 with F, BW, VL, DQ and VNNI.
    case avx512 = 2
    /// 64-bit ARM, with SDOT where present.
    case neon = 3

    /// As `PALATE_KERNELS` spells it.
    package var name: String {
        switch self {
        case .scalar: "scalar"
        case .avx2: "avx2"
        case .avx512: "avx512"
        case .neon: "neon"
        }
    }
}
