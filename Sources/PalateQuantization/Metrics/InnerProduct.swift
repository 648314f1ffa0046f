/// Maximum inner product: the distance is minus the product.
package struct InnerProduct: Metric {
    package static let tag: UInt8 = 2
    package static let name = "ip"
    package static let geometry = Geometry.innerProduct

    /// The metric.
    package init() {}

    package static func similarity(fromDistance distance: Float) -> Float { -distance }
}
