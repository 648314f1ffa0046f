// swift-tools-version: 6.3
import PackageDescription

/// Settings of every Swift target.
///
/// The proposals behind the names: SE-0335 (existential any),
/// SE-0444 (member import visibility), SE-0409 (internal imports), SE-0461 (nonsending).
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

/// The synchronous core adds SE-0458: every unsafe expression is spelled `unsafe`.
///
/// The asynchronous edge does not: NIO's buffers would put the word on every second line.
let strict = common + [.strictMemorySafety()]

let package = Package(
    name: "palate",
    products: [
        .executable(name: "palate", targets: ["palate"]),
        .executable(name: "palate-quick-start", targets: ["ClientExample"]),
        .library(name: "PalateClient", targets: ["PalateClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Nouns.
        .target(name: "PalateModel", swiftSettings: strict),

        // Leaves, which do not know each other, and the C they stand on.
        .systemLibrary(
            name: "CLMDB",
            pkgConfig: "lmdb",
            providers: [.apt(["liblmdb-dev"])]
        ),
        .systemLibrary(
            name: "CZstd",
            pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"])]
        ),
        .systemLibrary(
            name: "COpenBLAS",
            pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"])]
        ),
        .target(name: "CPalateKernels"),
        .target(name: "PalateChecksum", dependencies: ["CPalateKernels"], swiftSettings: strict),
        .target(
            name: "PalateKernels",
            dependencies: ["CPalateKernels", "COpenBLAS", "PalateModel"],
            swiftSettings: strict
        ),
        .target(
            name: "PalateQuantization",
            dependencies: ["PalateModel", "PalateKernels"],
            swiftSettings: strict
        ),
        // A header alone: one inline function, nothing to link.
        .systemLibrary(name: "CPalatePrefetch"),
        // The beam of a search, for each instruction set.
        .target(name: "CPalateBeam"),
        .target(
            name: "PalateGraph",
            dependencies: ["PalateModel", "CPalatePrefetch", "CPalateBeam"],
            swiftSettings: strict
        ),
        .target(
            name: "PalateStorage",
            dependencies: ["PalateModel", "PalateChecksum", "CLMDB", "CZstd"],
            swiftSettings: strict
        ),
        .target(
            name: "PalateTaste",
            dependencies: ["PalateModel", "PalateKernels"],
            swiftSettings: strict
        ),
        .target(name: "PalateFields", dependencies: ["PalateModel"], swiftSettings: strict),
        .target(name: "PalateBench", swiftSettings: strict),

        // The synchronous core.
        .target(
            name: "PalateIndex",
            dependencies: [
                "PalateModel", "PalateChecksum", "PalateGraph", "PalateTaste",
                "PalateKernels", "PalateQuantization", "PalateStorage", "PalateFields",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "PalateQuery",
            dependencies: [
                "PalateModel", "PalateGraph", "PalateTaste", "PalateKernels", "PalateQuantization",
                "PalateStorage", "PalateIndex", "PalateFields",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "PalateWire",
            dependencies: ["PalateModel", "PalateChecksum"],
            swiftSettings: strict
        ),

        // The asynchronous edge.
        .target(
            name: "PalateAccess",
            dependencies: [
                "PalateModel",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            swiftSettings: common
        ),
        .target(
            name: "PalateConfiguration",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: common
        ),
        .target(
            name: "PalateOperations",
            dependencies: [
                "PalateModel", "PalateIndex", "PalateWire", "PalateServer", "PalateAccess",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common
        ),
        .target(
            name: "PalateServer",
            dependencies: [
                "PalateModel", "PalateWire", "PalateQuery", "PalateIndex", "PalateAccess",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common
        ),
        .target(
            name: "PalateClient",
            dependencies: [
                "PalateModel", "PalateWire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: common
        ),
        // How a program uses the client.
        .executableTarget(
            name: "ClientExample",
            dependencies: [
                "PalateClient", "PalateModel", .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: common
        ),
        .executableTarget(
            name: "palate",
            dependencies: [
                "PalateModel", "PalateGraph", "PalateQuantization", "PalateIndex", "PalateQuery",
                "PalateServer", "PalateClient", "PalateKernels", "PalateWire", "PalateBench",
                "PalateFields", "PalateAccess", "PalateConfiguration", "PalateOperations",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common
        ),

        // Tests mirror the targets.
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        .target(
            name: "TestKit",
            dependencies: ["PalateModel", "CAllocationCount"],
            path: "Tests/TestKit",
            swiftSettings: common
        ),
        // Keys for tests of whoever asks for them.
        .target(
            name: "AccessTestKit",
            dependencies: ["PalateAccess"],
            path: "Tests/AccessTestKit",
            swiftSettings: common
        ),
        // What fuzzers run; tests run their corpus.
        .target(
            name: "Fuzzing",
            dependencies: [
                "PalateAccess", "PalateChecksum", "PalateConfiguration", "PalateFields",
                "PalateIndex", "PalateModel", "PalateTaste", "PalateWire",
            ],
            path: "Tests/Fuzzing",
            swiftSettings: common
        ),
        .testTarget(
            name: "FuzzingTests",
            dependencies: ["Fuzzing", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateModelTests",
            dependencies: ["PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateKernelsTests",
            dependencies: ["PalateKernels", "PalateChecksum", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateQuantizationTests",
            dependencies: ["PalateQuantization", "PalateKernels", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateGraphTests",
            dependencies: ["PalateGraph", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateStorageTests",
            dependencies: ["PalateStorage", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateTasteTests",
            dependencies: ["PalateTaste", "PalateKernels", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateFieldsTests",
            dependencies: ["PalateFields", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateBenchTests",
            dependencies: ["PalateBench"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateIndexTests",
            dependencies: [
                "PalateIndex", "PalateModel", "PalateGraph", "PalateTaste", "PalateQuantization",
                "PalateStorage", "TestKit",
            ],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateQueryTests",
            dependencies: [
                "PalateQuery", "PalateIndex", "PalateModel", "PalateGraph", "PalateTaste",
                "PalateQuantization", "TestKit",
            ],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateWireTests",
            dependencies: ["PalateWire", "PalateModel", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateAccessTests",
            dependencies: [
                "PalateAccess", "PalateModel", "TestKit", "AccessTestKit",
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateConfigurationTests",
            dependencies: ["PalateConfiguration", "TestKit"],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateOperationsTests",
            dependencies: [
                "PalateOperations", "PalateServer", "PalateAccess", "PalateClient", "PalateIndex",
                "PalateModel", "PalateWire", "TestKit", "AccessTestKit",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common
        ),
        .testTarget(
            name: "PalateServerTests",
            dependencies: [
                "PalateServer", "PalateClient", "PalateAccess", "PalateWire", "PalateModel",
                "PalateIndex", "PalateQuery", "ClientExample", "TestKit", "AccessTestKit",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common
        ),
    ]
)

// Only libFuzzer gives it a driver: `tools/fuzz.py` builds it with --sanitize fuzzer.
if Context.environment["PALATE_FUZZ"] != nil {
    package.targets += [
        .executableTarget(
            name: "palate-fuzz",
            dependencies: ["Fuzzing"],
            path: "Tests/PalateFuzz",
            swiftSettings: common
        )
    ]
}
