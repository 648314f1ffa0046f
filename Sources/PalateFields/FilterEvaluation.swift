import PalateModel

/// A filter made ready to be asked 65,536 rows at a time.
///
/// Lists of items are looked up once. Parts of an `and` are asked until nothing is left; a `not`
/// within takes away instead of being made first.
struct FilterEvaluation {
    private indirect enum Node {
        case all
        case field(FieldID, FieldTest)
        case rows(RowSet)
        case and(kept: [Node], dropped: [Node])
        case or([Node])
        case not(Node)
    }

    private let root: Node

    init(_ filter: Filter, rowsOf: ([ItemID]) -> RowSet) {
        root = Self.node(filter, rowsOf)
    }

    private static func node(_ filter: Filter, _ rowsOf: ([ItemID]) -> RowSet) -> Node {
        switch filter {
        case .all: return .all
        // Sorted once; columns sort per chunk, which is quick where they are sorted.
        case .field(let id, .integers(let numbers)): return .field(id, .integers(numbers.sorted()))
        case .field(let id, let test): return .field(id, test)
        case .items(let items): return .rows(rowsOf(items))
        case .or(let parts): return .or(parts.map { node($0, rowsOf) })
        case .not(let part): return .not(node(part, rowsOf))
        case .and(let parts):
            var (kept, dropped): ([Node], [Node]) = ([], [])
            for part in parts {
                if case .not(let inner) = part {
                    dropped.append(node(inner, rowsOf))
                } else {
                    kept.append(node(part, rowsOf))
                }
            }
            return .and(kept: kept, dropped: dropped)
        }
    }

    /// The rows of a chunk that pass.
    func rows(of table: FieldTable, chunk: Int) -> RowContainer {
        Self.rows(root, table, chunk)
    }

    private static func rows(_ node: Node, _ table: FieldTable, _ chunk: Int) -> RowContainer {
        switch node {
        case .all: return table.present.container(chunk)
        case .field(let id, let test): return table.rows(id, passing: test, chunk: chunk)
        case .rows(let rows):
            return rows.container(chunk).intersection(table.present.container(chunk))
        case .or(let parts): return RowContainer(union: parts.map { rows($0, table, chunk) })
        case .not(let part):
            return table.present.container(chunk).subtracting(rows(part, table, chunk))
        case .and(let kept, let dropped):
            var left = kept.first.map { rows($0, table, chunk) } ?? table.present.container(chunk)
            for part in kept.dropFirst() where left.count > 0 {
                left = left.intersection(rows(part, table, chunk))
            }
            for part in dropped where left.count > 0 {
                left = left.subtracting(rows(part, table, chunk))
            }
            return left
        }
    }
}
