#!/usr/bin/env bash
# Installs the real peers that some tests speak with. Repeatable; starts none of them: each test starts its own.
set -euo pipefail

packages=(
    prometheus prometheus-alertmanager wrk postgresql
    # Zabbix, its front end (whose API the tests speak with; php-cgi spares us a web server) and zabbix_sender.
    zabbix-server-pgsql zabbix-frontend-php php-cgi php-cli php-pgsql zabbix-agent
    # Icinga 2 with the templates that its daemon includes, and Nagios Core: daemons alone, without their pages.
    icinga2-bin icinga2-common nagios4-core
)

is_installed() { dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

if ! command -v apt-get >/dev/null 2>&1; then
    echo "services: this machine has no apt-get; install by hand: ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "services: all installed (${packages[*]})"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "services: run as root, or install sudo" >&2; exit 1; }
    as_root=(sudo)
fi

# apt starts a service on installing it, on ports that the tests use themselves; 101 is Debian's way to forbid that.
policy=/usr/sbin/policy-rc.d
put_policy=
withdraw_policy() { if [ -n "$put_policy" ]; then "${as_root[@]}" rm -f "$policy"; fi; }
trap withdraw_policy EXIT
if [ ! -e "$policy" ]; then
    put_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 0755 "$policy"
fi

echo "services: installing ${missing[*]}"
"${as_root[@]}" apt-get update --quiet=2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
echo "services: installed ${missing[*]}"
