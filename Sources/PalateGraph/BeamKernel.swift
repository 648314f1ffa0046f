internal import CPalateBeam
internal import Glibc
package import PalateModel

/// Takes scored lists into a sorted beam, with one instruction set; the same bits with each.
///
/// No branch depends on where a key goes: such ones are predicted wrong half of the time. Against a
/// binary search and a move in Swift, searches of fashion-mnist are 3 % faster at beam 8, 4 % at 16
/// and 9 % at 64 with AVX-512, 2 to 4 % with AVX2 (Zen 5).
// SAFETY: the pointed-to functions are part of the program.
@safe
package struct BeamKernel: Sendable {
    /// Places that the beam has behind its width.
    package static let padding = Int(pb_padding)
    /// What a place holds that no candidate has taken.
    package static let none = UInt64.max

    /// As `PALATE_KERNELS` spells the instruction set.
    package let name: String
    private let functions: pb_kernels

    private init?(_ name: String, _ level: Int) {
        guard let functions = unsafe pb_kernels_at(Int32(level)) else { return nil }
        self.name = name
        self.functions = unsafe functions.pointee
    }

    /// What this processor has, the plain one first.
    package static let available = [
        ("scalar", pb_level_scalar), ("avx2", pb_level_avx2), ("avx512", pb_level_avx512),
    ].compactMap { BeamKernel($0, $1) }

    /// The one that `PALATE_KERNELS` names, else the best; read once.
    static let selected: BeamKernel = {
        // SAFETY: read once under the lock of lazy globals; nothing in this process sets it.
        let wanted = unsafe getenv("PALATE_KERNELS").map { unsafe String(cString: $0) }
        return available.first { $0.name == wanted } ?? available[available.count - 1]
    }()

    /// Offers rows with their distances to a beam.
    ///
    /// - Parameters:
    ///   - rows: shape [n], below 2^31.
    ///   - distances: shape [n].
    ///   - keys: the beam, shape [>= width + padding]: `held` keys as `CandidateKey` packs them,
    ///     rising, then `none`.
    ///   - held: keys held.
    ///   - width: the most keys held, at least 1.
    /// - Returns: the nearest place taken; the width where none was.
    package func insert(
        _ rows: Span<Ordinal>,
        _ distances: Span<Float>,
        into keys: inout MutableSpan<UInt64>,
        held: inout Int,
        width: Int
    ) -> Int {
        precondition(distances.count == rows.count, "a distance for every row")
        precondition(width > 0 && held <= width && width + Self.padding <= keys.count, "no room")
        // SAFETY: the counts were compared; C writes below width + padding and keeps no pointer.
        return unsafe rows.withUnsafeBufferPointer { rows in
            unsafe distances.withUnsafeBufferPointer { distances in
                unsafe keys.withUnsafeMutableBufferPointer { keys in
                    unsafe functions.insert(
                        keys.baseAddress,
                        &held,
                        width,
                        rows.baseAddress,
                        distances.baseAddress,
                        rows.count
                    )
                }
            }
        }
    }

    /// Offers rows as `insert` does; whoever finds no place or loses it is passed on.
    ///
    /// - Parameters:
    ///   - rows: shape [n], below 2^31.
    ///   - distances: shape [n].
    ///   - keys: the beam, as in `insert`.
    ///   - held: keys held.
    ///   - width: the most keys held, at least 1.
    ///   - passed: shape [>= `passedCount` + n + padding]; receives at most n keys behind those
    ///     that are there, in no order.
    ///   - passedCount: keys passed on.
    /// - Returns: the nearest place taken; the width where none was.
    package func insert(
        _ rows: Span<Ordinal>,
        _ distances: Span<Float>,
        into keys: inout MutableSpan<UInt64>,
        held: inout Int,
        width: Int,
        passing passed: inout MutableSpan<UInt64>,
        count passedCount: inout Int
    ) -> Int {
        precondition(distances.count == rows.count, "a distance for every row")
        precondition(width > 0 && held <= width && width + Self.padding <= keys.count, "no room")
        precondition(passedCount + rows.count + Self.padding <= passed.count, "no room to pass on")
        // SAFETY: as in `insert`; C writes at most n + padding keys behind those passed on.
        return unsafe rows.withUnsafeBufferPointer { rows in
            unsafe distances.withUnsafeBufferPointer { distances in
                unsafe keys.withUnsafeMutableBufferPointer { keys in
                    unsafe passed.withUnsafeMutableBufferPointer { passed in
                        unsafe functions.insert_all(
                            keys.baseAddress,
                            &held,
                            width,
                            rows.baseAddress,
                            distances.baseAddress,
                            rows.count,
                            passed.baseAddress,
                            &passedCount
                        )
                    }
                }
            }
        }
    }

    /// Drops the first of n candidates, and all that are not nearer to their own end than to it.
    ///
    /// - Parameters:
    ///   - places: shape [>= n]; the others move up in their order, here and in the next two.
    ///   - rows: shape [>= n].
    ///   - own: distances to their own end, shape [>= n].
    ///   - other: distances from the first to those behind it, shape [>= n - 1].
    ///   - count: n, at least 1.
    /// - Returns: how many are left.
    package func keepNearer(
        _ places: inout MutableSpan<UInt32>,
        _ rows: inout MutableSpan<Ordinal>,
        _ own: inout MutableSpan<Float>,
        than other: Span<Float>,
        count: Int
    ) -> Int {
        precondition(count > 0 && places.count >= count && rows.count >= count, "no candidates")
        precondition(own.count >= count && other.count >= count - 1, "no distances")
        // SAFETY: the counts were compared; C keeps no pointer.
        return unsafe places.withUnsafeMutableBufferPointer { places in
            unsafe rows.withUnsafeMutableBufferPointer { rows in
                unsafe own.withUnsafeMutableBufferPointer { own in
                    unsafe other.withUnsafeBufferPointer { other in
                        unsafe functions.keep(
                            places.baseAddress,
                            rows.baseAddress,
                            own.baseAddress,
                            other.baseAddress,
                            count
                        )
                    }
                }
            }
        }
    }
}
