/// Numbers drawn by position: the same on every machine, in any order, by any thread.
///
/// Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014).
package enum SplitMix64 {
    /// Number `index` of the sequence of `seed`.
    @inlinable
    package static func number(_ index: UInt64, seed: UInt64) -> UInt64 {
        var bits = seed &+ (index &+ 1) &* 0x9e37_79b9_7f4a_7c15
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
