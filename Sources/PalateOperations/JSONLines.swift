package import PalateModel

// What the command line and HTTP say in JSON alike; the encoder makes names of it with underscores.

/// A generation.
package struct GenerationLine: Encodable, Sendable {
    /// live, candidate or previous.
    package var role: String
    /// Its number.
    package var generation: UInt64
    /// Its handle; 0 = it has none.
    package var handle: UInt32
    /// The embedding model; empty = nobody said.
    package var model: String
    /// Of its vectors.
    package var dimensions: Int
    /// Of its vectors.
    package var metric: String
    /// Of its codes.
    package var quantizer: String
    /// Items that it has.
    package var liveItems: UInt64
    /// Since 1970 UTC; 0 = it never was.
    package var liveSinceMilliseconds: Int64
    /// Whether it went live without passing its check.
    package var isForced: Bool
    /// Whether it cannot be used.
    package var isDamaged: Bool

    /// As the server says it.
    package init(_ generation: GenerationInfo) {
        role = "\(generation.role)"
        self.generation = generation.info.generation
        handle = generation.info.handle
        model = generation.model
        dimensions = generation.info.schema.dimensions
        metric = generation.info.schema.metric
        quantizer = generation.info.schema.quantizer
        liveItems = generation.liveItems
        liveSinceMilliseconds = generation.liveSinceMilliseconds
        isForced = generation.isForced
        isDamaged = generation.isDamaged
    }
}

/// What a candidate's check found.
package struct ReportLine: Encodable, Sendable {
    /// One check of it.
    package struct Check: Encodable, Sendable {
        /// What was looked at.
        package var name: String
        /// Missing where nothing could be measured.
        package var got: Double?
        /// What it should be, at least or at most.
        package var threshold: Double
        /// Whether that is at most.
        package var isCeiling: Bool
        /// Whether it is.
        package var isPassed: Bool
    }

    /// The one that is live now.
    package var generation: UInt64
    /// Whether another one is live now than before.
    package var isSwapped: Bool
    /// Whether all checks passed.
    package var isPassed: Bool
    /// One by one.
    package var checks: [Check]

    /// As the server says it.
    package init(_ report: GenerationReport) {
        generation = report.generation
        isSwapped = report.isSwapped
        isPassed = report.isPassed
        checks = report.checks.map { check in
            Check(
                name: check.name,
                got: check.got.isNaN ? nil : check.got,
                threshold: check.threshold,
                isCeiling: check.isCeiling,
                isPassed: check.isPassed
            )
        }
    }
}

/// A field, and how many rows have values of it.
package struct FieldLine: Encodable, Sendable {
    /// Its name.
    package var name: String
    /// Its type.
    package var type: String
    /// A JSON pointer into payloads; empty = writes bring a column.
    package var path: String
    /// Whether all rows have been read for it.
    package var ready: Bool
    /// Rows with a value.
    package var valued: UInt64
    /// Rows without one.
    package var missing: UInt64
    /// Rows with a value of another type.
    package var mistyped: UInt64
    /// Different values, of keywords.
    package var distinct: UInt64
    /// Of memory.
    package var bytes: UInt64

    /// As the server says it.
    package init(_ field: FieldFigures) {
        name = field.declaration.name
        type = field.declaration.type.name
        path = field.declaration.path
        ready = field.isReady
        valued = field.valued
        missing = field.missing
        mistyped = field.mistyped
        distinct = field.distinct
        bytes = field.bytes
    }
}

/// A backup that was made.
package struct BackupLine: Encodable, Sendable {
    /// Written.
    package var files: UInt32
    /// Written.
    package var bytes: UInt64
    /// Of all stores.
    package var entries: UInt64
    /// Checksum of the manifest, hexadecimal.
    package var manifest: String
    /// That it took.
    package var seconds: Double

    /// As the server says it.
    package init(_ receipt: BackupReceipt) {
        files = receipt.files
        bytes = receipt.bytes
        entries = receipt.entries
        manifest = String(receipt.manifestChecksum, radix: 16)
        seconds = Double(receipt.microseconds) / 1e6
    }
}
