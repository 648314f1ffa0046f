import PalateModel
import PalateServer

/// All figures of a server, by their names.
struct MetricsPage {
    /// Collections that have lines of their own; beyond, they are counted alone.
    static let collectionsMax = 1_000

    private static let bounds = LatencyHistogram.bounds.map { Double($0) / 1e6 }

    private var page = PrometheusText()

    /// The page.
    var text: String { page.text }

    /// Of a server now.
    ///
    /// - Parameters:
    ///   - status: the server.
    ///   - collections: figures of its collections.
    ///   - taste: gauges of theirs.
    init(
        _ status: ServerStatus,
        _ collections: [(name: String, stats: CollectionStats)],
        taste: [(name: String, figures: TasteFigures)] = []
    ) {
        requests(status.metrics)
        edge(status)
        process()
        self.collections(collections)
        TasteFigures.write(taste, to: &page)
    }

    private mutating func requests(_ metrics: ServerMetrics) {
        page.family("palate_requests_total", .counter, "Requests answered.")
        for entry in metrics.requestCounts {
            let labels = [("opcode", "\(entry.opcode)"), ("outcome", entry.outcome.name)]
            page.sample("palate_requests_total", labels, Double(entry.count))
        }
        let latency = "palate_request_seconds"
        page.family(latency, .histogram, "From a request's last byte to its answer.")
        for group in ServerMetrics.Group.allCases {
            let reading = metrics.latency(group)
            page.histogram(
                latency,
                [("group", "\(group)")],
                bounds: Self.bounds,
                counts: reading.counts,
                sum: Double(reading.sumMicroseconds) / 1e6
            )
        }
        let stages = "palate_query_stage_seconds"
        page.family(stages, .histogram, "What a stage of a query took; one query in 64 is timed.")
        for stage in metrics.stageLatencies {
            page.histogram(
                stages,
                [("stage", stage.name)],
                bounds: Self.bounds,
                counts: stage.reading.counts,
                sum: Double(stage.reading.sumMicroseconds) / 1e6
            )
        }
    }

    private mutating func edge(_ status: ServerStatus) {
        let metrics = status.metrics
        let counters: [(ServerMetrics.Counter, String, String)] = [
            (.connectionsAccepted, "connections_accepted", "Connections taken."),
            (.connectionsRefused, "connections_refused", "Connections closed at once: too many."),
            (.connectionsFailed, "connections_failed", "Connections ended for what they sent."),
            (.bytesReceived, "received_bytes", "Bytes of frames that came."),
            (.bytesSent, "sent_bytes", "Bytes of frames that left."),
            (.authenticationsGood, "authentications_good", "Credentials that were taken."),
            (.authenticationsBad, "authentications_bad", "Credentials that were not."),
            (.queriesInline, "queries_inline", "Queries run by event loops."),
            (.queriesOnWorkers, "queries_on_workers", "Queries run by workers."),
            (.queriesSlow, "queries_slow", "Queries above the slow-query threshold."),
        ]
        for (counter, name, help) in counters {
            page.single("palate_\(name)_total", .counter, help, Double(metrics[counter]))
        }
        page.single(
            "palate_connections",
            .gauge,
            "Connections that are open.",
            Double(status.openConnections)
        )
        let workload = status.workload
        page.single(
            "palate_workers_waiting",
            .gauge,
            "Costly requests that wait for a worker.",
            Double(workload.waiting)
        )
        page.single(
            "palate_workers_running",
            .gauge,
            "Workers at work.",
            Double(workload.running)
        )
        page.single(
            "palate_serving",
            .gauge,
            "1 while requests are answered.",
            status.phase == .serving ? 1 : 0
        )
    }

    private mutating func process() {
        let figures = ProcessFigures()
        page.single(
            "process_cpu_seconds_total",
            .counter,
            "Processor time, user and system.",
            figures.processorSeconds
        )
        page.single(
            "process_resident_memory_bytes",
            .gauge,
            "Bytes in memory.",
            Double(figures.residentBytes)
        )
        page.single(
            "process_open_fds",
            .gauge,
            "Descriptors that are open.",
            Double(figures.openDescriptors)
        )
        page.single(
            "process_max_fds",
            .gauge,
            "Descriptors that may be open.",
            Double(figures.descriptorsMax)
        )
        page.single("process_threads", .gauge, "Threads.", Double(figures.threads))
    }

    private mutating func collections(_ all: [(name: String, stats: CollectionStats)]) {
        page.single("palate_collections", .gauge, "Collections.", Double(all.count))
        let shown = all.prefix(Self.collectionsMax).map {
            (name: $0.name, figures: CollectionFigures($0.name, $0.stats), stats: $0.stats)
        }
        guard let first = shown.first else { return }
        for (index, figure) in first.figures.figures.enumerated() {
            let name = "palate_collection_\(figure.name)"
            page.family(name, .gauge, "As `palate stats` says it.")
            for collection in shown {
                let value = Double(collection.figures.figures[index].value)
                page.sample(name, [("collection", collection.name)], value)
            }
        }
        let state = "palate_collection_write_state"
        page.family(state, .gauge, "0 healthy, 1 full, 2 failed; of items and of events.")
        for collection in shown {
            for (store, held) in [
                ("items", collection.stats.writeState),
                ("events", collection.stats.tasteWriteState),
            ] {
                let labels = [("collection", collection.name), ("store", store)]
                page.sample(state, labels, Double(held.rawValue))
            }
        }
    }
}
