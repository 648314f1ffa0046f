/// Something that understands bytes from outside, as a fuzzer sees it.
///
/// Whatever the bytes are, it returns: a trap is a finding, and so is a value that does not survive
/// being written and read again.
package struct FuzzTarget: Sendable {
    /// In commands and of the corpus: `Tests/Fixtures/fuzz/NAME.txt`, an input a line, hexadecimal.
    package let name: String
    /// Whether the bytes were understood.
    package let run: @Sendable (_ bytes: [UInt8]) -> Bool

    /// All of them.
    package static let all: [FuzzTarget] = [
        FuzzTarget(name: "frame", run: WireTargets.frame),
        FuzzTarget(name: "request", run: WireTargets.request),
        FuzzTarget(name: "response", run: WireTargets.response),
        FuzzTarget(name: "filter", run: WireTargets.filter),
        FuzzTarget(name: "expression", run: TextTargets.expression),
        FuzzTarget(name: "payload", run: TextTargets.payload),
        FuzzTarget(name: "configuration", run: TextTargets.configuration),
        FuzzTarget(name: "manifest", run: StoredTargets.manifest),
        FuzzTarget(name: "record", run: StoredTargets.record),
        FuzzTarget(name: "token", run: TokenTarget.token),
    ]
}
