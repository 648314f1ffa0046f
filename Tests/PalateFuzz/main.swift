import CFuzzer
import Fuzzing
import Glibc

// Built by tools/fuzz.py alone, with --sanitize fuzzer; its arguments are libFuzzer's.

let name = getenv("PALATE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
    fputs("PALATE_FUZZ_TARGET: got \"\(name)\", expected one of \(names)\n", stderr)
    exit(2)
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
    LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        _ = chosen(bytes)
        return 0
    }
)

/// The target, where a C function can reach it.
func chosen(_ bytes: [UInt8]) -> Bool { Chosen.run(bytes) }

enum Chosen {
    static let run = FuzzTarget.all.first { $0.name == name }?.run ?? { _ in false }
}
