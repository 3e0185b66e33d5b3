# The image of `supervisor`: gateway, runner and command line.    docker build -t hero-supervisor .
# Runs as user 10001 on a read-only root file system, given a writable /tmp; see docker-compose.yml and docs/OPERATIONS.md.
# No syntax of BuildKit, so that older engines build it too.

FROM eclipse-temurin:25-jdk AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends maven ca-certificates >/dev/null \
  && rm -rf /var/lib/apt/lists/*
# Where a proxy opens TLS, the build must trust it:   --build-arg BUILD_CA="$(cat proxy-ca.pem)"
ARG BUILD_CA=
RUN printf '%s' "$BUILD_CA" | awk '/BEGIN CERT/ { n++ } { print > ("/usr/local/share/ca-certificates/build-" n ".crt") }' \
  && update-ca-certificates >/dev/null 2>&1
ENV MAVEN_OPTS=-Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts
WORKDIR /build
# The libraries first: this layer is made anew only when pom.xml changes.
COPY pom.xml ./
RUN mvn -B -q -Dmaven.test.skip=true package
COPY openrpc.json ./
COPY db db
COPY src src
RUN mvn -B -q -Dmaven.test.skip=true package \
  && rm -f target/lib/embedded-postgres-binaries-darwin-* target/lib/embedded-postgres-binaries-*-alpine-*

# A run of everything, database and a job included, writes down which classes a start loads and how (JEP 483, 514). The
# notes fit this JRE and these jars only, so they are made where they will be used. Without them all works, more slowly.
FROM eclipse-temurin:25-jre AS trained
WORKDIR /opt/supervisor
COPY --from=build /build/target/supervisor.jar ./
COPY --from=build /build/target/lib lib
COPY supervisor ./
RUN useradd --system --uid 10001 train && install -d -o train /tmp/train /opt/supervisor/made
USER train
RUN cd /tmp/train \
  && SUPERVISOR_JAVA_OPTS=-XX:AOTCacheOutput=/opt/supervisor/made/supervisor.aot /opt/supervisor/supervisor dev --once

FROM eclipse-temurin:25-jre
RUN groupadd --system --gid 10001 supervisor \
  && useradd --system --uid 10001 --gid 10001 --home-dir /tmp --shell /usr/sbin/nologin supervisor
WORKDIR /opt/supervisor
COPY --from=trained /opt/supervisor/supervisor /opt/supervisor/supervisor.jar ./
COPY --from=trained /opt/supervisor/lib lib
COPY --chown=root:root --from=trained /opt/supervisor/made/supervisor.aot ./
COPY docker/alive docker/cli docker/first-secrets /usr/local/bin/
# New volumes take over the owner of these folders.
RUN ln -s /opt/supervisor/supervisor /usr/local/bin/supervisor \
  && install -d -o 10001 -g 10001 -m 700 /secrets /runner-secrets
USER 10001
WORKDIR /tmp
ENV SUPERVISOR_BIND=0.0.0.0
EXPOSE 3030
# Of a gateway; a container that is a runner or a command switches it off.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["alive"]
ENTRYPOINT ["supervisor"]
CMD ["serve"]
