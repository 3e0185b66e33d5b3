package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.SECRETS;

import hero.supervisor.domain.Scope;
import hero.supervisor.domain.SecretInfo;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/// Hashes of secrets in PostgreSQL.
public final class PostgresSecretStore implements SecretStore {
    /// Long enough for every gateway, whatever its clock, to have told the connections that carry it.
    private static final Field<OffsetDateTime> RECENTLY =
            DSL.field("clock_timestamp() - interval '10 minutes'", OffsetDateTime.class);
    private static final Field<OffsetDateTime> NOW = DSL.field("clock_timestamp()", OffsetDateTime.class);

    private final Database database;

    public PostgresSecretStore(Database database) {
        this.database = database.prompt();
    }

    private static @Nullable OffsetDateTime time(@Nullable Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }

    private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
        return time == null ? null : time.toInstant();
    }

    @Override
    public void add(String id, String name, Scope scope, String hash, @Nullable Instant expiresAt) {
        database.query(sql -> add(sql, id, name, scope, hash, expiresAt));
    }

    private static int add(
            DSLContext sql, String id, String name, Scope scope, String hash, @Nullable Instant expiresAt) {
        return sql.insertInto(SECRETS)
                .set(SECRETS.ID, id)
                .set(SECRETS.NAME, name)
                .set(SECRETS.SCOPE, scope.word())
                .set(SECRETS.HASH, HexFormat.of().parseHex(hash))
                .set(SECRETS.EXPIRES_AT, time(expiresAt))
                .execute();
    }

    private static SecretInfo secret(Record row) {
        return new SecretInfo(
                row.get(SECRETS.ID),
                row.get(SECRETS.NAME),
                Scope.of(row.get(SECRETS.SCOPE)),
                HexFormat.of().formatHex(row.get(SECRETS.HASH)),
                row.get(SECRETS.CREATED_AT).toInstant(),
                instant(row.get(SECRETS.EXPIRES_AT)),
                instant(row.get(SECRETS.REVOKED_AT)));
    }

    private Optional<SecretInfo> find(Condition condition) {
        return database.query(
                sql -> sql.selectFrom(SECRETS).where(condition).fetchOptional(PostgresSecretStore::secret));
    }

    @Override
    public Optional<SecretInfo> findByHash(String hash) {
        return find(SECRETS.HASH.eq(HexFormat.of().parseHex(hash)));
    }

    @Override
    public Optional<SecretInfo> findById(String id) {
        return find(SECRETS.ID.eq(id));
    }

    @Override
    public List<SecretInfo> all() {
        return database.query(sql -> sql.selectFrom(SECRETS)
                .orderBy(SECRETS.CREATED_AT.desc(), SECRETS.ID)
                .fetch(PostgresSecretStore::secret));
    }

    @Override
    public List<SecretInfo> current() {
        return database.query(sql -> sql.selectFrom(SECRETS)
                .where(SECRETS.REVOKED_AT.isNull().or(SECRETS.REVOKED_AT.gt(RECENTLY)))
                .and(SECRETS.EXPIRES_AT.isNull().or(SECRETS.EXPIRES_AT.gt(RECENTLY)))
                .fetch(PostgresSecretStore::secret));
    }

    @Override
    public boolean revoke(String id) {
        return database.query(sql -> sql.update(SECRETS)
                        .set(SECRETS.REVOKED_AT, NOW)
                        .where(SECRETS.ID.eq(id))
                        .and(SECRETS.REVOKED_AT.isNull())
                        .and(SECRETS.EXPIRES_AT.isNull().or(SECRETS.EXPIRES_AT.gt(NOW)))
                        .execute()
                == 1);
    }

    @Override
    public boolean rotate(SecretInfo old, Instant at, String id, String hash) {
        OffsetDateTime end = at.atOffset(ZoneOffset.UTC);
        return database.query(sql -> {
            boolean isSame = sql.update(SECRETS)
                            .set(SECRETS.EXPIRES_AT, DSL.least(DSL.coalesce(SECRETS.EXPIRES_AT, end), DSL.val(end)))
                            .where(SECRETS.ID.eq(old.id()))
                            .and(SECRETS.EXPIRES_AT.isNotDistinctFrom(time(old.expiresAt())))
                            .and(SECRETS.REVOKED_AT.isNull())
                            .execute()
                    == 1;
            if (isSame) {
                add(sql, id, old.name(), old.scope(), hash, old.expiresAt());
            }
            return isSame;
        });
    }
}
