/// What the kernels can compute: every metric is one of these.
package enum Geometry: Sendable {
    /// |q - x|^2.
    case squaredEuclidean
    /// -<q, x>.
    case innerProduct
    /// 1 - <q, x> / (|q| |x|), and 1 where either vector is zero.
    case angular
}

/// How vectors are compared: one file each, one row in `MetricRegistry`.
package protocol Metric: Sendable {
    /// On disk; never reused.
    static var tag: UInt8 { get }
    /// In requests.
    static var name: String { get }
    /// Which kernels compute its distances.
    static var geometry: Geometry { get }
    /// From a distance, smaller nearer, to the score a caller sees, larger better.
    static func similarity(fromDistance distance: Float) -> Float
}

extension Metric {
    /// On disk; never reused.
    package var tag: UInt8 { Self.tag }
    /// In requests.
    package var name: String { Self.name }
    /// Which kernels compute its distances.
    package var geometry: Geometry { Self.geometry }
    /// Whether vectors are brought to unit length before they are encoded.
    package var normalises: Bool { Self.geometry == .angular }

    /// From a distance, smaller nearer, to the score a caller sees, larger better.
    package func similarity(fromDistance distance: Float) -> Float {
        Self.similarity(fromDistance: distance)
    }
}
