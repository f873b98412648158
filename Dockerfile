# docker build -t pinwheel . && docker run -v pinwheel:/data -v ./pinwheel.yaml:/etc/pinwheel/pinwheel.yaml:ro pinwheel
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Time zones are inside the program. The empty folder is copied for its owner.
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /pinwheel ./cmd/pinwheel && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /pinwheel /pinwheel
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build --chown=65532:65532 /data /tmp
USER 65532:65532
VOLUME /data
WORKDIR /data
HEALTHCHECK --interval=10m --timeout=30s --start-period=10m CMD ["/pinwheel", "health", "--any", "--config", "/etc/pinwheel/pinwheel.yaml"]
ENTRYPOINT ["/pinwheel"]
CMD ["serve", "--config", "/etc/pinwheel/pinwheel.yaml"]
