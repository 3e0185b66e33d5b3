package hero.supervisor.domain;

import java.time.Duration;

/// Every bound of the server. Whatever exceeds one is refused with the limit named; nothing grows without one.
///
/// @param messageBytes one request or batch, on either transport
/// @param replyBytes one reply inside a batch (single replies stream and are not bounded)
/// @param batchItems calls in one batch
/// @param batchParallel calls of one batch that run at once
/// @param jsonDepth nesting of arrays and objects
/// @param callsPerConnection calls that one connection has at work; then its socket is read no further
/// @param waitsPerConnection calls of one connection that only wait for a job or for work
/// @param waits such calls on the whole node
/// @param connections sockets of all kinds
/// @param sendQueueBytes replies and notifications that wait to be written to one socket
/// @param writeDeadline a peer that takes nothing for so long is disconnected
/// @param pingEvery silence after which a WebSocket peer is pinged
/// @param pongWithin silence after that ping which ends the connection
/// @param handshakeWithin time for a peer to send a whole HTTP head or body, and on a WebSocket to show a secret
/// @param nameChars ids, names, executors
/// @param envVars variables of one job
/// @param timeoutMaxS a job's longest timeout
/// @param timeoutDefaultS for a job that names none
/// @param storeQueue writes that wait for one group commit
/// @param pullJobs jobs in one answer to `runner.pull`
/// @param slots of one runner connection
/// @param subscriptions streams open on one connection
/// @param logBytes kept of what one attempt prints on one stream: its first half and its last half
/// @param logWindow bytes in one `runner.log`, and on their way on one stream
public record Limits(
        int messageBytes,
        int replyBytes,
        int batchItems,
        int batchParallel,
        int jsonDepth,
        int callsPerConnection,
        int waitsPerConnection,
        int waits,
        int connections,
        int sendQueueBytes,
        Duration writeDeadline,
        Duration pingEvery,
        Duration pongWithin,
        Duration handshakeWithin,
        int nameChars,
        int envVars,
        double timeoutMaxS,
        double timeoutDefaultS,
        int storeQueue,
        int pullJobs,
        int slots,
        int subscriptions,
        int logBytes,
        int logWindow) {

    public static final Limits DEFAULT = new Limits(
            1 << 20,
            10 << 20,
            100,
            8,
            64,
            256,
            20_000,
            200_000,
            50_000,
            1 << 20,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            255,
            1000,
            31_536_000,
            300,
            10_000,
            1000,
            10_000,
            128,
            4 << 20,
            128 << 10);

    /// The same limits with another size of message.
    public Limits withMessageBytes(int bytes) {
        return new Limits(
                bytes,
                replyBytes,
                batchItems,
                batchParallel,
                jsonDepth,
                callsPerConnection,
                waitsPerConnection,
                waits,
                connections,
                sendQueueBytes,
                writeDeadline,
                pingEvery,
                pongWithin,
                handshakeWithin,
                nameChars,
                envVars,
                timeoutMaxS,
                timeoutDefaultS,
                storeQueue,
                pullJobs,
                slots,
                subscriptions,
                logBytes,
                logWindow);
    }

    /// The same limits with other timeouts of jobs, in seconds.
    public Limits withTimeouts(double defaultS, double maxS) {
        return new Limits(
                messageBytes,
                replyBytes,
                batchItems,
                batchParallel,
                jsonDepth,
                callsPerConnection,
                waitsPerConnection,
                waits,
                connections,
                sendQueueBytes,
                writeDeadline,
                pingEvery,
                pongWithin,
                handshakeWithin,
                nameChars,
                envVars,
                maxS,
                defaultS,
                storeQueue,
                pullJobs,
                slots,
                subscriptions,
                logBytes,
                logWindow);
    }
}
