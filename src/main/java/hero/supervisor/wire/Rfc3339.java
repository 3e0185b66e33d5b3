package hero.supervisor.wire;

import hero.supervisor.domain.Refusal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.regex.Pattern;

/// Times on the wire. Source: RFC 3339 §5.6, without leap seconds, with at most nine digits of fraction, and only
/// what PostgreSQL reads too: no year 0, no offset of sixteen hours or more.
public final class Rfc3339 {
    private static final Pattern FORM = Pattern.compile(
            "(?!0000)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-](0\\d|1[0-5]):\\d\\d)",
            Pattern.CASE_INSENSITIVE);

    private Rfc3339() {}

    /// The moment that the member `name` of `params` tells.
    public static Instant parse(Params params, String name) {
        String text = params.text(name);
        try {
            if (FORM.matcher(text).matches()) {
                return OffsetDateTime.parse(text.toUpperCase(Locale.ROOT)).toInstant();
            }
        } catch (DateTimeException e) {
            throw refusal(params, name);
        }
        throw refusal(params, name);
    }

    private static Refusal refusal(Params params, String name) {
        return params.invalid(name, name + " must be a time as RFC 3339 has it, such as 2026-01-31T12:00:00Z");
    }
}
