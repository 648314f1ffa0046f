import CLMDB
import PalateModel
import Synchronization

extension Environment {
    /// A map more than this full is grown before the next write: early, since growing may have to
    /// wait for a long read.
    private static let growthShare = 0.5
    /// How long growing may keep new transactions out while it waits for the open ones.
    private static let growthPatience = Duration.milliseconds(50)
    /// How often a delete on a full disk tries that, reads of others going on between.
    private static let outlastingTries = 20
    /// After waiting in vain, growing is not tried again for so many milliseconds.
    private static let growthPauseMilliseconds: UInt64 = 1_000

    /// Lets the map grow to `bytes`, waiting until no transaction of this process is open.
    ///
    /// The corresponding C function is `mdb_env_set_mapsize`.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func growMap(to bytes: Int) throws(StorageError) {
        guard !OpenTransaction.isOpen(token) else { throw .nestedTransaction }
        try checkWritable()
        try gate.alone { _ throws(StorageError) in try setMap(to: bytes) }
    }

    /// Doubles a map of `mapBytes`, where it may grow and no transaction stays open.
    ///
    /// - Returns: whether the map is larger now, by whoever's doing.
    func growMap(beyond mapBytes: Int) -> Bool {
        guard mapBytes < mapBytesMax,
            nextGrowth.load(ordering: .relaxed) <= CoarseClock.milliseconds
        else { return false }
        let target = mapBytes > mapBytesMax / 2 ? mapBytesMax : 2 * mapBytes
        let hasGrown = gate.alone(within: Self.growthPatience) { _ in
            guard mapBytesInsideGate == mapBytes else { return mapBytesInsideGate > mapBytes }
            do throws(StorageError) {
                try setMap(to: target)
                return true
            } catch {
                return false
            }
        }
        if hasGrown != true {
            let pause = CoarseClock.milliseconds + Self.growthPauseMilliseconds
            nextGrowth.store(pause, ordering: .relaxed)
        }
        return hasGrown ?? false
    }

    /// Makes room for a write that adds, or refuses it.
    ///
    /// Constant time while there is room behind the file; else the free pages inside are counted.
    ///
    /// - Returns: `spareBytes`, where they were counted.
    func makeRoom() throws(StorageError) -> Int? {
        var use = try mapUse()
        if Double(use.fileBytes) > Double(use.mapBytes) * Self.growthShare,
            growMap(beyond: use.mapBytes)
        {
            use = try mapUse()
        }
        if Double(use.fileBytes) > Double(use.mapBytes) * Self.fillLimit {
            let figures = try figures()
            guard Double(figures.usedBytes) <= Double(figures.mapBytes) * Self.fillLimit else {
                throw .mapFull(usedBytes: figures.usedBytes, mapBytes: figures.mapBytes)
            }
        }
        do {
            try keepReserve(use, adding: 0, spare: 0)
            return nil
        } catch {
            let spare = spareBytes
            try keepReserve(use, adding: 0, spare: spare)
            return spare
        }
    }

    /// Refuses a transaction whose commit would take from the reserve; inside the gate.
    ///
    /// A group of frames of a load can be larger than the reserve of a small file: without this the
    /// last one before the disk is full leaves nothing to deletes.
    ///
    /// - Parameters:
    ///   - transaction: with all its changes.
    ///   - spare: bytes of free pages inside the file that it may count on.
    /// - Throws: `diskFull`.
    func checkRoom(
        for transaction: borrowing WriteTransaction,
        spare: Int
    ) throws(StorageError) {
        let handle = try handle.get()
        let growth = transaction.growthBound(pageBytes: handle.pageBytes)
        try keepReserve(MapUse(handle), adding: growth, spare: spare)
    }

    /// Whether the disk has room for what was last refused.
    func hasRoomAgain(_ figures: EnvironmentFigures) -> Bool {
        let use = MapUse(fileBytes: figures.fileBytes, mapBytes: figures.mapBytes)
        do throws(StorageError) {
            try keepReserve(use, adding: reserve.refusedGrowth, spare: figures.spareBytes)
            return true
        } catch {
            return false
        }
    }

    /// Bytes inside the file that a write may count on where there is no room behind it.
    var spareBytes: Int { (try? figures().spareBytes) ?? 0 }

    private func keepReserve(
        _ use: MapUse,
        adding growth: Int,
        spare: Int
    ) throws(StorageError) {
        try reserve.keep(
            behind: use.fileBytes,
            adding: growth,
            spare: spare,
            mapBytes: use.mapBytes
        )
    }

    /// Waits until every read that is open now has ended, a second at most.
    ///
    /// Pages that deletes gave back are theirs to use again once no older read sees them: by then
    /// deletes need no more of the disk than two commits of theirs take.
    func outlastReaders() {
        for _ in 0..<Self.outlastingTries
        where gate.alone(within: Self.growthPatience, { _ in true }) == true { return }
    }

    private func mapUse() throws(StorageError) -> MapUse {
        let entry = gate.enter(.other)
        defer { gate.leave(entry) }
        return MapUse(try handle.get())
    }

    private func setMap(to bytes: Int) throws(StorageError) {
        let current = mapBytesInsideGate
        guard bytes >= current else { throw .mapTooSmall(got: bytes, expected: current) }
        let size = LMDBSettings.roundedMapBytes(bytes)
        // SAFETY: alone in the gate: no transaction of this process can see the old map.
        let code = try unsafe mdb_env_set_mapsize(handle.get().raw, size)
        guard code == MDB_SUCCESS else {
            throw failure(StorageStatus(rawValue: code), "grow map of")
        }
    }
}

/// How much of a map is used.
private struct MapUse {
    /// Bytes up to the last page ever used.
    var fileBytes: Int
    var mapBytes: Int

    init(fileBytes: Int, mapBytes: Int) {
        self.fileBytes = fileBytes
        self.mapBytes = mapBytes
    }

    /// Of an open environment; inside the gate.
    init(_ handle: LMDBHandle) {
        let info = handle.info
        fileBytes = (info.lastPage + 1) * handle.pageBytes
        mapBytes = info.mapBytes
    }
}
