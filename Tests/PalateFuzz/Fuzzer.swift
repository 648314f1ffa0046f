import Fuzzing
import Glibc

// Built by tools/fuzz.py alone, with --sanitize fuzzer, which brings `main` and calls this.

/// Runs the target that `PALATE_FUZZ_TARGET` names on one input.
@_cdecl("LLVMFuzzerTestOneInput")
public func runOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    _ = Chosen.target.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

private enum Chosen {
    static let target: FuzzTarget = {
        let name = getenv("PALATE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
            fatalError("PALATE_FUZZ_TARGET: got \"\(name)\", expected one of \(names)")
        }
        return target
    }()
}
