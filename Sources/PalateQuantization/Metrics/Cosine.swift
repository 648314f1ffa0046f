/// Cosine: the distance is 1 - cos.
package struct Cosine: Metric {
    package static let tag: UInt8 = 3
    package static let name = "cosine"
    package static let geometry = Geometry.angular

    /// The metric.
    package init() {}

    package static func similarity(fromDistance distance: Float) -> Float { 1 - distance }
}
