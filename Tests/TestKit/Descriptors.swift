import Glibc

/// Descriptors this process has on a file, by their open flags; found without anybody's help.
package func descriptors(of path: String, where matches: (Int32) -> Bool) -> [Int32] {
    (0..<1_024).filter { descriptor in
        var target = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
        guard length > 0 else { return false }
        let name = String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name == path && matches(fcntl(descriptor, F_GETFL))
    }
}

/// Puts another file behind a descriptor for as long as `body` runs.
package func replacing<Result>(
    _ descriptor: Int32,
    by path: String,
    _ flags: Int32,
    _ body: () throws -> Result
) throws -> Result {
    let saved = dup(descriptor)
    let other = open(path, flags)
    guard saved >= 0, other >= 0 else { throw DescriptorError(path: path, code: errno) }
    dup2(other, descriptor)
    close(other)
    defer {
        dup2(saved, descriptor)
        close(saved)
    }
    return try body()
}

/// A file that could not be put behind a descriptor.
package struct DescriptorError: Error {
    /// The file.
    package var path: String
    /// `errno`.
    package var code: Int32
}
