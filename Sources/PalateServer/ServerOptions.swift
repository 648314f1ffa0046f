package import NIOCore

/// How a server behaves; every number has a reason beside it.
package struct ServerOptions: Sendable {
    /// Where to listen; port 0 picks a free one.
    package var host = "127.0.0.1"
    /// The port; 7411 unless told otherwise.
    package var port = 7_411
    /// Threads that serve connections; each runs cheap queries to completion.
    package var eventLoops = 1
    /// Threads that run costly queries and whatever blocks.
    package var workers = 1
    /// The largest body a client may ask for.
    package var bodyBytesMax = 64 << 20
    /// Requests of one connection that may be unanswered.
    package var requestsInFlight = 1_024
    /// Estimated microseconds up to which a query runs on its event loop.
    package var inlineMicroseconds = 1_000
    /// Frames one connection may have handled in a row while others wait.
    package var framesPerTurn = 32
    /// Costly requests that may wait for a worker; beyond, they are refused at once.
    package var waitingMax = 4_096
    /// Bytes of answers that may wait for a slow reader before reading from it stops.
    package var writeBufferBytes = 4 << 20
    /// How long a connection may send nothing of the frame it began, or not read its answers.
    package var stallTimeout = TimeAmount.seconds(10)
    /// How long a connection may take to say HELLO.
    package var helloTimeout = TimeAmount.seconds(5)
    /// How long shutting down waits for answers in flight.
    package var drainTimeout = TimeAmount.seconds(5)

    /// The defaults.
    package init() {}
}
