import PalateModel
import PalateWire

// Who the client is, and what only an administrator asks.
extension RandomMessages {
    mutating func authentication() -> Authentication {
        Authentication(
            kind: Authentication.Kind.allCases[number(0...1)],
            secret: name(Authentication.secretBytes)
        )
    }

    mutating func authenticated() -> AuthenticationReceipt {
        AuthenticationReceipt(
            scopes: half(),
            subject: text(0...60),
            expiryMilliseconds: Int64(bitPattern: word())
        )
    }

    mutating func backup() -> BackupRequest {
        BackupRequest(
            name: name(),
            collection: flag() ? name() : "",
            form: BackupForm.allCases[number(0...1)],
            bytesPerSecond: word()
        )
    }
}
