import Glibc
import PalateGraph
import PalateIndex
import PalateModel
import PalateQuantization
import PalateQuery
import PalateWire

/// Searches of a collection of a data directory, in this process: the whole path of a query but
/// the wire, rescoring from the store's rows among it.
struct StoredSearch: BenchSubject {
    let collection: Collection
    /// One vector each.
    let sources: [QuerySource]
    let k: Int
    /// Candidates rescored from the stored vectors; nil = the planner chooses.
    let rescoreCount: Int?
    /// The file's row of each item; nil = ids are row numbers.
    let rowOfItem: [ItemID: Int32]?

    /// Looks up a collection and checks that queries and ids suit it.
    init(
        _ directory: DataDirectory,
        _ name: String,
        queries file: NumpyFile,
        k: Int,
        rescoreCount: Int?,
        ids: String?
    ) throws {
        do throws(RequestError) {
            collection = try directory.collection(named: name)
        } catch {
            throw CommandFailure(error.message)
        }
        let dimensions = collection.info.schema.dimensions
        guard file.columns == dimensions else {
            throw CommandFailure(
                "queries have \(file.columns) components, the collection \(dimensions)"
            )
        }
        guard collection.graph.liveCount > 0 else { throw CommandFailure("\(name) is empty") }
        sources = (0..<file.count).map { .vectors(file.floats($0..<$0 + 1), count: 1) }
        self.k = k
        self.rescoreCount = rescoreCount
        rowOfItem = try ids.map(Self.rows)
    }

    private static func rows(of ids: String) throws -> [ItemID: Int32] {
        let file = try NumpyFile(path: ids)
        guard file.columns == 1 else {
            throw CommandFailure("\(ids) has \(file.columns) columns, expected 1")
        }
        let items = try file.integers().map { ItemID(bitPattern: Int64($0)) }
        return Dictionary(zip(items, 0...)) { $1 }
    }

    /// Bytes of codes and links in memory.
    var linkAndCodeBytes: Int {
        let codeBytes = collection.codes?.stack.codeBytes ?? 0
        return codeBytes * collection.graph.count + collection.graph.byteCount
    }

    func search(_ range: Range<Int>, beamWidth: Int) throws -> BenchPart {
        var part = BenchPart(queryCount: range.count, k: k)
        var scratch = QueryScratch()
        var request = SearchRequest(
            handle: collection.info.handle,
            source: .vectors([], count: 0),
            k: k,
            beamWidth: beamWidth,
            rescoreCount: rescoreCount
        )
        for position in 0..<range.count {
            request.source = sources[range.lowerBound + position]
            let begun = ContinuousClock.now
            let response = try answer(request, &scratch)
            part.setLatency(ContinuousClock.now - begun, query: position)
            part.rowsScored += Int(response.visitedCount)
            for (rank, id) in response.ids.prefix(k).enumerated() {
                part.setRow(row(of: id), query: position, rank: rank)
            }
        }
        return part
    }

    private func answer(
        _ request: SearchRequest,
        _ scratch: inout QueryScratch
    ) throws -> SearchResponse {
        do throws(RequestError) {
            let plan = try Planner.plan(request, for: collection)
            return try Pipeline.answer(
                request,
                plan: plan,
                in: collection,
                now: 0,
                scratch: &scratch
            )
        } catch {
            throw CommandFailure("a query failed: \(error.message)")
        }
    }

    /// -1 for an item that no row of the file has.
    private func row(of item: ItemID) -> Int32 {
        guard let rowOfItem else { return Int32(exactly: item) ?? -1 }
        return rowOfItem[item] ?? -1
    }

    /// Opens a data directory for this process alone.
    ///
    /// - Throws: where there is none: opening would make it.
    static func open(_ path: String) throws -> DataDirectory {
        guard access(path + "/catalog", F_OK) == 0 else {
            throw CommandFailure("\(path) is no data directory")
        }
        do throws(IndexError) {
            return try DataDirectory(path: path)
        } catch {
            throw CommandFailure("cannot open \(path): \(error)")
        }
    }

    /// Gives a data directory back.
    static func close(_ directory: DataDirectory) throws {
        do throws(IndexError) {
            try directory.close()
        } catch {
            throw CommandFailure("cannot close \(directory.path): \(error)")
        }
    }
}
