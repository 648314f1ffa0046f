import PalateModel

// AUTH: a credential there, what it allows back.
extension V1 {
    func encodeAuthentication(_ said: Authentication, _ writer: inout FrameWriter) {
        writer.write(said.kind.rawValue)
        for _ in 0..<3 { writer.write(UInt8(0)) }
        writer.write(UInt32(clamping: said.secret.utf8.count))
        writer.write(text: said.secret)
    }

    func decodeAuthentication(
        _ reader: inout BodyReader
    ) throws(RequestError) -> Authentication {
        let number = try reader.read(UInt8.self, "kind of credential")
        guard let kind = Authentication.Kind(rawValue: number) else {
            throw .unsupported(what: "kind of credential", got: Int(number))
        }
        for byte in 1...3 { try reader.readReserved(UInt8.self, "reserved field at byte \(byte)") }
        let byteCount = try reader.readCount("credential length", in: Authentication.secretBytes)
        return Authentication(
            kind: kind,
            secret: try reader.readText(byteCount: byteCount, "credential")
        )
    }

    func encodeAuthenticated(_ receipt: AuthenticationReceipt, _ writer: inout FrameWriter) {
        let subject = bounded(receipt.subject, to: AuthenticationReceipt.subjectBytes.upperBound)
        writer.write(receipt.scopes)
        writer.write(UInt16(subject.utf8.count))
        writer.write(UInt16(0))
        writer.write(receipt.expiryMilliseconds)
        writer.write(text: subject)
    }

    func decodeAuthenticated(
        _ reader: inout BodyReader
    ) throws(RequestError) -> AuthenticationReceipt {
        let scopes = try reader.read(UInt32.self, "scopes")
        let subjectBytes = Int(try reader.read(UInt16.self, "subject length"))
        _ = try reader.checked(
            subjectBytes,
            "subject length",
            in: AuthenticationReceipt.subjectBytes
        )
        try reader.readReserved(UInt16.self, "reserved field at byte 6")
        let expiry = try reader.read(Int64.self, "expiry")
        return AuthenticationReceipt(
            scopes: scopes,
            subject: try reader.readText(byteCount: subjectBytes, "subject"),
            expiryMilliseconds: expiry
        )
    }
}
