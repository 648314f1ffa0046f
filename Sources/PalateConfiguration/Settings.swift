extension Configuration {
    /// The text of a setting of kind text or choice; nil = there is none.
    package func text(_ name: String) -> String? {
        if case .text(let text) = self[name] { text } else { nil }
    }

    /// The number of a setting of kind integer, bytes or time; those of the schema have a default.
    package func number(_ name: String) -> Int {
        if case .integer(let number) = self[name] { number } else { 0 }
    }

    /// The texts of a list; none where it is not there.
    package func texts(_ name: String) -> [String] {
        if case .list(let texts) = self[name] { texts } else { [] }
    }
}
