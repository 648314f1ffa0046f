/// Squared Euclidean distance.
package struct SquaredEuclidean: Metric {
    package static let tag: UInt8 = 1
    package static let name = "l2"
    package static let geometry = Geometry.squaredEuclidean

    /// The metric.
    package init() {}

    package static func similarity(fromDistance distance: Float) -> Float { -distance }
}
