package hero.supervisor.domain;

/// A piece of output, as its runner hands it in.
///
/// @param key what the runner was given with the job
/// @param offset where it stands in its stream, counted in bytes of UTF-8
public record LogAppend(Assignment.Key key, LogStream stream, long offset, String data) {}
