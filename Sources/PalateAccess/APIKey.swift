import Crypto

/// The text of a key, `plt_ID_SECRET`, and what is stored of it.
///
/// The secret is 32 random bytes, so one SHA-256 is enough: slow hashes are for secrets of which
/// some are likelier than others.
package struct APIKey: Sendable {
    /// Letters of an id; without those that look like others.
    private static let letters = Array("abcdefghjkmnpqrstuvwxyz23456789".utf8)
    private static let prefix = "plt"
    static let idBytes = 8
    private static let secretBytes = 32
    private static let secretDigits = secretBytes * 2

    /// Names the key in lists, logs and receipts.
    package let id: String
    private let secret: String

    /// A new key.
    init(using generator: inout some RandomNumberGenerator) {
        let letters = (0..<Self.idBytes).map { _ in
            Self.letters[Int.random(in: 0..<Self.letters.count, using: &generator)]
        }
        self.init(id: String(decoding: letters, as: UTF8.self), using: &generator)
    }

    /// A new secret for a key that there is.
    init(id: String, using generator: inout some RandomNumberGenerator) {
        self.id = id
        secret = Self.hexadecimal(
            (0..<Self.secretBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
        )
    }

    /// Reads the text of a key; nil when it is none.
    init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.prefix, parts[1].utf8.count == Self.idBytes,
            parts[2].utf8.count == Self.secretDigits
        else { return nil }
        id = String(parts[1])
        secret = String(parts[2])
    }

    /// What the owner keeps; nowhere stored.
    package var text: String { "\(Self.prefix)_\(id)_\(secret)" }

    /// What is stored.
    var digest: SHA256.Digest { SHA256.hash(data: Array(secret.utf8)) }

    /// Digits of a stored digest.
    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }

    /// The 32 bytes of a stored digest; nil when the text is none.
    static func digestBytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == SHA256.byteCount * 2 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        default: nil
        }
    }
}

extension APIKey: CustomStringConvertible, CustomReflectable {
    /// Without the secret.
    package var description: String { "key \(id)" }

    /// Without the secret.
    package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
