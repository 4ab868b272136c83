# Two stages: the Go toolchain builds one static binary, the image holds just it.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /mingjian ./cmd/mingjian \
 && mkdir /empty

FROM scratch
# Certificate authorities, for a log that is reached over TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /mingjian /mingjian
# The embedded node puts its socket in a temporary folder.
COPY --from=build --chmod=1777 /empty /tmp
COPY --from=build --chown=65532:65532 /empty /data
COPY --from=build --chown=65532:65532 /empty /data/site
USER 65532:65532
VOLUME /data
ENV MINGJIAN_DATA=/data
ENTRYPOINT ["/mingjian"]
CMD ["serve"]
