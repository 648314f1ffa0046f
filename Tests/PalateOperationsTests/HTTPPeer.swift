import Foundation
import Glibc
import TestKit

/// HTTP/1.1 over a socket, one request a connection: what curl would send, without curl.
struct HTTPPeer: Sendable {
    /// What came back.
    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String

        func header(_ name: String) -> String? { headers[name] }
    }

    struct Broken: Error {}

    let port: Int

    /// Sends a request, off the cooperative threads.
    func ask(
        _ line: String,
        _ headers: [String: String] = [:],
        body: String = ""
    ) async throws -> Answer {
        var headers = headers
        if !body.isEmpty { headers["content-length"] = "\(body.utf8.count)" }
        let extra = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        let text =
            "\(line) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\(extra)\r\n\(body)"
        let port = port
        return try await onOwnThread { try Self.exchange(text, port) }
    }

    private static func exchange(_ text: String, _ port: Int) throws -> Answer {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Broken() }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard isConnected == 0 else { throw Broken() }
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer[..<count]
        }
        return try parse(String(decoding: received, as: UTF8.self))
    }

    private static func parse(_ text: String) throws -> Answer {
        guard let end = text.range(of: "\r\n\r\n") else { throw Broken() }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let parts = lines.first?.split(separator: " ") ?? []
        guard parts.count > 1, let status = Int(parts[1]) else { throw Broken() }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { continue }
            headers[pair[0].lowercased()] = String(pair[1].drop { $0 == " " })
        }
        return Answer(status: status, headers: headers, body: String(text[end.upperBound...]))
    }
}

/// Prometheus' text format read strictly, by its own description: every sample of a family that was
/// begun, histograms whose buckets rise.
enum ExpositionReader {
    struct Wrong: Error { var line: String }

    static func read(_ text: String) throws -> [String: Double] {
        var samples: [String: Double] = [:]
        var types: [String: String] = [:]
        var bucket: (series: String, count: Double)?
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("#") {
                let parts = line.split(separator: " ", maxSplits: 3)
                guard parts.count == 4 else { throw Wrong(line: line) }
                if parts[1] == "TYPE" {
                    guard types[String(parts[2])] == nil else { throw Wrong(line: line) }
                    types[String(parts[2])] = String(parts[3])
                }
                continue
            }
            guard let blank = line.lastIndex(of: " "),
                let value = Double(line[line.index(after: blank)...])
            else { throw Wrong(line: line) }
            let series = String(line[..<blank])
            let name = String(series.prefix { $0 != "{" })
            let family = ["_bucket", "_sum", "_count"].reduce(name) {
                types[$0] == nil && name.hasSuffix($1) ? String(name.dropLast($1.count)) : $0
            }
            guard types[family] != nil, samples[series] == nil else { throw Wrong(line: line) }
            if name.hasSuffix("_bucket"), let le = series.range(of: ",le=") {
                let group = String(series[..<le.lowerBound])
                if let bucket, bucket.series == group, bucket.count > value {
                    throw Wrong(line: line)
                }
                bucket = (group, value)
            }
            samples[series] = value
        }
        guard text.hasSuffix("\n") else { throw Wrong(line: "the end") }
        return samples
    }
}
