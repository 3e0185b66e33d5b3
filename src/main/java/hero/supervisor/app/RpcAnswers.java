package hero.supervisor.app;

import hero.supervisor.api.Peer;
import hero.supervisor.api.ReplyTo;
import hero.supervisor.api.Rpc;
import hero.supervisor.transport.Answers;
import hero.supervisor.wire.RpcError;

/// What the transport asks, answered by the dispatcher. Safe for any thread.
record RpcAnswers(Rpc rpc) implements Answers {
    @Override
    public boolean answer(byte[] utf8, Peer peer, ReplyTo to) {
        return rpc.answer(utf8, peer, to);
    }

    @Override
    public byte[] refusal(int code, String kind, String message) {
        return RpcError.bare(code, kind, message);
    }
}
