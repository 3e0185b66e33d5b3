package hero.supervisor.bench;

import java.io.IOException;

/// The clients that a system has all day, besides its runner: each sees all that it should, or tells what it saw.
final class Clients {
    private static final byte[] ID = Scan.ascii("\"id\":");
    private static final String SUCCESS = "\"result\":{\"success\":\"";

    private Clients() {}

    /// `job.run`, so many at once on one socket, until all are answered.
    static final class Runs implements Paced.Act, AutoCloseable {
        private final Line line;
        private final byte[][] frames;
        private final byte[] expected;
        private final Tally ended;

        Runs(Line line, Calls calls, int atOnce, Tally ended) {
            this.line = line;
            this.expected = Scan.ascii(calls.expected());
            this.ended = ended;
            this.frames = new byte[atOnce][];
            for (int i = 0; i < atOnce; i++) {
                frames[i] = Line.frame(calls.json(i));
            }
        }

        @Override
        public void act() throws IOException {
            for (byte[] frame : frames) {
                line.send(frame);
            }
            for (int i = 0; i < frames.length; i++) {
                if (!line.next()) {
                    throw new IOException("the gateway closed the connection");
                }
                int at = Scan.find(line.bytes, line.from, line.to, ID) + ID.length;
                if (!Scan.matches(line.bytes, Scan.digitsEnd(line.bytes, at, line.to), line.to, expected)) {
                    throw new IOException("an answer was not what was expected: " + line.text());
                }
                ended.done(1);
            }
        }

        @Override
        public void close() throws IOException {
            line.close();
        }
    }

    /// One job in three calls: created, waited for, and only then started.
    static final class Waits implements Paced.Act, AutoCloseable {
        private static final int WAIT = 2;
        private static final int START = 3;

        private final Line line;
        private final Calls create;
        private final Tally ended;

        Waits(Line line, String runner, Tally ended) {
            this.line = line;
            this.create = Calls.create(runner);
            this.ended = ended;
        }

        @Override
        public void act() throws IOException {
            String job = Calls.created(line.ask(create.json(1)));
            line.send(call(WAIT, "job.result", job));
            line.flush();
            line.send(call(START, "job.start", job));
            boolean waited = false;
            boolean started = false;
            while (!waited || !started) {
                if (!line.next()) {
                    throw new IOException("the gateway closed the connection");
                }
                String answer = line.text();
                waited |= answer.contains("\"id\":" + WAIT + "," + SUCCESS);
                started |= answer.contains("\"id\":" + START + ",\"result\":null");
                if (answer.contains("\"error\"")) {
                    throw new IOException("it was told: " + answer);
                }
            }
            ended.done(1);
        }

        private static byte[] call(int id, String method, String job) {
            return Line.frame(Calls.ofJob(id, method, job));
        }

        @Override
        public void close() throws IOException {
            line.close();
        }
    }

    /// Connects, asks once, and leaves.
    record Visits(Site site, Tally made) implements Paced.Act {
        private static final int BUFFER_BYTES = 4096;

        @Override
        public void act() throws IOException {
            try (Line line = site.client(0, BUFFER_BYTES)) {
                String answer = line.ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_runners\"}");
                if (!answer.contains("\"result\":[")) {
                    throw new IOException("it was told: " + answer);
                }
                line.bye();
            }
            made.done(1);
        }
    }

    /// Subscribed to all jobs; counts those that were told to be completed.
    static final class Subscriber implements Runnable, AutoCloseable {
        private static final byte[] EVENT = Scan.ascii("\"method\":\"job.event\"");
        private static final byte[] COMPLETED = Scan.ascii("\"status\":\"completed\"");

        private final Line line;
        private final Tally told;
        private volatile boolean closing;

        /// Returns when the gateway has answered: all that happens from then on is told.
        Subscriber(Line line, Tally told) throws IOException {
            this.line = line;
            this.told = told;
            String answer = line.ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"jobs.subscribe\",\"params\":{}}");
            if (!answer.contains("\"subscription\"")) {
                throw new IOException("the subscriber was told: " + answer);
            }
        }

        @Override
        public void run() {
            try {
                while (line.next()) {
                    if (Scan.find(line.bytes, line.from, line.to, EVENT) < 0) {
                        throw new IOException("it was told: " + line.text());
                    }
                    if (Scan.find(line.bytes, line.from, line.to, COMPLETED) >= 0) {
                        told.done(1);
                    }
                }
                if (!closing) {
                    told.failed("the gateway closed the subscriber's connection");
                }
            } catch (IOException e) {
                if (!closing) {
                    told.failed("the subscriber's connection broke: " + e);
                }
            }
        }

        @Override
        public void close() throws IOException {
            closing = true;
            line.close();
        }
    }
}
