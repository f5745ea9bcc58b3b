# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
#
#   docker build -t crossfade .
#   docker run --rm -p 8080:8080 crossfade --tier new=a:11211 --tier old=b:11211
#
# What is in the image: deploy/README.md. scripts/check-dockerfile checks this file where no Docker runs: lint, paths, packages, flags.

FROM swift:6.3-bookworm AS build
# Versions are those of the Debian release: pinned ones vanish from its mirrors with each security update.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgnutls28-dev libmicrohttpd-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Dependencies first: this layer is built anew only when the manifest changes.
COPY Package.swift ./
RUN swift package resolve
COPY Sources Sources
# Not run here, but the manifest names them and SwiftPM wants every target's folder.
COPY Tests Tests
# The Swift runtime goes into the binary, so that the image below needs none. Symbols stay out of it.
RUN swift build -c release --product crossfade --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
 && strip -o /usr/local/bin/crossfade .build/release/crossfade

FROM debian:bookworm-slim
# ca-certificates: for memcached servers whose TLS certificates are of a public authority.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libgnutls30 libmicrohttpd12 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin crossfade
COPY --from=build /usr/local/bin/crossfade /usr/local/bin/crossfade
# By number: Kubernetes' runAsNonRoot cannot look a name up.
USER 10001
EXPOSE 8080
# Drains: requests in flight are answered before the process ends.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["crossfade", "healthcheck"]
# A container's loopback cannot be reached from outside it, so here the gateway listens on every address,
# which it refuses unless told that this is meant: anyone who reaches the port can read and write the cache.
# Who can is decided by whoever publishes the port or attaches the network. As variables, so that both a
# variable and a flag of yours take their place. The admin endpoints stay on the loopback inside.
ENV CROSSFADE_LISTEN=0.0.0.0:8080 \
    CROSSFADE_INSECURE=true
ENTRYPOINT ["crossfade", "serve"]
