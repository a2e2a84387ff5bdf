#!/usr/bin/env bash
# Install the Debian packages that are missing. usage: servers.sh GROUP...
#   pango  what WeasyPrint draws with      tests  servers and tools that the tests start
set -euo pipefail

declare -A FILES=(
  [libpango-1.0-0]=/usr/lib/*/libpango-1.0.so.0
  [libpangoft2-1.0-0]=/usr/lib/*/libpangoft2-1.0.so.0
  [openssl]=/usr/bin/openssl
  [openssh-server]=/usr/sbin/sshd
  [cron]=/usr/sbin/cron
  [logrotate]=/usr/sbin/logrotate
  [sudo]=/usr/bin/cvtsudoers
  [e2fsprogs]=/usr/bin/lsattr
  [openssh-client]=/usr/bin/ssh-keygen
  [zstd]=/usr/bin/zstd
  [nftables]=/usr/sbin/nft
  [softhsm2]=/usr/bin/softhsm2-util
  [qpdf]=/usr/bin/qpdf
  [jq]=/usr/bin/jq
  [chromium]=/usr/bin/chromium
  [poppler-utils]=/usr/bin/pdftoppm
  [golang-golang-x-mod-dev]=/usr/share/gocode/src/golang.org/x/mod/go.mod
  [postgresql-15]=/usr/lib/postgresql/15/bin/postgres
  [postgresql-15-pgaudit]=/usr/share/postgresql/15/extension/pgaudit.control
  [mariadb-server]=/usr/lib/mysql/plugin/server_audit.so
)
declare -A GROUPS_=(
  [pango]="libpango-1.0-0 libpangoft2-1.0-0"
  [tests]="openssl openssh-server openssh-client cron logrotate sudo e2fsprogs zstd nftables softhsm2 qpdf jq chromium poppler-utils golang-golang-x-mod-dev postgresql-15 postgresql-15-pgaudit mariadb-server"
)

missing=()
for group in "$@"; do
  for package in ${GROUPS_[$group]}; do
    # shellcheck disable=SC2086  # the pattern must expand
    compgen -G "${FILES[$package]}" >/dev/null || missing+=("$package")
  done
done
[ ${#missing[@]} -eq 0 ] && exit 0

command="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "these system packages are missing; as root, type:  $command" >&2
  exit 1
fi
# Daemons must not start by being installed: tests start their own, on loopback.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
$command -qq >/dev/null
