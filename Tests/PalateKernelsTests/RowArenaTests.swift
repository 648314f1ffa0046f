import PalateKernels
import PalateModel
import Testing

@Suite struct RowArenaTests {
    @Test func `rows are where they were stored, and zero elsewhere`() throws {
        let arena = try #require(RowArena(stride: 3, capacity: 1 << 20))
        let block: [UInt8] = [1, 2, 3, 4, 5, 6]
        arena.store(500_000, block.span.rawBytes)
        #expect(bytes(arena.row(499_999)) == [0, 0, 0])
        #expect(bytes(arena.row(500_000)) == [1, 2, 3])
        #expect(bytes(arena.row(500_001)) == [4, 5, 6])
        #expect(bytes(arena.rows(500_000..<500_003)) == block + [0, 0, 0])
        #expect(arena.rows(7..<7).byteCount == 0)
    }

    @Test func `room that no address space has is refused`() {
        #expect(RowArena(stride: 1 << 20, capacity: 1 << 40) == nil)
        #expect(RowArena(stride: 1 << 20, capacity: .max) == nil)
    }

    @Test func `storing past the end is refused`() async {
        await #expect(processExitsWith: .failure) {
            let block = [UInt8](repeating: 1, count: 8)
            RowArena(stride: 4, capacity: 3)?.store(2, block.span.rawBytes)
        }
    }

    private func bytes(_ span: RawSpan) -> [UInt8] {
        (0..<span.byteCount).map { span.integer(at: $0, as: UInt8.self) }
    }
}
