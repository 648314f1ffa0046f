import PalateModel

// GENERATION_SWAP, _CREATE, _DROP and _LIST.
extension V1 {
    /// Lines of a check; each takes at least 19 bytes of the frame.
    static let listedChecks = 0...1_000
    /// Generations of one collection.
    static let listedGenerations = 0...GenerationRole.allCases.count

    func encodeSwap(_ swap: GenerationSwap, _ writer: inout FrameWriter) {
        writer.write(swap.handle)
        writer.write(swap.step.rawValue)
        writer.write(UInt8(swap.isForced ? 1 : 0))
        writer.write(UInt16(0))
        writer.write(UInt32(clamping: swap.thresholds.samples))
        writer.write(swap.thresholds.rows)
        writer.write(swap.thresholds.lacking)
        writer.write(swap.thresholds.recall)
        writer.write(swap.thresholds.overlap)
        writer.write(swap.thresholds.nearer)
    }

    func decodeSwap(_ reader: inout BodyReader) throws(RequestError) -> GenerationSwap {
        let handle = try reader.read(UInt32.self, "handle")
        let number = try reader.read(UInt8.self, "step")
        guard let step = GenerationStep(rawValue: number) else {
            throw .unsupported(what: "step of a generation", got: Int(number))
        }
        let isForced = try readFlag(&reader, "flags")
        try reader.readReserved(UInt16.self, "reserved field at byte 6")
        let thresholds = CanaryThresholds(
            samples: try reader.readCount("samples", in: Limits.canarySamples),
            rows: try reader.readFiniteFloat("rows"),
            lacking: try reader.readFiniteFloat("lacking"),
            recall: try reader.readFiniteFloat("recall"),
            overlap: try reader.readFiniteFloat("overlap"),
            nearer: try reader.readFiniteFloat("nearer")
        )
        return GenerationSwap(
            handle: handle,
            step: step,
            isForced: isForced,
            thresholds: thresholds
        )
    }

    func encodeGenerationReport(_ report: GenerationReport, _ writer: inout FrameWriter) {
        writer.write(report.generation)
        writer.write(UInt8(report.isSwapped ? 1 : 0))
        writer.write(UInt8(0))
        writer.write(UInt16(0))
        writer.write(UInt32(clamping: report.checks.count))
        for check in report.checks {
            writer.write(check.got.bitPattern)
            writer.write(check.threshold.bitPattern)
            writer.write(UInt8(check.isCeiling ? 1 : 0))
            writer.write(UInt8(clamping: check.name.utf8.count))
            writer.write(text: check.name)
        }
    }

    func decodeGenerationReport(
        _ reader: inout BodyReader
    ) throws(RequestError) -> GenerationReport {
        let generation = try reader.read(UInt64.self, "generation")
        let isSwapped = try readFlag(&reader, "flags")
        try reader.readReserved(UInt8.self, "reserved field at byte 9")
        try reader.readReserved(UInt16.self, "reserved field at byte 10")
        let count = try reader.readCount("checks", in: Self.listedChecks)
        var checks: [CanaryCheck] = []
        for _ in 0..<count {
            let got = Double(bitPattern: try reader.read(UInt64.self, "measured value"))
            let threshold = Double(bitPattern: try reader.read(UInt64.self, "threshold"))
            let isCeiling = try readFlag(&reader, "flags of a check")
            let nameBytes = Int(try reader.read(UInt8.self, "name length"))
            checks.append(
                CanaryCheck(
                    name: try reader.readText(byteCount: nameBytes, "name of a check"),
                    got: got,
                    threshold: threshold,
                    isCeiling: isCeiling
                )
            )
        }
        return GenerationReport(generation: generation, isSwapped: isSwapped, checks: checks)
    }

    func encodeGenerationCreate(_ create: GenerationCreate, _ writer: inout FrameWriter) {
        writer.write(create.handle)
        writer.write(UInt8(clamping: create.model.utf8.count))
        writer.write(UInt8(0))
        writer.write(UInt16(0))
        encodeSchema(create.schema, &writer)
        writer.write(text: create.model)
    }

    func decodeGenerationCreate(
        _ reader: inout BodyReader
    ) throws(RequestError) -> GenerationCreate {
        let handle = try reader.read(UInt32.self, "handle")
        let modelBytes = Int(try reader.read(UInt8.self, "model length"))
        try reader.readReserved(UInt8.self, "reserved field at byte 5")
        try reader.readReserved(UInt16.self, "reserved field at byte 6")
        return GenerationCreate(
            handle: handle,
            schema: try decodeSchema(&reader),
            model: try reader.readText(byteCount: modelBytes, "model")
        )
    }

    func encodeGenerationDrop(
        _ handle: UInt32,
        _ role: GenerationRole,
        _ writer: inout FrameWriter
    ) {
        writer.write(handle)
        writer.write(UInt32(role.rawValue))
    }

    func decodeGenerationDrop(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let number = try reader.read(UInt32.self, "role")
        let role = UInt8(exactly: number).flatMap(GenerationRole.init)
        guard let role, role != .live else {
            throw .unsupported(what: "role of a generation to drop", got: Int(number))
        }
        return .dropGeneration(handle: handle, role: role)
    }

    func encodeGenerations(_ generations: [GenerationInfo], _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: generations.count))
        writer.write(UInt32(0))
        for generation in generations {
            writer.write(generation.role.rawValue)
            writer.write(UInt8((generation.isForced ? 1 : 0) | (generation.isDamaged ? 2 : 0)))
            writer.write(UInt8(clamping: generation.model.utf8.count))
            writer.write(UInt8(0))
            writer.write(UInt32(0))
            writer.write(generation.liveItems)
            writer.write(generation.liveSinceMilliseconds)
            encodeInfo(generation.info, &writer)
            writer.write(text: generation.model)
        }
    }

    func decodeGenerations(_ reader: inout BodyReader) throws(RequestError) -> [GenerationInfo] {
        let count = try reader.readCount("generations", in: Self.listedGenerations)
        try reader.readReserved(UInt32.self, "reserved field at byte 4")
        var generations: [GenerationInfo] = []
        for _ in 0..<count { generations.append(try decodeGeneration(&reader)) }
        return generations
    }

    private func decodeGeneration(
        _ reader: inout BodyReader
    ) throws(RequestError) -> GenerationInfo {
        let number = try reader.read(UInt8.self, "role")
        guard let role = GenerationRole(rawValue: number) else {
            throw .unsupported(what: "role of a generation", got: Int(number))
        }
        let flags = try reader.read(UInt8.self, "flags")
        guard flags & ~3 == 0 else {
            throw .unsupported(what: "flags of a generation", got: Int(flags))
        }
        let modelBytes = Int(try reader.read(UInt8.self, "model length"))
        try reader.readReserved(UInt8.self, "reserved field at byte 3")
        try reader.readReserved(UInt32.self, "reserved field at byte 4")
        let liveItems = try reader.read(UInt64.self, "live items")
        let liveSince = try reader.read(Int64.self, "live since")
        return GenerationInfo(
            role: role,
            info: try decodeInfo(&reader),
            model: try reader.readText(byteCount: modelBytes, "model"),
            liveItems: liveItems,
            liveSinceMilliseconds: liveSince,
            isForced: flags & 1 != 0,
            isDamaged: flags & 2 != 0
        )
    }

    /// A byte of which only the lowest bit is known.
    private func readFlag(
        _ reader: inout BodyReader,
        _ field: String
    ) throws(RequestError) -> Bool {
        let flags = try reader.read(UInt8.self, field)
        guard flags <= 1 else { throw .unsupported(what: field, got: Int(flags)) }
        return flags == 1
    }
}
