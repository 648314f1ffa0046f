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

/// Puts another file behind a descriptor for as long as `body` runs, or until it closes it.
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
    let replaced = identity(of: descriptor)
    defer {
        // Another file may have the number by now.
        if identity(of: descriptor) == replaced { dup2(saved, descriptor) }
        close(saved)
        close(other)
    }
    return try body()
}

/// What a descriptor stands for: file, and how it was opened.
private func identity(of descriptor: Int32) -> [UInt] {
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { return [] }
    return [facts.st_dev, facts.st_ino, UInt(fcntl(descriptor, F_GETFL))]
}

/// A file that could not be put behind a descriptor.
package struct DescriptorError: Error {
    /// The file.
    package var path: String
    /// `errno`.
    package var code: Int32
}
