# syntax=docker/dockerfile:1.7
# An image of Outrider and nothing else: no shell, no package manager, one user, a root that can be read-only.
#
#   docker buildx build --platform linux/amd64,linux/arm64 -t outrider .
#   docker run --read-only --cap-drop ALL -v ./agent.yaml:/etc/outrider/agent.yaml:ro -v state:/var/lib/outrider outrider
#
# It writes where agent.yaml says, and nowhere else: `alerting.state`, `history.path` and `admin.audit` (/var/lib/outrider).
# Each platform is built on itself or in emulation; nothing is cross-compiled.

FROM rust:1.95.0-bookworm AS build
WORKDIR /build
# Dependencies first, so that a change of ours does not build them again.
COPY Cargo.toml Cargo.lock ./
COPY bench/*.rs bench/
RUN cargo fetch --locked && mkdir src && echo 'fn main() {}' >src/main.rs && touch src/lib.rs \
    && cargo build --locked --release --bin outrider \
    && rm -r src target/release/deps/outrider-* target/release/deps/liboutrider-* target/release/.fingerprint/outrider-*
COPY LICENSE ./
COPY ci/image.sh ci/materials.py ci/order.txt ci/
COPY build.rs ./
COPY src src
RUN cargo build --locked --release --bin outrider && ci/image.sh target/release/outrider /image

# Certificates of authorities, time zones, /etc/passwd with `nonroot` (65532), /tmp; 2 MB.
FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Outrider" \
      org.opencontainers.image.description="A sidecar that derives metrics, traces and alerts from the traffic of an API gateway nobody has to change" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# --chown would make everything the user's; the archive keeps who owns what: root, but for the state.
COPY --from=build /image/ /
USER 65532:65532
VOLUME /var/lib/outrider
# Clients, and the admin port.
EXPOSE 8080 9600
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["/outrider", "status", "--ready"]
ENTRYPOINT ["/outrider"]
CMD ["run", "--config", "/etc/outrider/agent.yaml"]
