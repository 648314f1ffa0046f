/// Every reranker there is: one line each.
package enum RerankerRegistry {
    /// In the order in which the documentation lists them.
    package static let all: [any Reranker.Type] = [
        IdentityReranker.self,
        BlendReranker.self,
        FusionReranker.self,
    ]

    /// The names, for error messages and help.
    package static var names: [String] { all.map { $0.name } }

    /// The reranker of this name.
    package static func named(_ name: String) -> (any Reranker.Type)? {
        all.first { $0.name == name }
    }
}
