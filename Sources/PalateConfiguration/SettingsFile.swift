import FoundationEssentials
import Yams

/// A file of YAML, flattened to dotted names.
struct SettingsFile {
    /// One value and where it stands.
    struct Entry {
        var name: String
        var texts: [String]
        var isList: Bool
        var place: String
    }

    /// Bytes a file may have: a hundred times what all settings take.
    static let bytesMax = 1 << 20

    private let path: String
    private(set) var entries: [Entry] = []
    private(set) var problems: [ConfigurationError.Problem] = []

    /// Reads and flattens; what is wrong is in `problems`.
    init(path: String) {
        self.path = path
        guard let handle = try? Data(contentsOf: URL(filePath: path)) else {
            problems.append(.init(path, "it cannot be read"))
            return
        }
        guard handle.count <= Self.bytesMax else {
            problems.append(
                .init(path, "it has \(handle.count) bytes, expected \(Self.bytesMax) at most")
            )
            return
        }
        guard let text = String(validating: handle, as: UTF8.self) else {
            problems.append(.init(path, "it is not UTF-8"))
            return
        }
        read(text)
    }

    private mutating func read(_ text: String) {
        do {
            // Aliases share what they stand for, and only known names are walked: no bomb.
            let parser = try Parser(yaml: text)
            guard let root = try parser.singleRoot() else { return }
            flatten(root, "")
        } catch {
            let reason = "\(error)".split(separator: "\n").first.map(String.init) ?? "no YAML"
            problems.append(.init(path, "it is no YAML: \(reason)"))
        }
    }

    private mutating func flatten(_ node: Node, _ name: String) {
        switch node {
        case .mapping(let mapping):
            guard name.isEmpty || Schema.isSection(name) else {
                return refuse(node, name, "got a section")
            }
            var seen = Set<String>()
            for (key, value) in mapping {
                guard let text = key.scalar?.string else {
                    problems.append(.init(place(key), "a key must be text"))
                    continue
                }
                let full = name.isEmpty ? text : "\(name).\(text)"
                guard seen.insert(text).inserted else {
                    problems.append(.init(place(key), "\(full): it is there twice"))
                    continue
                }
                guard Schema.setting(full) != nil || Schema.isSection(full) else {
                    problems.append(.init(place(key), Self.unknown(full)))
                    continue
                }
                flatten(value, full)
            }
        case .sequence(let sequence):
            var texts: [String] = []
            for element in sequence {
                guard let text = element.scalar?.string else {
                    return refuse(element, name, "got a structure within a list")
                }
                texts.append(text)
            }
            add(node, name, texts, isList: true)
        case .scalar(let scalar):
            add(node, name, [scalar.string], isList: false)
        case .alias:
            problems.append(.init(place(node), "\(name): aliases are not read"))
        }
    }

    private mutating func add(_ node: Node, _ name: String, _ texts: [String], isList: Bool) {
        guard Schema.setting(name) != nil else {
            return refuse(node, name.isEmpty ? "the file" : name, "got a value, expected a section")
        }
        entries.append(Entry(name: name, texts: texts, isList: isList, place: place(node)))
    }

    private mutating func refuse(_ node: Node, _ name: String, _ reason: String) {
        let expected = Schema.setting(name).map { ", expected \($0.kind.expected)" } ?? ""
        problems.append(.init(place(node), "\(name): \(reason)\(expected)"))
    }

    private func place(_ node: Node) -> String {
        node.mark.map { "\(path):\($0.line):\($0.column)" } ?? path
    }

    /// What to say of a name that is no setting.
    static func unknown(_ name: String) -> String {
        let nearest = Schema.nearest(name).map { ", is \($0) meant?" } ?? ""
        return "\(name): there is no such setting\(nearest)"
    }
}
