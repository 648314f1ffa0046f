/// What decides whether codes are worth stacking: known once a quantizer is trained.
package struct CodeTraits: Equatable, Sendable {
    /// As the registry has it.
    package let name: String
    /// Bytes of one row.
    package let codeBytes: Int
    /// Of a row, relative; 0 = lossless.
    package let error: Float
    /// Whether links can be chosen by these codes.
    package let isFitForBuilding: Bool

    /// Traits as a training found them.
    package init(name: String, codeBytes: Int, error: Float, isFitForBuilding: Bool) {
        self.name = name
        self.codeBytes = codeBytes
        self.error = error
        self.isFitForBuilding = isFitForBuilding
    }
}

/// Which stacks CODES+FINER are worth building.
///
/// A stack walks on few bytes and pays memory for a second look. It makes sense where
///
/// - the finer codes have the smaller error: else the second look is worse than the first;
/// - the codes are at most three quarters as long: else the walk saves less than the second look
///   costs (`bf16+f16`);
/// - no third codes do the second look's work for fewer bytes: as short as the finer ones with a
///   smaller error (`sq16` instead of `f16`), or shorter and exact already (`f16`, or `sq8` of
///   pixels, instead of `float32`);
/// - links can be chosen by one of the two (`rq1+rq2`).
///
/// On embeddings that leaves `sq8`, `sq4`, `rq2` and `rq1` before `sq13`, the last three before
/// `sq8`, and the last two before `sq4`.
package enum StackSelection {
    /// Codes with a smaller error are as good as exact: the planner does not score them again.
    private static let exactError: Float = 0.001

    /// The useful pairs.
    ///
    /// - Parameter codes: single codes.
    /// - Returns: indices into `codes`, in their order.
    package static func stacks(of codes: [CodeTraits]) -> [(codes: Int, finer: Int)] {
        var found: [(codes: Int, finer: Int)] = []
        for first in codes.indices {
            for second in codes.indices where isUseful(codes[first], codes[second], codes) {
                found.append((first, second))
            }
        }
        return found
    }

    private static func isUseful(
        _ codes: CodeTraits,
        _ finer: CodeTraits,
        _ all: [CodeTraits]
    ) -> Bool {
        guard finer.error < codes.error, 4 * codes.codeBytes <= 3 * finer.codeBytes,
            codes.isFitForBuilding || finer.isFitForBuilding
        else { return false }
        return !all.contains { other in
            let isBetter = other.codeBytes <= finer.codeBytes && other.error < finer.error
            return isBetter || other.codeBytes < finer.codeBytes && other.error < exactError
        }
    }
}
