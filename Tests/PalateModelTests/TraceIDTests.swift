import PalateModel
import Testing

@Suite struct TraceIDTests {
    private static let digits = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "00-\(digits)-b7ad6b7169203331-01"

    @Test func `digits and parents name the same trace`() throws {
        let trace = try #require(TraceID(Self.digits))
        #expect(trace.high == 0x0af7_6519_16cd_43dd && trace.low == 0x8448_eb21_1c80_319c)
        #expect(trace.description == Self.digits)
        #expect(TraceID(Self.parent) == trace)
        // A later version may say more behind what is known.
        #expect(TraceID("01\(Self.parent.dropFirst(2))-more") == trace)
        #expect(
            trace.parent(span: 0xb7ad, isSampled: true) == "00-\(Self.digits)-000000000000b7ad-01"
        )
        #expect(TraceID(trace.parent(span: 1, isSampled: false)) == trace)
    }

    @Test(arguments: [
        "", "0", String(repeating: "0", count: 32), digits.uppercased(), digits + "0",
        String(digits.dropLast()), "0af7651916cd43dd8448eb211c80319g",
        "ff\(parent.dropFirst(2))", "\(parent)-more", parent.replacing("-", with: "_"),
        "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01",
        "00-\(digits)-0000000000000000-01", "00-\(digits)-b7ad6b7169203331-0x",
        "0é-\(parent.dropFirst(4))", "01\(parent.dropFirst(2))more",
    ])
    func `anything else names none`(text: String) {
        #expect(TraceID(text) == nil)
    }
}
