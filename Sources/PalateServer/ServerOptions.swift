package import NIOCore

/// How a server behaves; every number has a reason beside it.
package struct ServerOptions: Sendable {
    /// Where to listen; port 0 picks a free one.
    package var host = "127.0.0.1"
    /// The port; 7411 unless told otherwise.
    package var port = 7_411
    /// The file of a Unix socket to listen on instead of host and port; replaced where it is there.
    package var unixSocketPath: String?
    /// The only directory that BACKUP writes to; nil = it is refused.
    package var backupsPath: String?
    /// Who may come.
    package var access = ServerAccess()
    /// The server's certificate and key; nil = bytes travel in the clear.
    package var tls: ServerTLS?
    /// Connections that may be open; more are closed at once.
    package var connectionsMax = 4_096
    /// Connections that may be open from one address; Unix sockets have none.
    package var connectionsPerAddress = 1_024
    /// Threads that serve connections; each runs cheap queries to completion.
    package var eventLoops = 1
    /// Threads that run costly queries and whatever blocks.
    package var workers = 1
    /// The largest body a client may ask for.
    package var bodyBytesMax = 64 << 20
    /// Requests of one connection that may be unanswered.
    package var requestsInFlight = 1_024
    /// Requests a second of one connection, a second's worth at once; 0 = as many as come.
    package var requestsPerSecond = 0
    /// Requests a second of all connections of one key or subject; 0 = as many as come.
    package var requestsPerSecondPerKey = 0
    /// Resident bytes of the process above which writes that add are refused; 0 = no limit.
    package var memoryBytesMax = 0
    /// Queries that take longer are logged; 0 = none.
    package var slowQueryMicroseconds = 0
    /// Estimated microseconds up to which a query runs on its event loop.
    package var inlineMicroseconds = 1_000
    /// Frames one connection may have handled in a row while others wait.
    package var framesPerTurn = 32
    /// How long one connection's frames may take in a row while others wait.
    package var turnDuration = Duration.microseconds(200)
    /// How long frames are handled until the sockets are looked at again, which takes some 5 us.
    package var sliceDuration = Duration.microseconds(500)
    /// How long an event loop looks for the next request before it sleeps.
    package var spinDuration = Duration.zero
    /// Bytes of a connection's frames that wait for their turn before reading from it stops.
    package var readAheadBytes = 64 << 10
    /// Microseconds that a query may wait for its turn; 0 = half of its time budget, which bounds
    /// it in any case.
    package var queryWaitMicroseconds = 0
    /// The time budget of requests that come without one; batches end then, flagged DEGRADED.
    package var timeBudget = Duration.seconds(60)
    /// Costly requests that may wait for a worker; beyond, they are refused at once.
    package var waitingMax = 4_096
    /// Bytes of answers that may wait for a slow reader before reading from it stops.
    package var writeBufferBytes = 4 << 20
    /// How long a frame may take to arrive and an answer to be read, beside the time of its bytes.
    package var stallTimeout = TimeAmount.seconds(10)
    /// A client slower than this is taken for one that has stalled: any network is faster.
    package var stallBytesPerSecond = 256 << 10
    /// How long a connection may take to say HELLO.
    package var helloTimeout = TimeAmount.seconds(5)
    /// How long shutting down waits for answers in flight.
    package var drainTimeout = TimeAmount.seconds(5)
    /// How often stores are looked after: dead readers, room again, failed commits.
    package var tendInterval = Duration.seconds(5)
    /// Of so many of these, one counts the rows that no search can reach.
    package var tendsPerCheck = 120
    /// How long a client may take to close after the server's last word.
    package var lingerTimeout = TimeAmount.seconds(1)

    /// The defaults.
    package init() {}
}
