import Crypto
import Foundation
import SwiftASN1
import X509

/// An authority of a test, and what it has signed; all as PEM files in a directory.
struct TestCertificates {
    /// PEM of the authority.
    let authority: String

    private let directory: String
    private let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    private let name: DistinguishedName

    /// Makes an authority.
    init(in directory: String, name: String = "test authority") throws {
        self.directory = directory
        self.name = try DistinguishedName { CommonName(name) }
        authority = "\(directory)/\(name).pem"
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: key.publicKey,
            notValidBefore: .now - 3_600,
            notValidAfter: .now + 86_400,
            issuer: self.name,
            subject: self.name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: key
        )
        try certificate.serializeAsPEM().pemString.write(
            toFile: authority,
            atomically: true,
            encoding: .utf8
        )
    }

    /// A certificate signed by this authority, and its key.
    ///
    /// - Parameters:
    ///   - name: of the files, and the DNS name it is good for.
    ///   - days: until it ends; negative = it has ended.
    /// - Returns: the two PEM files.
    /// - Throws: what writing them throws.
    func issue(
        _ name: String = "localhost",
        days: Double = 1
    ) throws -> (certificate: String, key: String) {
        let leafKey = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PrivateKey(leafKey).publicKey,
            notValidBefore: .now - 172_800,
            notValidAfter: .now + days * 86_400,
            issuer: self.name,
            subject: try DistinguishedName { CommonName(name) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                BasicConstraints.notCertificateAuthority
                KeyUsage(digitalSignature: true)
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.dnsName(name)])
            },
            issuerPrivateKey: key
        )
        let files = ("\(directory)/\(name).pem", "\(directory)/\(name).key")
        try certificate.serializeAsPEM().pemString.write(
            toFile: files.0,
            atomically: true,
            encoding: .utf8
        )
        try leafKey.pemRepresentation.write(toFile: files.1, atomically: true, encoding: .utf8)
        return files
    }
}
