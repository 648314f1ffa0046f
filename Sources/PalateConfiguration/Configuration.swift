/// What holds for every setting, and where it comes from: a flag before the environment, before the
/// file, before the default.
package struct Configuration: Equatable, Sendable {
    /// Where a value comes from.
    package enum Source: String, Sendable {
        case flag, environment, file
        case fallback = "default"
    }

    /// A value and its source.
    package struct Held: Equatable, Sendable {
        /// Nil = there is none.
        package var value: SettingValue?
        /// Whose value it is.
        package var source: Source
    }

    private var held: [String: Held] = [:]

    /// Reads everything.
    ///
    /// - Parameters:
    ///   - file: a file of YAML; nil = none.
    ///   - environment: those of `Schema.variablePrefix` count.
    ///   - flags: texts by dotted name; of a list, with commas.
    /// - Throws: all that is wrong, wherever it is.
    package init(
        file: String?,
        environment: [String: String],
        flags: [String: String]
    ) throws(ConfigurationError) {
        try self.init(file.map { SettingsFile(path: $0) }, environment, flags)
    }

    /// As above, of what a file holds.
    package init(
        text: String,
        environment: [String: String],
        flags: [String: String]
    ) throws(ConfigurationError) {
        try self.init(SettingsFile(text: text, path: "text"), environment, flags)
    }

    private init(
        _ file: SettingsFile?,
        _ environment: [String: String],
        _ flags: [String: String]
    ) throws(ConfigurationError) {
        var problems: [ConfigurationError.Problem] = []
        for setting in Schema.settings {
            let value = setting.fallback.flatMap { setting.kind.value([$0]) }
            held[setting.name] = Held(value: value, source: .fallback)
        }
        if let file {
            problems += file.problems
            for entry in file.entries {
                set(entry.name, entry.texts, .file, entry.isList, entry.place, &problems)
            }
        }
        for (variable, text) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(Schema.variablePrefix) {
            guard !Schema.otherVariables.contains(variable),
                !variable.hasPrefix(Schema.clientPrefix)
            else { continue }
            guard let setting = Schema.settings.first(where: { $0.variable == variable }) else {
                let nearest = Schema.nearestVariable(variable).map { ", is \($0) meant?" } ?? ""
                problems.append(.init(variable, "there is no such setting\(nearest)"))
                continue
            }
            set(setting.name, text, .environment, variable, &problems)
        }
        for (name, text) in flags.sorted(by: { $0.key < $1.key }) {
            guard Schema.setting(name) != nil else {
                problems.append(.init("flags", SettingsFile.unknown(name)))
                continue
            }
            set(name, text, .flag, "flags", &problems)
        }
        check(&problems)
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }

    /// A text from where lists are written with commas.
    private mutating func set(
        _ name: String,
        _ text: String,
        _ source: Source,
        _ place: String,
        _ problems: inout [ConfigurationError.Problem]
    ) {
        let isList = Schema.setting(name)?.kind.isList ?? false
        let texts = isList ? text.split(separator: ",").map(Self.trimmed) : [text]
        set(name, texts, source, isList, place, &problems)
    }

    /// Without the spaces around it: `HS256, ES256` is two names.
    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " }
        return String(start.prefix(start.count - start.reversed().prefix { $0 == " " }.count))
    }

    private mutating func set(
        _ name: String,
        _ texts: [String],
        _ source: Source,
        _ isList: Bool,
        _ place: String,
        _ problems: inout [ConfigurationError.Problem]
    ) {
        guard let setting = Schema.setting(name) else { return }
        guard isList == setting.kind.isList, let value = setting.kind.value(texts) else {
            let all = ConfigurationError.printable(texts.joined(separator: ", "))
            let got = isList ? "[\(all)]" : "\"\(all)\""
            problems.append(
                .init(place, "\(name): got \(got), expected \(setting.kind.expected)")
            )
            return
        }
        held[name] = Held(value: value, source: source)
    }

    /// Settings that go together.
    private func check(_ problems: inout [ConfigurationError.Problem]) {
        if (self["tls.certificate"] == nil) != (self["tls.key"] == nil) {
            problems.append(.init("tls", "certificate and key go together"))
        }
        if self["tls.client-ca"] != nil, self["tls.certificate"] == nil {
            problems.append(.init("tls", "client-ca needs a certificate"))
        }
        if self["http.tls"] == .text("on"), self["tls.certificate"] == nil {
            problems.append(.init("http.tls", "on needs a certificate"))
        }
        let keys = ["hmac-secret", "public-keys", "jwks"].map { "access.tokens.\($0)" }
        // An empty list is as none.
        let hasKeys = keys.contains { self[$0] != nil && self[$0] != .list([]) }
        if hasKeys == texts("access.tokens.algorithms").isEmpty {
            problems.append(
                .init("access.tokens", "algorithms and at least one key go together")
            )
        }
    }

    /// What holds for a setting; nil = nothing.
    package subscript(_ name: String) -> SettingValue? { held[name]?.value }

    /// Every setting with what holds, in the order of the schema.
    package var all: [(setting: Setting, held: Held)] {
        Schema.settings.compactMap { setting in held[setting.name].map { (setting, $0) } }
    }

    /// The settings that are others than before.
    package func changes(from old: Configuration) -> [Setting] {
        Schema.settings.filter { self[$0.name] != old[$0.name] }
    }
}
