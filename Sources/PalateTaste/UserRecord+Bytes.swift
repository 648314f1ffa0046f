package import PalateModel

/// The stored form of a record, little endian:
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | version, 2; 1 ends after the signals |
/// | 1 | 1 | zero |
/// | 2 | 2 | m, exposures |
/// | 4 | 4 | n, signals |
/// | 8 | 28 n | n signals: item u64, time i64, mass f32, affinity f32, cluster u16, type u8, 0 u8 |
/// | | 24 m | m exposures: item u64, time i64, mass f32, cluster u16, engaged u8, 0 u8 |
///
/// No checksum: the index adds its own.
extension UserRecord {
    /// The version written.
    package static let formatVersion: UInt8 = 2
    /// The versions read.
    private static let readableVersions: ClosedRange<UInt8> = 1...2

    private static let headerBytes = 8
    private static let signalBytes = 28
    private static let exposureBytes = 24

    /// Bytes that `encode` appends.
    package var byteCount: Int {
        Self.headerBytes + Self.signalBytes * signals.count
            + Self.exposureBytes * exposures.count
    }

    /// Appends the stored form.
    package func encode(into writer: inout ByteWriter) {
        writer.write(Self.formatVersion)
        writer.write(UInt8(0))
        writer.write(UInt16(exposures.count))
        writer.write(UInt32(signals.count))
        for signal in signals {
            writer.write(signal.item)
            writer.write(signal.sum.timeMilliseconds)
            writer.write(signal.sum.mass)
            writer.write(signal.affinity)
            writer.write(signal.cluster)
            writer.write(signal.type.rawValue)
            writer.write(UInt8(0))
        }
        for exposure in exposures {
            writer.write(exposure.item)
            writer.write(exposure.sum.timeMilliseconds)
            writer.write(exposure.sum.mass)
            writer.write(exposure.cluster)
            writer.write(UInt8(exposure.isEngaged ? 1 : 0))
            writer.write(UInt8(0))
        }
    }

    /// Reads the stored form; every field is checked, so a record that loads is a valid one.
    package init(bytes: RawSpan) throws(TasteError) {
        var reader = ByteReader(bytes)
        do {
            try self.init(reader: &reader)
        } catch let error as TasteError {
            throw error
        } catch {
            throw .wrongByteCount(got: bytes.byteCount, expected: Self.headerBytes)
        }
    }

    private init(reader: inout ByteReader) throws {
        let byteCount = reader.remaining
        let version = try reader.readUInt8()
        guard Self.readableVersions.contains(version) else {
            throw TasteError.unsupportedVersion(got: version, expected: Self.formatVersion)
        }
        let padding = try reader.readUInt8()
        let exposureCount = Int(try reader.readUInt16())
        guard padding == 0, version > 1 || exposureCount == 0 else {
            throw TasteError.badSignal(index: -1, field: "padding")
        }
        let count = Int(try reader.readUInt32())
        guard count <= TasteLimits.signalsPerUser else {
            throw TasteError.tooManySignals(got: count, expected: TasteLimits.signalsPerUser)
        }
        guard exposureCount <= TasteLimits.exposuresPerUser else {
            throw TasteError.tooManyExposures(
                got: exposureCount,
                expected: TasteLimits.exposuresPerUser
            )
        }
        let expected =
            Self.headerBytes + count * Self.signalBytes + exposureCount * Self.exposureBytes
        guard byteCount == expected else {
            throw TasteError.wrongByteCount(got: byteCount, expected: expected)
        }
        signals.reserveCapacity(count)
        for index in 0..<count {
            let signal = try Self.readSignal(&reader, index: index)
            if let last = signals.last { try Self.check(signal, after: last, index: index) }
            signals.append(signal)
        }
        exposures.reserveCapacity(exposureCount)
        for index in 0..<exposureCount {
            let exposure = try Self.readExposure(&reader, index: index)
            guard exposures.last.map({ $0.item < exposure.item }) ?? true else {
                throw TasteError.badExposure(index: index, field: "order")
            }
            exposures.append(exposure)
        }
    }

    private static func readExposure(
        _ reader: inout ByteReader,
        index: Int
    ) throws -> Exposure {
        let item = try reader.readUInt64()
        let time = try reader.readInt64()
        let mass = try reader.readFloat()
        let cluster = try reader.readUInt16()
        let engaged = try reader.readUInt8()
        let padding = try reader.readUInt8()
        guard mass.isFinite, mass > 0 else {
            throw TasteError.badExposure(index: index, field: "mass")
        }
        guard cluster == Signal.unclustered || cluster < TasteLimits.clustersPerUser else {
            throw TasteError.badExposure(index: index, field: "cluster")
        }
        guard engaged <= 1, padding == 0 else {
            throw TasteError.badExposure(index: index, field: "flags")
        }
        return Exposure(
            item: item,
            sum: DecayedSum(mass: mass, timeMilliseconds: time),
            cluster: cluster,
            isEngaged: engaged == 1
        )
    }

    private static func readSignal(_ reader: inout ByteReader, index: Int) throws -> Signal {
        let item = try reader.readUInt64()
        let time = try reader.readInt64()
        let mass = try reader.readFloat()
        let affinity = try reader.readFloat()
        let cluster = try reader.readUInt16()
        let type = EventType(rawValue: try reader.readUInt8())
        let padding = try reader.readUInt8()
        guard mass.isFinite, mass > 0 else {
            throw TasteError.badSignal(index: index, field: "mass")
        }
        guard affinity.isFinite else {
            throw TasteError.badSignal(index: index, field: "affinity")
        }
        guard cluster == Signal.unclustered || cluster < TasteLimits.clustersPerUser else {
            throw TasteError.badSignal(index: index, field: "cluster")
        }
        guard let type, type != .impression else {
            throw TasteError.badSignal(index: index, field: "type")
        }
        guard padding == 0 else {
            throw TasteError.badSignal(index: index, field: "padding")
        }
        return Signal(
            item: item,
            type: type,
            sum: DecayedSum(mass: mass, timeMilliseconds: time),
            cluster: cluster,
            affinity: affinity
        )
    }

    private static func check(_ signal: Signal, after last: Signal, index: Int) throws {
        guard (last.item, last.type.rawValue) < (signal.item, signal.type.rawValue) else {
            throw TasteError.badSignal(index: index, field: "order")
        }
        guard last.item != signal.item || last.cluster == signal.cluster else {
            throw TasteError.badSignal(index: index, field: "cluster")
        }
    }
}
