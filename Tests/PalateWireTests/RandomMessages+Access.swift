import PalateWire

// Who the client is.
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
}
