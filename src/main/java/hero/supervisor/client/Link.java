package hero.supervisor.client;

/// How messages travel. Safe for any thread.
interface Link {

    /// Sends one request. Blocks while too much waits to be sent; [ConnectionLost] when there is no connection.
    void send(long id, String text);

    /// Ends the connection; calls that are open fail.
    void close();

    /// What comes back.
    interface Sink {
        /// One message of the server. `id` is the request that it answers when the link knows (HTTP), else 0.
        void received(long id, String text);

        /// One request will get no answer.
        void failed(long id, RuntimeException why);

        /// No request will get an answer any more. Told once or more; the first time counts.
        void ended(RpcClient.Closed closed);
    }
}
