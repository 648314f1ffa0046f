import Foundation
import PalateModel
import PalateWire
import Testing

/// Frames that were written once and must be read and written the same forever.
///
/// `PALATE_RECORD_FIXTURES=1` writes those that are not there yet; an existing one is never
/// changed, because peers of the released version hold to it.
@Suite struct GoldenTests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/wire-1")

    private static func golden(_ name: String, orRecord frame: [UInt8]? = nil) throws -> [UInt8] {
        let file = directory.appending(path: "\(name).bin")
        if let frame, ProcessInfo.processInfo.environment["PALATE_RECORD_FIXTURES"] != nil,
            !FileManager.default.fileExists(atPath: file.path)
        {
            try Data(frame).write(to: file)
        }
        return [UInt8](try Data(contentsOf: file))
    }

    private func decode(_ frame: [UInt8]) throws -> Request {
        let (header, body) = try Codec.split(frame)
        return try Codec.version.decodeRequest(header, body.span.bytes) { handle in
            handle == 9 ? GoldenFrames.dimensions : nil
        }
    }

    @Test func `golden requests read and write the same`() throws {
        for golden in GoldenFrames.requests + GoldenFrames.generationRequests
            + GoldenFrames.fieldRequests + GoldenFrames.accessRequests
        {
            let written = try Codec.frame(golden.request, golden.options)
            let stored = try Self.golden(golden.name, orRecord: written)
            #expect(written == stored, "\(golden.name)")
            #expect(try decode(stored) == golden.request, "\(golden.name)")
            let header = try Codec.split(stored).header
            #expect(header.requestID == golden.options.requestID)
            #expect(header.microseconds == golden.options.microseconds)
        }
    }

    @Test func `golden responses read and write the same`() throws {
        for golden in GoldenFrames.responses + GoldenFrames.generationResponses
            + GoldenFrames.fieldResponses + GoldenFrames.accessResponses
        {
            let written = try Codec.frame(golden.response, golden.options)
            let stored = try Self.golden(golden.name, orRecord: written)
            #expect(written == stored, "\(golden.name)")
            #expect(try Codec.response(stored) == golden.response, "\(golden.name)")
            let header = try Codec.split(stored).header
            #expect(header.requestID == golden.options.requestID)
            #expect(header.microseconds == golden.options.microseconds)
        }
    }

    @Test func `golden requests in other element types read and write the same`() throws {
        for golden in GoldenFrames.otherElements {
            let stored = try Self.golden(golden.name)
            let request = try decode(stored)
            guard case .query(let search) = request, case .vectors(let vectors) = search.source
            else {
                Issue.record("\(golden.name) is no query by vectors: \(request)")
                continue
            }
            #expect(search == SearchRequest(handle: 9, source: search.source, k: 10))
            #expect(vectors.floats == golden.vectors, "\(golden.name)")
            let header = try Codec.split(stored).header
            let options = FrameOptions(
                requestID: header.requestID,
                microseconds: header.microseconds
            )
            #expect(try Codec.frame(request, options) == stored, "\(golden.name)")
        }
    }

    @Test func `golden answers from before a body grew are read`() throws {
        for golden in GoldenFrames.earlier {
            #expect(try Codec.response(Self.golden(golden.name)) == golden.response)
        }
    }

    @Test func `every golden frame is in the list`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
        let names =
            GoldenFrames.requests.map(\.name) + GoldenFrames.responses.map(\.name)
            + GoldenFrames.otherElements.map(\.name) + GoldenFrames.earlier.map(\.name)
            + GoldenFrames.generationRequests.map(\.name)
            + GoldenFrames.generationResponses.map(\.name)
            + GoldenFrames.fieldRequests.map(\.name) + GoldenFrames.fieldResponses.map(\.name)
            + GoldenFrames.accessRequests.map(\.name) + GoldenFrames.accessResponses.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(
            Set(files.filter { $0.hasSuffix(".bin") }) == Set(names.map { "\($0).bin" })
        )
    }
}
