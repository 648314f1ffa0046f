import PalateModel

/// Derives item-item edges from likes; off the request path, for seconds or minutes.
///
/// Contract, tested over the registry: no edge to itself, at most `edgesPerItem` of an item,
/// weights finite and above 0, ends among the items of the input; same input, same edges; nothing
/// in, nothing out.
package protocol ItemEdgeBuilder: Sendable {
    /// The name in requests and in the registry.
    static var name: String { get }

    /// Items of the largest catalogue that it takes.
    static var itemsMax: Int { get }

    /// Builds edges.
    ///
    /// - Parameters:
    ///   - likes: who likes what, of at most `itemsMax` items.
    ///   - isCancelled: asked now and then; true ends the work.
    /// - Returns: lists ascending by item; nil where it was cancelled.
    static func build(_ likes: Interactions, isCancelled: () -> Bool) -> [ItemEdgeList]?
}

extension ItemEdgeBuilder {
    /// Any catalogue.
    package static var itemsMax: Int { .max }
}

/// Every builder of edges there is: one line each.
package enum ItemEdgeRegistry {
    /// The default first.
    package static let all: [any ItemEdgeBuilder.Type] = [
        SpectralEdges.self,
        CoOccurrenceEdges.self,
        RidgeEdges.self,
    ]

    /// The names, for error messages and help.
    package static var names: [String] { all.map { $0.name } }

    /// The builder of this name; the default for none.
    package static func named(_ name: String) -> (any ItemEdgeBuilder.Type)? {
        name.isEmpty ? all.first : all.first { $0.name == name }
    }
}
