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
    ///   - http: what was answered over HTTP.
    init(
        _ status: ServerStatus,
        _ collections: [(name: String, stats: CollectionStats)],
        taste: [(name: String, figures: TasteFigures)],
        _ http: HTTPFigures
    ) {
        requests(status.metrics)
        edge(status)
        limits(status)
        self.http(http)
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
            for outcome in ServerMetrics.Outcome.allCases {
                let reading = metrics.latency(group, outcome)
                // Good answers of every group are there from the start, the rest when it happens.
                guard outcome == .ok || reading.count > 0 else { continue }
                write(reading, latency, [("group", "\(group)"), ("outcome", outcome.name)])
            }
        }
        let stages = "palate_query_stage_seconds"
        page.family(stages, .histogram, "What a stage of a query took; one query in 64 is timed.")
        for stage in metrics.stageLatencies {
            write(stage.reading, stages, [("stage", stage.name)])
        }
    }

    private mutating func write(
        _ reading: LatencyHistogram.Reading,
        _ name: String,
        _ labels: [(name: String, value: String)]
    ) {
        page.histogram(
            name,
            labels,
            bounds: Self.bounds,
            counts: reading.counts,
            sum: Double(reading.sumMicroseconds) / 1e6
        )
    }

    private mutating func http(_ figures: HTTPFigures) {
        let requests = "palate_http_requests_total"
        page.family(requests, .counter, "Requests answered over HTTP.")
        for (key, count) in figures.readings {
            page.sample(
                requests,
                [("method", key.method), ("route", key.route), ("status", "\(key.status)")],
                Double(count)
            )
        }
        let latency = "palate_http_request_seconds"
        page.family(latency, .histogram, "What an answer over HTTP took.")
        write(figures.latencies, latency, [])
    }

    private mutating func limits(_ status: ServerStatus) {
        let limit = "palate_limit"
        page.family(limit, .gauge, "Limits, in bytes, seconds or a number of things.")
        for one in ServerLimit.allCases {
            let scale = one.unit == .microseconds ? 1e-6 : 1
            page.sample(limit, [("limit", one.name)], Double(status.number(of: one)) * scale)
        }
        let refusals = "palate_limit_refusals_total"
        page.family(refusals, .counter, "Requests, connections and bodies refused by a limit.")
        for one in ServerLimit.allCases {
            let count = status.metrics.refusals(by: one)
            page.sample(refusals, [("limit", one.name)], Double(count))
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
        let lanes = [("query", status.workload), ("admin", status.administration)]
        page.family("palate_workers_waiting", .gauge, "Costly requests that wait for a worker.")
        for (lane, load) in lanes {
            page.sample("palate_workers_waiting", [("lane", lane)], Double(load.waiting))
        }
        page.family("palate_workers_running", .gauge, "Workers at work.")
        for (lane, load) in lanes {
            page.sample("palate_workers_running", [("lane", lane)], Double(load.running))
        }
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
