import PalateIndex
import Testing

@Suite struct LinkPaceTests {
    @Test func `linking leaves threads to queries while there are any`() {
        let pace = LinkPace(all: 4, reserved: 3)
        #expect(pace.threads() == 4)
        for _ in 0..<15 { pace.noteRequest() }
        #expect(pace.threads() == 4)
        for _ in 0..<16 { pace.noteRequest() }
        #expect(pace.threads() == 1)
        #expect(pace.threads() == 4)
    }

    @Test func `one thread links whatever is reserved`() {
        let pace = LinkPace(all: 1, reserved: 2)
        for _ in 0..<100 { pace.noteRequest() }
        #expect(pace.threads() == 1)
    }
}
