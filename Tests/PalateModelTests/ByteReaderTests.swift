import PalateModel
import TestKit
import Testing

@Suite struct ByteReaderTests {
    @Test func `reads back what was written`() throws {
        var writer = ByteWriter()
        writer.write(UInt8(7))
        writer.write(UInt16(65_000))
        writer.write(UInt32.max)
        writer.write(UInt64.max - 1)
        writer.write(Int64.min)
        writer.write(Float(-0.5))
        writer.write(Double.pi)
        writer.write("Zürich")
        writer.writeCounted([1, 2, 3])
        var reader = ByteReader(writer.bytes.span.rawBytes)
        #expect(try reader.readUInt8() == 7)
        #expect(try reader.readUInt16() == 65_000)
        #expect(try reader.readUInt32() == .max)
        #expect(try reader.readUInt64() == .max - 1)
        #expect(try reader.readInt64() == .min)
        #expect(try reader.readFloat() == -0.5)
        #expect(try reader.readDouble() == .pi)
        #expect(try reader.readString() == "Zürich")
        #expect(try reader.readCounted() == [1, 2, 3])
        #expect(reader.remaining == 0)
    }

    @Test func `is little endian`() {
        var writer = ByteWriter()
        writer.write(UInt32(0x0102_0304))
        #expect(writer.bytes == [4, 3, 2, 1])
    }

    @Test(arguments: 0..<8)
    func `says where the bytes ended`(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        var reader = ByteReader(bytes.span.rawBytes)
        do {
            _ = try reader.readUInt64()
            Issue.record("8 bytes were read out of \(count)")
        } catch {
            #expect(error == ByteReaderError(offset: 0, needed: 8))
        }
    }

    @Test func `does not believe a count beyond the end`() {
        let bytes: [UInt8] = [255, 255, 255, 255, 1]
        var reader = ByteReader(bytes.span.rawBytes)
        do {
            _ = try reader.readCounted()
            Issue.record("4 GiB were read out of one byte")
        } catch {
            #expect(error == ByteReaderError(offset: 4, needed: Int(UInt32.max)))
        }
    }
}
