import PalateKernels
import Testing

@Suite struct SelectionTests {
    @Test func `every available level is found by its name`() throws {
        #expect(KernelTable.available.map(\.level).contains(.scalar))
        for table in KernelTable.available {
            #expect(try KernelTable.named(table.name).level == table.level)
            #expect(KernelTable.at(table.level)?.name == table.name)
        }
    }

    @Test func `no name means the best`() throws {
        #expect(try KernelTable.named(nil).level == KernelTable.best.level)
        #expect(try KernelTable.named("").level == KernelTable.best.level)
        #expect(KernelTable.best.level == KernelTable.available.map(\.level).last)
    }

    @Test func `an unknown name is an error that lists the names`() {
        let expected = KernelLevel.allCases.map(\.name)
        #expect(throws: KernelError.unknownLevel(got: "sse9", expected: expected)) {
            try KernelTable.named("sse9")
        }
    }

    @Test func `a level this processor lacks is an error, not a fallback`() {
        let missing = KernelLevel.allCases.filter { KernelTable.at($0) == nil }
        // No processor has both AVX-512 and NEON.
        #expect(!missing.isEmpty)
        let available = KernelTable.available.map(\.name)
        for level in missing {
            let expected = KernelError.unsupportedLevel(got: level.name, expected: available)
            #expect(throws: expected) { try KernelTable.named(level.name) }
        }
    }
}
