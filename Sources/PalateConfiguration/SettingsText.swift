import Glibc
import Yams

/// From a path to a tree of YAML, within bounds.
enum SettingsText {
    typealias Problem = ConfigurationError.Problem

    /// Bytes a file may have: a hundred times what all settings take.
    static let bytesMax = 1 << 20

    /// Asterisks a file may have outside lines of comment.
    ///
    /// Aliases are refused, but only once the tree is there; on the way to it Yams hashes keys with
    /// all they stand for. N aliases stand for 3^(N/3) copies at most: 8 for 19, which is nothing;
    /// a hundred, a file of 2 KB, for more than would end.
    static let asterisksMax = 8

    /// The text of a regular file.
    ///
    /// - Throws: why there is none.
    static func read(_ path: String) throws(Problem) -> String {
        // Not to wait for the other end of a pipe.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Problem(path, "it cannot be read: it is no regular file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= bytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        guard bytes.count <= bytesMax else {
            let got = max(Int(status.st_size), bytes.count)
            throw Problem(path, "it has \(got) bytes, expected \(bytesMax) at most")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(path, "it is not UTF-8")
        }
        return text
    }

    private static func unreadable(_ path: String) -> Problem {
        Problem(path, "it cannot be read: \(String(cString: strerror(errno)))")
    }

    /// Does something with the tree of a text; nothing where the text says nothing.
    ///
    /// - Parameters:
    ///   - text: YAML of one document.
    ///   - path: for messages.
    ///   - body: is the only one that sees anchors: nodes refer to them weakly, the parser owns
    ///     them.
    /// - Throws: the first thing that is no YAML, and its place.
    static func withTree(
        of text: String,
        _ path: String,
        _ body: (Node) -> Void
    ) throws(Problem) {
        let asterisks = asterisks(text)
        guard asterisks <= asterisksMax else {
            throw Problem(
                path,
                "it has \(asterisks) asterisks outside comments, expected \(asterisksMax) at most: "
                    + "aliases are not read"
            )
        }
        do {
            // Left to choose, Yams asks the environment and prints on standard output.
            let parser = try Parser(yaml: text, encoding: .utf8)
            let root = try parser.singleRoot()
            withExtendedLifetime(parser) { root.map(body) }
        } catch {
            throw problem(error, text, path)
        }
    }

    /// How many asterisks may begin an alias: all but those of lines that are a comment for sure.
    ///
    /// A quoted text may end on a line that begins with #, and other letters may be YAML's line
    /// breaks, so lines with either count.
    private static func asterisks(_ text: String) -> Int {
        text.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            .filter { line in
                line.first { $0 != UInt8(ascii: " ") } != UInt8(ascii: "#")
                    || line.contains { $0 >= 0x80 || $0 == UInt8(ascii: "\"") || $0 == 0x27 }
            }
            .reduce(0) { sum, line in sum + line.count { $0 == UInt8(ascii: "*") } }
    }

    private static func problem(_ error: any Error, _ text: String, _ path: String) -> Problem {
        switch error as? YamlError {
        case .scanner(_, let reason, let mark, _), .parser(_, let reason, let mark, _):
            return Problem("\(path):\(mark.line):\(mark.column)", "it is no YAML: \(reason)")
        case .composer(let context, let reason, let mark, _):
            let before = context.map { "\($0.text), " } ?? ""
            return Problem(
                "\(path):\(mark.line):\(mark.column)",
                "it is no YAML: \(before)\(reason)"
            )
        case .reader(let reason, let offset?, _, _):
            let before = text.prefix(offset)
            let line = before.count { $0.isNewline } + 1
            let column = before.reversed().prefix { !$0.isNewline }.count + 1
            return Problem("\(path):\(line):\(column)", "it is no YAML: \(reason)")
        case .reader(let reason, nil, _, _): return Problem(path, "it is no YAML: \(reason)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map(ConfigurationError.printable).joined(separator: ", ")
            let place = "\(path):\(context.mark.line):\(context.mark.column)"
            return Problem(place, "\(names): it is there twice in its section")
        default: return Problem(path, "it is no YAML")
        }
    }
}
