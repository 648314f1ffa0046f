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

    private static let anchored = "got an anchor or an alias, which are not read"

    private let path: String
    private var places: [String: String] = [:]
    private(set) var entries: [Entry] = []
    private(set) var problems: [ConfigurationError.Problem] = []

    /// Reads and flattens; what is wrong is in `problems`.
    init(path: String) {
        self.init(text: "", path: path)
        do throws(ConfigurationError.Problem) {
            self = SettingsFile(text: try SettingsText.read(path), path: path)
        } catch {
            problems.append(error)
        }
    }

    /// Flattens what a file holds.
    init(text: String, path: String) {
        self.path = path
        do throws(ConfigurationError.Problem) {
            try SettingsText.withTree(of: text, path) { flatten($0, "") }
        } catch {
            problems.append(error)
        }
    }

    private mutating func flatten(_ node: Node, _ name: String) {
        guard node.anchor == nil else {
            return refuse(node, name, Self.anchored)
        }
        switch node {
        case .mapping(let mapping):
            guard name.isEmpty || Schema.isSection(name) else {
                return refuse(node, name, "got a section")
            }
            for (key, value) in mapping { flatten(value, key: key, of: name) }
        case .sequence(let sequence): flatten(sequence, node, name)
        case .scalar(let scalar):
            guard !Self.isNothing(scalar) else { return refuse(node, name, "got nothing") }
            add(node, name, [scalar.string], isList: false)
        case .alias: refuse(node, name, Self.anchored)
        }
    }

    private mutating func flatten(_ value: Node, key: Node, of section: String) {
        guard let text = key.scalar?.string, key.anchor == nil else {
            problems.append(.init(place(key), "a key must be text without an anchor"))
            return
        }
        let name = section.isEmpty ? text : "\(section).\(text)"
        guard Schema.setting(name) != nil || Schema.isSection(name) else {
            problems.append(.init(place(key), Self.unknown(name)))
            return
        }
        flatten(value, name)
    }

    private mutating func flatten(_ sequence: Node.Sequence, _ node: Node, _ name: String) {
        var texts: [String] = []
        for element in sequence {
            guard element.anchor == nil else {
                return refuse(element, name, Self.anchored)
            }
            guard let scalar = element.scalar else {
                return refuse(element, name, "got a structure within a list")
            }
            guard !Self.isNothing(scalar) else {
                return refuse(element, name, "got nothing within a list")
            }
            texts.append(scalar.string)
        }
        add(node, name, texts, isList: true)
    }

    /// Whether YAML means by it that there is no value; in quotes it is text.
    private static func isNothing(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private mutating func add(_ node: Node, _ name: String, _ texts: [String], isList: Bool) {
        guard Schema.setting(name) != nil else { return refuse(node, name, "got a value") }
        // `a.b: 1` and `a: {b: 1}` are the same name, which YAML does not know.
        if let first = places.updateValue(place(node), forKey: name) {
            problems.append(.init(place(node), "\(name): it is there twice, first at \(first)"))
            return
        }
        entries.append(Entry(name: name, texts: texts, isList: isList, place: place(node)))
    }

    private mutating func refuse(_ node: Node, _ name: String, _ reason: String) {
        let expected = Schema.setting(name).map(\.kind.expected) ?? "a section"
        let name = name.isEmpty ? "the file" : name
        problems.append(.init(place(node), "\(name): \(reason), expected \(expected)"))
    }

    private func place(_ node: Node) -> String {
        node.mark.map { "\(path):\($0.line):\($0.column)" } ?? path
    }

    /// What to say of a name that is no setting.
    static func unknown(_ name: String) -> String {
        let nearest = Schema.nearest(name).map { ", is \($0) meant?" } ?? ""
        return "\(ConfigurationError.printable(name)): there is no such setting\(nearest)"
    }
}
