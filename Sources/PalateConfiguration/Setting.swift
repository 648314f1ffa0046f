/// One setting.
package struct Setting: Sendable {
    /// Its dotted name: `tls.certificate`.
    package let name: String
    /// What its text may be.
    package let kind: SettingKind
    /// As it would be written; nil = there is none.
    package let fallback: String?
    /// One sentence.
    package let help: String
    /// Whether a running server takes a new value.
    package let isReloadable: Bool

    init(
        _ name: String,
        _ kind: SettingKind,
        _ fallback: String?,
        reloads isReloadable: Bool = false,
        _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.fallback = fallback
        self.help = help
        self.isReloadable = isReloadable
    }

    /// The variable of the environment: `PALATE_TLS_CERTIFICATE`.
    package var variable: String {
        let letters = name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 }
        return Schema.variablePrefix + String(letters)
    }
}
